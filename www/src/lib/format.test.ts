import { expect, test } from "vitest";
import { formatDuration, formatProgress } from "./format";

test("a duration is told in its own unit", () => {
  const told = [0.2, 4.4, 89, 91, 3599, 3900].map(formatDuration);
  expect(told).toEqual(["1 s", "4 s", "89 s", "2 min", "1 h 0 min", "1 h 5 min"]);
});

test("progress tells rate and time left once they are known", () => {
  const none = { indices: new Uint32Array(), values: new Float32Array(), exact: new Uint8Array() };
  const start = { done: 0, total: 132, edgesPerSecond: 0, secondsLeft: null, flops: 0 };
  const at = { maxEstimateError: null, fresh: none };
  expect(formatProgress({ ...start, ...at })).toBe("0 of 132 edges");
  const later = { ...start, done: 40, edgesPerSecond: 81.7, secondsLeft: 2.2 };
  expect(formatProgress({ ...later, ...at })).toBe("40 of 132 edges, 82 a second, 2 s left");
});
