import { expect, test } from "vitest";
import { createStore, latest } from "./store";

test("what a listener dispatches comes after all have heard of what was before", () => {
  const store = createStore(0, (state: number, add: number) => state + add);
  const heard: string[] = [];
  store.subscribe((now, before) => {
    heard.push(`a ${before}->${now}`);
    if (now === 1) store.dispatch(10);
  });
  const leave = store.subscribe((now, before) => heard.push(`b ${before}->${now}`));
  store.dispatch(1);
  expect(heard).toEqual(["a 0->1", "b 0->1", "a 1->11", "b 1->11"]);
  leave();
  store.dispatch(1);
  expect(heard.at(-1)).toBe("a 11->12");
  // Nothing changed, nothing to hear of.
  store.dispatch(0);
  expect(heard).toHaveLength(5);
});

test("a listener that throws is one error, and what comes after it is heard", () => {
  const store = createStore(0, (state: number, add: number) => state + add);
  const heard: number[] = [];
  store.subscribe((now) => {
    if (now === 1) throw new Error("no place for it");
    heard.push(now);
  });
  expect(() => store.dispatch(1)).toThrow("no place for it");
  store.dispatch(1);
  expect(heard).toEqual([2]);
});

test("new work cancels the work before, whose failure nobody hears of", async () => {
  const failed: unknown[] = [];
  const signals: AbortSignal[] = [];
  const work = latest(
    async (signal, name: string) => {
      signals.push(signal);
      await Promise.resolve();
      throw new Error(name);
    },
    (error) => failed.push((error as Error).message),
  );
  work.start("first");
  work.start("second");
  await new Promise((resolve) => setTimeout(resolve));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(failed).toEqual(["second"]);
  work.start("third");
  work.cancel();
  await new Promise((resolve) => setTimeout(resolve));
  expect(failed).toEqual(["second"]);
});
