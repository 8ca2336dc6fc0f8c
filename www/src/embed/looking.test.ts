import { expect, test } from "vitest";
import type { Run } from "../core/run";
import type { EdgeDetail } from "../engine/types";
import type { Live } from "./live";
import { create } from "./looking";

const EDGE = { from: "a0.h0", to: "logits" };
const DETAIL = { value: 1 } as EdgeDetail;
const RUN = {} as Run;

/** A model that answers when it is told to, and counts its questions. */
function model() {
  const asked: { answer: () => void; fail: (error: Error) => void }[] = [];
  const live: Pick<Live, "look" | "letGo"> = {
    look: (_run, _edge, _pair, signal, onDetail) =>
      new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        asked.push({ answer: () => (onDetail(DETAIL), resolve()), fail: reject });
      }),
    letGo: () => undefined,
  };
  return { live: live as Live, asked };
}

test("a look that ended with its figure is asked for again, one that is answered is not", async () => {
  const { live, asked } = model();
  const looking = create(() => undefined);
  const figure = new AbortController();
  const first = looking.ask(live, RUN, EDGE, 0, figure.signal);
  figure.abort();
  // As soon as that: the figure may be back before the model has told that it stopped.
  const second = looking.ask(live, RUN, EDGE, 0, new AbortController().signal);
  expect(asked.length).toBe(2);
  await first;
  expect(looking.stateOf(EDGE, 0)).toMatchObject({ state: "waiting" });
  asked[1]!.answer();
  await second;
  expect(looking.stateOf(EDGE, 0)).toMatchObject({ state: "there", detail: DETAIL });
  await looking.ask(live, RUN, EDGE, 0, new AbortController().signal);
  expect(asked.length).toBe(2);
});

test("what was answered before its figure went is kept", async () => {
  const { live, asked } = model();
  const looking = create(() => undefined);
  const figure = new AbortController();
  const look = looking.ask(live, RUN, EDGE, 0, figure.signal);
  asked[0]!.answer();
  await look;
  figure.abort();
  await looking.ask(live, RUN, EDGE, 0, new AbortController().signal);
  expect(asked.length).toBe(1);
});

test("what failed is asked for again, and another edge ends the question before it", async () => {
  const { live, asked } = model();
  const looking = create(() => undefined);
  const { signal } = new AbortController();
  const failing = looking.ask(live, RUN, EDGE, 0, signal);
  asked[0]!.fail(new Error("no room"));
  await failing;
  expect(looking.stateOf(EDGE, 0)).toMatchObject({ state: "failed", message: "no room" });
  void looking.ask(live, RUN, EDGE, 0, signal);
  const other = looking.ask(live, RUN, { ...EDGE, from: "a0.h1" }, 0, signal);
  expect(asked.length).toBe(3);
  asked[2]!.answer();
  await other;
  expect(looking.stateOf({ ...EDGE, from: "a0.h1" }, 0)).toMatchObject({ state: "there" });
});
