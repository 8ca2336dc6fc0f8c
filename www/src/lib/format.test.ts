import { expect, test } from "vitest";
import { formatBytes, formatChange, formatDuration, formatEffect, formatLoading, formatProgress, formatShare, formatValue } from "./format";

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

test("numbers have the digits that they need, an exponent where they are tiny, and no minus before a zero", () => {
  expect([0.58923, -3.4, 12.3456, 0.0123, 0.00042, 6.79e-6, -6.79e-6, -1e-17, 0].map(formatValue)).toEqual([
    "0.589", "-3.400", "12.346", "0.0123", "0.00042", "6.79e-6", "-6.79e-6", "0.000", "0.000",
  ]);
  expect([5.6123, 0.58923, 0.000251, 6.79e-14, -6.79e-6, 0, -0].map(formatEffect)).toEqual([
    "+5.61", "+0.589", "+0.000251", "+6.79e-14", "-6.79e-6", "0", "0",
  ]);
  expect([0.994, 1.8e-5, 1e-7].map(formatShare)).toEqual(["99.4%", "0.0018%", "1.0e-5%"]);
});

test("a cell has as many digits as its grid's largest effect needs", () => {
  expect([5.6123, -0.004, 0.0049].map((change) => formatChange(change, 6))).toEqual(["+5.61", "0", "0"]);
  expect([0.011, -0.0004, -1e-6].map((change) => formatChange(change, 0.011))).toEqual(["+0.011", "0", "0"]);
  expect(formatChange(0.0123, 0.0123)).toBe("+0.012");
  expect([3.2e-5, -1e-8].map((change) => formatChange(change, 4e-5))).toEqual(["+3e-5", "0"]);
  expect(formatChange(-123.4, 200)).toBe("-123.4");
});
