import { expect, test } from "vitest";
import { tableFixture } from "./table.fixture";
import {
  baseOf,
  countAbove,
  countsOf,
  edgeAt,
  edgesOf,
  hasPath,
  incoming,
  leadOf,
  nameAt,
  nodesOf,
  nodeTotals,
  outgoing,
  placeOf,
  portsOf,
  reachOf,
  scoreOf,
  shapeOf,
  STATE,
  strongest,
  strongestOf,
} from "./table";

const table = tableFixture({ unknown: 0.1 });

test("GPT-2 small has the edges that EAP-IG counts", () => {
  const gpt2 = tableFixture({ layers: 12, heads: 12 });
  expect([gpt2.senders.length, gpt2.receivers.length, countsOf(gpt2).edges]).toEqual([157, 445, 32_491]);
  expect(nodesOf(gpt2)).toHaveLength(158);
  expect(shapeOf(gpt2)).toEqual({ layers: 12, heads: 12 });
  // Of a few nodes alone, a node that only reads may be the highest.
  expect(shapeOf({ ...gpt2, senders: ["input", "a0.h3"], receivers: ["a5.h7<q>", "logits"] })).toEqual({ layers: 6, heads: 8 });
  expect(edgesOf(gpt2)).toHaveLength(32_491);
});

test("a place is an edge's, and back", () => {
  for (const edge of [{ from: "input", to: "logits" }, { from: "a0.h3", to: "a2.h1<k>" }, { from: "m1", to: "m2" }]) {
    expect(nameAt(table, placeOf(table, edge))).toEqual(edge);
  }
  expect(placeOf(table, { from: "a3.h0", to: "logits" })).toBe(-1);
  expect(hasPath(table, { from: "a0.h0", to: "m0" })).toBe(true);
  expect(hasPath(table, { from: "a0.h0", to: "a0.h1<q>" })).toBe(false);
  expect(hasPath(table, { from: "a3.h0", to: "logits" })).toBe(false);
  expect(portsOf(table).get("a1.h2")).toEqual(["a1.h2<q>", "a1.h2<k>", "a1.h2<v>"]);
});

test("edges come strongest first, and what is not known not at all", () => {
  const all = edgesOf(table);
  const { edges, exact, estimates, unknown } = countsOf(table);
  expect(all).toHaveLength(exact + estimates);
  expect(exact + estimates + unknown).toBe(edges);
  expect(unknown).toBeGreaterThan(0);
  const byHand = Array.from(table.values.keys())
    .filter((place) => table.state[place]! >= STATE.estimate)
    .sort((a, b) => Math.abs(table.values[b]! - baseOf(table)) - Math.abs(table.values[a]! - baseOf(table)) || a - b);
  expect(all.map(({ place }) => place)).toEqual(byHand);
  expect(reachOf(table)).toBe(Math.abs(all[0]!.effect));
  expect(all[3]).toEqual(edgeAt(table, all[3]!));
});

test("the strongest, of a size, of a node, of an input", () => {
  const all = edgesOf(table);
  expect(strongest(table, 5)).toEqual(all.slice(0, 5));
  const least = Math.abs(all[7]!.effect);
  expect(countAbove(table, least)).toBe(8);
  expect(strongest(table, 100, least)).toEqual(all.slice(0, 8));
  expect(countAbove(table, 1e9)).toBe(0);
  expect(strongestOf(table, {})).toEqual(all[0]);
  expect(strongestOf(table, { from: "m0" })).toEqual(all.find(({ from }) => from === "m0"));
  expect(strongestOf(table, { to: "a2.h1" })).toEqual(all.find(({ to }) => to.startsWith("a2.h1<")));
  expect(strongestOf(table, { to: "a2.h1<v>" })).toEqual(all.find(({ to }) => to === "a2.h1<v>"));
  expect(strongestOf(table, { from: "input", port: "k" })).toEqual(all.find(({ from, to }) => from === "input" && to.endsWith("<k>")));
  expect(strongestOf(table, { node: "m1" })).toEqual(all.find(({ from, to }) => from === "m1" || to === "m1"));
  expect(strongestOf(table, { from: "a2.h0", to: "m0" })).toBeNull();
});

test("where to look first is between the input and the logits, as long as there is anything", () => {
  const first = edgesOf(table).find(({ from, to }) => from !== "input" && to !== "logits");
  expect(leadOf(table)).toEqual(first);
  const ends = tableFixture();
  for (const { from, to, place } of edgesOf(ends)) if (from !== "input" && to !== "logits") ends.values[place] = baseOf(ends) + 1e-7;
  ends.version += 1;
  expect(leadOf(ends)).toEqual(edgesOf(ends)[0]);
});

test("what a node writes and reads, edge by edge and in all", () => {
  expect(outgoing(table, "a0.h1").every(({ from }) => from === "a0.h1")).toBe(true);
  expect(incoming(table, "a2.h1")).toHaveLength(["q", "k", "v"].reduce((sum, port) => sum + incoming(table, `a2.h1<${port}>`).length, 0));
  const totals = nodeTotals(table);
  const sum = (end: "writes" | "reads") => totals.reduce((all, total) => all + total[end].size, 0);
  const whole = edgesOf(table).reduce((all, { effect }) => all + Math.abs(effect), 0);
  expect(sum("writes")).toBeCloseTo(whole, 9);
  expect(sum("reads")).toBeCloseTo(whole, 9);
  expect(totals.find(({ node }) => node === "input")!.reads.edges).toBe(0);
  expect(totals.find(({ node }) => node === "logits")!.writes.edges).toBe(0);
});

test("what is derived follows the table's version", () => {
  const growing = tableFixture();
  const before = edgesOf(growing);
  const weakest = before.at(-1)!;
  growing.values[weakest.place] = 99;
  expect(edgesOf(growing)).toBe(before);
  growing.version += 1;
  expect(edgesOf(growing)[0]).toMatchObject({ from: weakest.from, to: weakest.to, value: 99 });
});

test("noising is measured from the clean run, and helps where the metric falls", () => {
  const noised = tableFixture({}, { direction: "noise" });
  expect(baseOf(noised)).toBe(3.25);
  const [first] = edgesOf(noised);
  expect(first!.effect).toBeCloseTo(first!.value - 3.25, 6);
  expect(scoreOf(noised, -2)).toBe(2);
  expect(scoreOf(table, -2)).toBe(-2);
});

test("values that are not finite are sorted, too", () => {
  const odd = tableFixture();
  const { place } = edgesOf(odd)[5]!;
  odd.values[place] = Number.NEGATIVE_INFINITY;
  odd.version += 1;
  expect(edgesOf(odd)[0]!.place).toBe(place);
});
