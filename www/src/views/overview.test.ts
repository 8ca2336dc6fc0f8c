import { expect, test } from "vitest";
import { sumsOf } from "./overview";

test("sums of rounding are nothing, and others have no digits that rounding leaves nothing of", () => {
  const noise = 1e-5;
  expect(sumsOf({ size: 3.12e-5, net: -2e-5, edges: 4 }, noise)).toEqual({ size: "0", net: "0", edges: "4" });
  expect(sumsOf({ size: 1.23456, net: -0.5, edges: 1000 }, noise)).toEqual({ size: "1.23", net: "−0.50", edges: "1,000" });
  expect(sumsOf({ size: 0.0512345, net: 0.05, edges: 100 }, noise)).toEqual({ size: "0.051", net: "+0.050", edges: "100" });
});
