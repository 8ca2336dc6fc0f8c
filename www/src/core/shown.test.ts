import { describe, expect, it } from "vitest";
import { leastOf, shareOf, shownEdges, shownWords, withChosen } from "./shown";
import { baseOf, countsOf, edgesOf, noiseOf, reachOf } from "./table";
import { tableFixture } from "./table.fixture";

const table = tableFixture({ layers: 12, heads: 12 });

describe("the edges that are shown", () => {
  it("are those of the effect that is asked for, strongest first", () => {
    const shown = shownEdges(table, { edges: 100_000, least: 0.5 });
    expect(shown.isCapped).toBe(false);
    expect(shown.above).toBe(shown.edges.length);
    expect(shown.edges).toEqual(edgesOf(table).slice(0, shown.above));
    for (const { effect } of shown.edges) expect(Math.abs(effect)).toBeGreaterThanOrEqual(shown.least);
    expect(Math.abs(edgesOf(table)[shown.above]!.effect)).toBeLessThan(shown.least);
  });

  it("are no more than the cap, which then says what the weakest has", () => {
    const shown = shownEdges(table, { edges: 30, least: 0.02 });
    expect(shown).toMatchObject({ isCapped: true, least: Math.abs(shown.edges[29]!.effect) });
    expect(shown.above).toBeGreaterThan(30);
  });

  it("are none where all is rounding, and the strongest where that alone is asked for", () => {
    const still = tableFixture();
    still.values.fill(still.corruptedMetric + 1e-6);
    expect(shownEdges(still, { edges: 30, least: 0 }).edges).toEqual([]);
    expect(shownEdges(table, { edges: 30, least: 1 }).edges).toHaveLength(1);
  });

  it("the chosen edge comes last where it is weaker, and once where it is not", () => {
    const shown = shownEdges(table, { edges: 5, least: 0 });
    const weak = edgesOf(table)[50]!;
    expect(withChosen(table, shown, weak).at(-1)).toEqual(weak);
    expect(withChosen(table, shown, shown.edges[2]!)).toEqual(shown.edges);
    expect(withChosen(table, shown, null)).toEqual(shown.edges);
  });
});

describe("the least effect", () => {
  it("is kept as a share of the largest, and comes back as it was set", () => {
    for (const least of [0.9, 0.02, 0.0031]) expect(leastOf(table, shareOf(table, least))).toBeCloseTo(least, 9);
    expect(shareOf(table, noiseOf(table) / 2)).toBe(0);
    expect(leastOf(table, 0)).toBe(noiseOf(table));
    expect(leastOf(table, 1)).toBeLessThanOrEqual(reachOf(table));
  });
});

describe("in words", () => {
  const words = (edges: number, least: number) => shownWords(table, shownEdges(table, { edges, least }));

  it("say how many there are, and of what size or of how many", () => {
    const share = shareOf(table, 0.5);
    expect(words(1e6, share)).toMatch(/^\d,?\d+ edges of 0\.5 or more$/);
    expect(words(40, share)).toMatch(/^the 40 strongest of [\d,]+ edges that move the metric$/);
    expect(words(1e6, 0)).toMatch(/^[\d,]+ edges, every one that moves the metric$/);
    expect(words(400, 1)).toMatch(/^1 edge of/);
    expect(words(1, share)).toMatch(/^the strongest of [\d,]+ edges that move the metric$/);
  });

  it("say of which edges they are the strongest, where others do nothing", () => {
    const some = tableFixture();
    const { edges } = countsOf(some);
    const said = () => shownWords(some, shownEdges(some, { edges: 40, least: 0 }));
    some.values.forEach((value, place) => {
      if (!Number.isNaN(value)) some.values[place] = baseOf(some) + 1;
    });
    some.version += 1;
    expect(said()).toBe(`the 40 strongest of ${edges} edges`);
    const still = some.values.findIndex((value) => !Number.isNaN(value));
    some.values[still] = baseOf(some);
    some.version += 1;
    expect(said()).toBe(`the 40 strongest of ${edges - 1} edges that move the metric`);
  });

  it("say of a table that has not all of them which they are of", () => {
    const part = tableFixture({ unknown: 0.5 });
    const of = (edges: number, least: number) => shownWords(part, shownEdges(part, { edges, least }));
    expect(of(1e6, 0)).toMatch(/^\d+ known edges, every one that moves the metric$/);
    expect(of(10, 0)).toMatch(/^the 10 strongest of \d+ known edges that move the metric$/);
    part.values.fill(part.corruptedMetric);
    part.version += 1;
    expect(of(10, 0)).toBe("no known edge moves the metric");
  });
});
