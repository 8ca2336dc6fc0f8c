import { describe, expect, it } from "vitest";
import { edgeFilter } from "../../core/edge-filter";
import { baseOf, edgesOf, nameAt, noiseOf, STATE } from "../../core/table";
import { tableFixture } from "../../core/table.fixture";
import { COLUMNS, FIRST, rowsOf } from "./rows";

const table = tableFixture({ layers: 3, heads: 4, pairs: true });
const strongest = { by: "effect", order: "descending" } as const;
const names = (by: (typeof COLUMNS)[number], order: "ascending" | "descending") =>
  [...rowsOf(table, null, { by, order }).places].map((place) => nameAt(table, place));

describe("rows of the table", () => {
  it("are all edges that move the metric, strongest first; the others are counted", () => {
    const { places, still } = rowsOf(table, null, strongest);
    const noise = noiseOf(table);
    const moving = edgesOf(table).filter(({ effect }) => Math.abs(effect) > noise);
    expect([...places]).toEqual(moving.map(({ place }) => place));
    expect(still).toBe(edgesOf(table).length - moving.length);
    expect(still).toBeGreaterThan(0);
  });

  it("are those that fit", () => {
    const { places } = rowsOf(table, edgeFilter("0.3 > 1.3"), strongest);
    expect([...places].map((place) => nameAt(table, place)).every(({ from, to }) => from === "a0.h3" && to.startsWith("a1.h3<"))).toBe(true);
    expect(places.length).toBe(3);
    const either = [...rowsOf(table, edgeFilter("m1"), strongest).places].map((place) => nameAt(table, place));
    expect(either.every(({ from, to }) => from === "m1" || to === "m1")).toBe(true);
    expect(either.some(({ from }) => from === "m1")).toBe(true);
    expect(either.some(({ to }) => to === "m1")).toBe(true);
  });

  it("go by names from the input up, an MLP after its layer's heads, the logits last", () => {
    const senders = [...new Set(names("from", "ascending").map(({ from }) => from))];
    expect(senders[0]).toBe("input");
    expect(senders.indexOf("m0")).toBeGreaterThan(senders.indexOf("a0.h3"));
    expect(senders.indexOf("m0")).toBeLessThan(senders.indexOf("a1.h0"));
    expect(names("to", "descending")[0]!.to).toBe("logits");
    expect(names("port", "ascending")[0]!.to).toMatch(/<q>$/);
    expect(names("port", "ascending").at(-1)!.to).toMatch(/^(m\d|logits)$/);
  });

  it("go by numbers, and by what is exact; equal ones stay by strength", () => {
    const { places } = rowsOf(table, null, { by: "value", order: "descending" });
    const values = [...places].map((place) => table.values[place]!);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    const kinds = [...rowsOf(table, null, { by: "kind", order: "ascending" }).places];
    const first = kinds.findIndex((place) => table.state[place] === STATE.estimate);
    expect(kinds.slice(first).every((place) => table.state[place] === STATE.estimate)).toBe(true);
    const sizes = kinds.slice(0, first).map((place) => Math.abs(table.values[place]! - baseOf(table)));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  it("names begin at the first, numbers at the largest", () => {
    expect(COLUMNS.filter((column) => FIRST[column] === "descending")).toEqual(["effect", "value", "stdDev"]);
  });
});
