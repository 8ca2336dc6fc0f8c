import { expect, test } from "vitest";
import { edgesOf, strongestOf } from "./table";
import { tableFixture } from "./table.fixture";
import { choose, lookAt, type View, within } from "./view";

const table = tableFixture({ unknown: 0.1 });
const open: View = { from: null, to: null, port: null, node: null, edges: 30, least: 0, pair: 0, show: "circuit" };
const [lead] = edgesOf(table);
const named = ({ from, to }: { from: string; to: string }) => ({ from, to });

test("what is left open comes from the strongest edge that fits", () => {
  expect(lookAt(open, table, lead!)).toMatchObject({ from: lead!.from, to: lead!.to, edge: named(lead!) });
  // Not from a stronger one that came later.
  const other = edgesOf(table)[9]!;
  expect(lookAt(open, table, other).edge).toEqual(named(other));
  for (const part of [{ from: "m0" }, { to: "a2.h3" }, { to: "logits" }, { node: "a1.h1" }, { from: "input", port: "k" as const }]) {
    expect(lookAt({ ...open, port: "v", to: "a2.h3<q>" }, table, lead!).edge!.to).toBe("a2.h3<q>");
    expect(lookAt({ ...open, ...part }, table, lead!).edge).toEqual(named(strongestOf(table, part)!));
  }
});

test("a chosen edge is shown though nothing is known of it, and no edge where there is no path", () => {
  const bare = tableFixture({ unknown: 1 });
  expect(lookAt({ ...open, from: "m0", to: "a1.h0<v>" }, bare, null).edge).toEqual({ from: "m0", to: "a1.h0<v>" });
  expect(lookAt({ ...open, from: "m1" }, bare, null).edge).toEqual({ from: "m1", to: "a2.h0<q>" });
  expect(lookAt(open, bare, null).edge).toEqual({ from: "input", to: "a0.h0<q>" });
  expect(lookAt({ ...open, from: "m1", to: "m0" }, table, lead!)).toMatchObject({ from: "m1", to: "m0", edge: null });
});

test("a choice keeps the other end, and lets go of it where there is no path", () => {
  const shown = lookAt({ ...open, from: "a0.h1", to: "a1.h2<q>" }, table, lead!);
  expect(choose(open, shown, { to: "m1" }, table)).toMatchObject({ from: "a0.h1", to: "m1" });
  expect(choose(open, shown, { to: "a0.h0<q>" }, table)).toMatchObject({ from: null, to: "a0.h0<q>" });
  expect(choose(open, shown, { from: "a1.h0" }, table)).toMatchObject({ from: "a1.h0", to: null });
  expect(choose(open, shown, { from: "m0", to: "logits" }, table)).toMatchObject({ from: "m0", to: "logits", port: null });
  // A slider chooses no edge.
  expect(choose(open, shown, { edges: 50 }, table)).toEqual({ ...open, edges: 50 });
});

test("a node is looked at by its strongest edge until an edge elsewhere is chosen", () => {
  const shown = lookAt(open, table, lead!);
  const chosen = choose({ ...open, from: "m0", to: "m1" }, shown, { node: "a1.h1" }, table);
  expect(chosen).toMatchObject({ node: "a1.h1", from: null, to: null });
  const there = lookAt(chosen, table, lead!);
  expect(choose(chosen, there, { from: "a1.h1", to: "logits" }, table).node).toBe("a1.h1");
  expect(choose(chosen, there, { from: "m0", to: "logits" }, table).node).toBeNull();
});

test("nodes that a model lacks are left open", () => {
  expect(within(table, { ...open, from: "a9.h6", to: "a2.h1<q>", node: "m7" })).toEqual({ ...open, to: "a2.h1<q>" });
  expect(within(table, { ...open, to: "a2.h1" })).toEqual({ ...open, to: "a2.h1" });
  expect(within(table, { ...open, to: "m9" })).toEqual(open);
  expect(within(table, open)).toBe(open);
});
