import { expect, test } from "vitest";
import { EXAMPLE } from "../lib/settings";
import { choose, edgeOf, lookAt, within } from "./look";
import { runOf } from "./run.fixture";

const { result, lead } = runOf();
const open = EXAMPLE.view;
const head = (layer: number, at: number) => ({ layer, head: at });

test("what is left open comes from the strongest edge that fits", () => {
  // sin(7 + 20) + 0.1 is the largest of them.
  expect(edgeOf(lookAt(open, result, lead))).toEqual(lead);
  expect(lead).toEqual({ src: head(0, 1), dst: head(1, 1), component: "v" });
  const from = lookAt({ ...open, src: head(0, 0) }, result, lead);
  expect(from).toMatchObject({ src: head(0, 0), dst: head(1, 0), component: "q" });
  const into = lookAt({ ...open, dst: head(1, 0), component: "q" }, result, lead);
  expect(into).toMatchObject({ src: head(0, 0), dst: head(1, 0), component: "q" });
});

test("a head without a partner is shown all the same", () => {
  const last = lookAt({ ...open, src: head(1, 1) }, result, lead);
  expect(last).toMatchObject({ src: head(1, 1), dst: null });
  expect(edgeOf(last)).toBeNull();
  const first = lookAt({ ...open, dst: head(0, 1) }, result, lead);
  expect(first.dst).toEqual(head(0, 1));
  expect(edgeOf(first)).toBeNull();
});

test("a choice keeps what was shown, and lets go of the end that it does not reach", () => {
  const shown = lookAt(open, result, lead);
  const chosen = choose(open, shown, { dst: head(1, 0) });
  expect(chosen).toMatchObject({ src: shown.src, dst: head(1, 0), component: shown.component });
  expect(choose(chosen, lookAt(chosen, result, lead), { src: head(1, 1) })).toMatchObject({ src: head(1, 1), dst: null });
  expect(choose(chosen, lookAt(chosen, result, lead), { dst: head(0, 0) })).toMatchObject({ src: null, dst: head(0, 0) });
  // A slider chooses no edge.
  expect(choose(open, shown, { edges: 50 })).toEqual({ ...open, edges: 50 });
});

test("heads that a model lacks are left open", () => {
  expect(within({ layers: 2, heads: 2 }, { ...open, src: head(9, 6), dst: head(1, 1) })).toEqual({ ...open, dst: head(1, 1) });
  expect(within({ layers: 2, heads: 2 }, open)).toBe(open);
});
