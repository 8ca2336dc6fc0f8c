import { describe, expect, it } from "vitest";
import { edgeFilter } from "./edge-filter";

const EDGES = [
  { from: "a0.h3", to: "a1.h3<k>" },
  { from: "a0.h3", to: "m0" },
  { from: "input", to: "m0" },
  { from: "m0", to: "a1.h3<q>" },
  { from: "a1.h3", to: "logits" },
  { from: "a9.h6", to: "a10.h7<q>" },
];

const found = (text: string) => {
  const fits = edgeFilter(text);
  return fits && EDGES.map((edge, i) => (fits(edge) ? i : -1)).filter((i) => i >= 0);
};

describe("finding edges by what a reader writes", () => {
  it.each([
    ["0.3", [0, 1]],
    ["L0H3", [0, 1]],
    ["a0.h3", [0, 1]],
    ["1.", [0, 3, 4]],
    ["l1", [0, 3, 4]],
    ["1.3<q>", [3]],
    ["m0", [1, 2, 3]],
    ["MLP 0", [1, 2, 3]],
    ["mlp", [1, 2, 3]],
    ["logits", [4]],
    ["Input", [2]],
    ["0.3 1.3", [0]],
    ["a0.h3->a1.h3<k>", [0]],
    ["0.3 → m0", [1]],
    ["1.3, logits", [4]],
    ["a9.h6->a10.h7<q>", [5]],
    ["7.7", []],
  ])("%s", (text, expected) => expect(found(text)).toEqual(expected));

  it.each(["", "fox", "0.3 1.3 2.3", "0.3 fox", "->"])("“%s” names nothing", (text) => expect(edgeFilter(text)).toBe(null));
});
