import { expect, test } from "vitest";
import { alignPoint, formatBytes, formatCell, formatDuration, formatEffect, formatLoading, formatProgress, formatRound, formatShare, formatTick, formatValue } from "./format";

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

test("numbers have three digits, an exponent where they are tiny, a real minus, and none before a zero", () => {
  expect([0.58923, -3.4, 12.3456, -105.34, 28512, 0.0123, 0.00042, 6.79e-6, -6.79e-6, -1e-17, 0, 1].map((value) => formatValue(value))).toEqual([
    "0.589", "−3.40", "12.3", "−105", "28,512", "0.0123", "0.000420", "6.79e−6", "−6.79e−6", "0", "0", "1",
  ]);
  expect([5.6123, 0.58923, 0.000251, -6.79e-6, 0, -0].map((value) => formatEffect(value))).toEqual([
    "+5.61", "+0.589", "+0.000251", "−6.79e−6", "0", "0",
  ]);
  expect([0.994, -0.5, 1.8e-5, 1e-7, -1e-7, 0].map(formatShare)).toEqual(["99.4%", "−50%", "0.0018%", "<0.0001%", ">−0.0001%", "0%"]);
});

test("zeros that count are kept, but for whole and round numbers", () => {
  expect([0.373, 0.37, 0.3699, 5.3, 0.9996, 99.96, 999.6].map((value) => formatEffect(value))).toEqual(["+0.373", "+0.370", "+0.370", "+5.30", "+1.00", "+100", "+1,000"]);
  expect([1, -2, 1200].map((value) => formatEffect(value))).toEqual(["+1", "−2", "+1,200"]);
  expect([0.5, 0.02, 100, -0.1, 0, 1.5e-5, 200.5].map(formatTick)).toEqual(["+0.5", "+0.02", "+100", "−0.1", "0", "+1.50e−5", "+201"]);
  expect(formatRound(0.02)).toBe("0.02");
});

test("no digit is below the noise, and what is no more than noise is zero", () => {
  expect([0.58923, 0.0012345, 3.21e-5, 1e-5, -9e-6].map((change) => formatEffect(change, 1e-5))).toEqual(["+0.589", "+0.00123", "+3e−5", "0", "0"]);
  expect(formatValue(0.98765, 0.05)).toBe("0.99");
});

test("a cell has as many digits as fit, and none for noise", () => {
  const inRoom = (room: number) => [5.6123, -0.0384, 12.34].map((change) => formatCell(change, 1e-5, room));
  expect(inRoom(8)).toEqual(["+5.61", "−0.0384", "+12.3"]);
  expect(inRoom(5)).toEqual(["+5.61", "−0.04", "+12.3"]);
  expect(inRoom(3)).toEqual(["+6", "", "+12"]);
  expect(formatCell(9e-6, 1e-5, 20)).toBe("");
});

test("points of a column stand below each other", () => {
  const [a, b, c] = ["+0.5", "+12.34", "−3"].map((text) => alignPoint(text, 3));
  expect([a, b]).toEqual(["+0.5\u2007\u2007", "+12.34\u2007"]);
  expect(c).toBe("−3\u2008\u2007\u2007\u2007");
  expect(alignPoint("+3e−5", 3)).toBe("+3e−5");
});
