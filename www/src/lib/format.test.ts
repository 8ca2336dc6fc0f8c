import { expect, test } from "vitest";
import { formatBytes, formatDuration, formatLoading, formatProgress } from "./format";

test("a duration is told in its own unit", () => {
  const told = [0.2, 4.4, 89, 91, 3599, 3900].map(formatDuration);
  expect(told).toEqual(["1 s", "4 s", "89 s", "2 min", "1 h 0 min", "1 h 5 min"]);
});

test("progress tells rate and time left once they are known", () => {
  const none = { indices: new Uint32Array(), values: new Float32Array(), exact: new Uint8Array(), spread: new Float32Array() };
  const start = { done: 0, total: 132, edgesPerSecond: 0, secondsLeft: null, flops: 0 };
  const at = { maxEstimateError: null, fresh: none };
  expect(formatProgress({ ...start, ...at })).toBe("0 of 132 edges");
  const later = { ...start, done: 40, edgesPerSecond: 81.7, secondsLeft: 2.2 };
  expect(formatProgress({ ...later, ...at })).toBe("40 of 132 edges, 82 a second, 2 s left");
});

test("bytes are told in a unit of their size", () => {
  expect([665, 1355256, 548105171, 12.34e9].map(formatBytes)).toEqual(["0.7 kB", "1.4 MB", "548.1 MB", "12.3 GB"]);
});

test("a load tells where it is, or why it waits", () => {
  const file = "model.safetensors";
  const at = { file, from: "network", loaded: 2e6, total: 8e6, bytesPerSecond: 1e6, secondsLeft: 6, waiting: null } as const;
  expect(formatLoading(at)).toBe("model.safetensors: 2 MB of 8 MB, 1 MB a second, 6 s left");
  expect(formatLoading({ ...at, from: "store", total: null, secondsLeft: null })).toBe("model.safetensors (kept): 2 MB");
  expect(formatLoading({ ...at, waiting: "a lost connection; asking again in 1 s" })).toBe(
    "model.safetensors: 2 MB of 8 MB: a lost connection; asking again in 1 s",
  );
});
