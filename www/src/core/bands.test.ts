import { expect, it } from "vitest";
import { bandsOf } from "./bands";
import { headName } from "./node";

const roles = (heads: [layer: number, head: number, plural: string][]) => ({
  of: new Map(heads.map(([layer, head, plural]) => [headName(layer, head), { name: plural.replace(/s$/, ""), plural }])),
  source: { text: "a source", url: "https://example.org" },
});

it("each role has a band over its layers; one that would overlap an earlier one has none", () => {
  const bands = bandsOf(roles([[0, 1, "duplicate-token heads"], [3, 0, "duplicate-token heads"], [2, 2, "previous-token heads"], [5, 5, "induction heads"], [9, 9, "name movers"]]));
  expect(bands).toEqual([
    { from: 0, to: 3, text: "duplicate-token" },
    { from: 5, to: 5, text: "induction" },
    { from: 9, to: 9, text: "name movers" },
  ]);
});
