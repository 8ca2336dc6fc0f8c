import { expect, test } from "vitest";
import { flowWords, sumsOf } from "./overview";

test("sums of rounding are nothing, and others have no digits that rounding leaves nothing of", () => {
  const noise = 1e-5;
  expect(sumsOf({ size: 3.12e-5, net: -2e-5, edges: 4 }, noise)).toEqual({ size: "0", net: "0" });
  expect(sumsOf({ size: 1.23456, net: -0.5, edges: 1000 }, noise)).toEqual({ size: "1.23", net: "−0.50" });
  expect(sumsOf({ size: 0.0512345, net: 0.05, edges: 100 }, noise)).toEqual({ size: "0.051", net: "+0.050" });
});

test("what a part writes and reads is told with its edges counted", () => {
  const total = { node: "a0.h0", writes: { size: 1.5, net: -0.5, edges: 1000 }, reads: { size: 1, net: 1, edges: 1 } };
  expect(flowWords(total, "writes", 0)).toBe("writes 1.50 in all over 1,000 edges, −0.500 with signs");
  expect(flowWords(total, "reads", 0)).toBe("reads 1 in all over 1 edge, +1 with signs");
  expect(flowWords({ ...total, reads: { size: 0, net: 0, edges: 0 } }, "reads", 0)).toBe("reads nothing that is known");
});
