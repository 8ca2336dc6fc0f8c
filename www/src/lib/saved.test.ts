import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import { baseOf, countsOf, edgesOf, hasBaselines, leadOf, placeOf, STATE } from "../core/table";
import { lookAt } from "../core/view";
import { metricLabel } from "./format";
import { isSavedResult, restore, save } from "./saved";
import { EXAMPLE, MAX_EDGES } from "./settings";

const run = runOf();
const look = lookAt(EXAMPLE.view, run.table, run.lead);
const FIGURE = readFileSync(new URL("../../../tests/fixtures/figure-1.json", import.meta.url), "utf8");

test("a result comes back as it was, to the last bit, with where it comes from", () => {
  const { table, saved } = restore(JSON.stringify(save(run, look)));
  for (const key of ["senders", "receivers", "values", "state", "stdDev", "corruptedMetric", "direction", "scores"] as const) {
    expect(table[key]).toEqual(run.table[key]);
  }
  expect(saved.view).toEqual({ ...EXAMPLE.view, from: look.from, to: look.to });
  expect(saved.settings).toEqual(run.request.settings);
  expect(saved.tokens).toEqual(run.request.pairs.map(({ tokens }) => tokens));
  expect(saved.made).toEqual({ by: "pathpatch 0.1.0", at: "2026-01-02T03:04:05.678Z", device: "cpu" });
  const hub = runOf({}, { kind: "hub", repo: "openai-community/gpt2", revision: null });
  expect(save(hub, look).model).toEqual({ name: "a model", source: "openai-community/gpt2", revision: "607a30d" });
  expect(save(runOf({}, { kind: "files" }), look).model.source).toBeNull();
});

test("a figure's title is kept, cut where it is too long, and read with bounds", () => {
  expect(restore(JSON.stringify(save(run, look))).saved.title).toBeUndefined();
  const { saved } = restore(JSON.stringify(save(run, look, { title: "How a list repeats" })));
  expect(saved.title).toBe("How a list repeats");
  expect(save(run, look, { title: "x".repeat(300) }).title).toHaveLength(200);
  expect(() => restore(JSON.stringify({ ...saved, title: "x".repeat(201) }))).toThrow("title: expected at most 200 characters, got 201");
});

test("what the model's files weigh is kept, and told again by whoever saves the file", () => {
  const { saved } = restore(JSON.stringify(save(run, look, { bytes: 548e6 })));
  expect(saved.model.bytes).toBe(548e6);
  const again = { ...run, request: { ...run.request, model: { ...run.request.model, bytes: 548e6 } } };
  expect(save(again, look).model.bytes).toBe(548e6);
  expect(() => restore(JSON.stringify({ ...saved, model: { ...saved.model, bytes: -1 } }))).toThrow("model.bytes: expected a whole number");
});

test("so do a direction, a patch and what was checked", () => {
  const check = { edges: 300, largestError: 0.25, bound: 0.01 };
  const noised = { ...runOf({ direction: "noise", patch: "mean", layerNorm: "frozen" }), check };
  const { table, saved } = restore(JSON.stringify(save(noised, look)));
  expect(table).toMatchObject({ direction: "noise", patch: "mean", layerNorm: "frozen" });
  expect(saved.edges.check).toEqual(check);
});

test("the strongest are kept, and what is in view; what is left out has a path still", () => {
  const seen = { ...look, from: "a0.h0", to: "a1.h1<q>" };
  const { table: few } = restore(JSON.stringify(save(run, seen, { strongest: 1 })));
  const [strongest] = edgesOf(run.table);
  const kept = edgesOf(few);
  expect(kept[0]).toEqual(strongest);
  expect(kept.slice(1).every(({ from, to }) => from === "a0.h0" || to.startsWith("a1.h1<"))).toBe(true);
  expect(countsOf(few).edges).toBe(countsOf(run.table).edges);
  expect(countsOf(few).unknown).toBe(countsOf(run.table).edges - kept.length);
});

test("a file of version 1, is read as edges by name", () => {
  const { saved, table } = restore(FIGURE);
  expect(saved).toMatchObject({ pathpatch: 1, made: null, model: { source: "bundled", revision: null } });
  expect(saved.settings).toMatchObject({ layerNorm: "frozen", direction: "denoise", patch: "resample" });
  expect(saved.view).toMatchObject({ from: "a0.h3", to: "a1.h3<k>", port: null, node: null });
  const { components } = JSON.parse(FIGURE);
  const n = 12;
  for (const port of ["q", "k", "v"]) {
    components[port].indices.forEach((index: number, i: number) => {
      const [src, dst] = [Math.floor(index / n), index % n];
      const name = (at: number) => `a${Math.floor(at / 4)}.h${at % 4}`;
      const place = placeOf(table, { from: name(src), to: `${name(dst)}<${port}>` });
      expect(table.values[place]).toBe(Math.fround(components[port].values[i]));
      expect(table.state[place]).toBe(components[port].estimates.includes(index) ? STATE.estimate : STATE.exact);
    });
  }
  expect(countsOf(table).edges).toBe(3 * (4 * 8 + 4 * 4));
});

/** A file as pages wrote it before edges had names. */
function ofHeads(): Any {
  const { edges: _, ...rest } = save(run, look);
  const grid = () => ({ indices: [2, 3, 6, 7], values: [1, 2, 3, 4], estimates: [3], spread: [0.1, 0, 0.2, 0.3] });
  const view = { src: { layer: 0, head: 1 }, dst: null, component: "v", edges: 30, least: 0, pair: 0 };
  const { direction, patch, strongest, ...settings } = rest.settings;
  return { ...rest, settings, view, layers: 2, heads: 2, components: { q: grid(), k: grid(), v: grid() } };
}

test("a file of version 2 from before edges had names is read, and saved again with names", () => {
  const { saved, table } = restore(JSON.stringify(ofHeads()));
  expect(saved.view).toMatchObject({ from: "a0.h1", to: null, port: "v" });
  expect(table.receivers.slice(0, 3)).toEqual(["a0.h0<q>", "a0.h1<q>", "a0.h0<k>"]);
  const place = placeOf(table, { from: "a0.h1", to: "a1.h0<k>" });
  expect([table.values[place], table.stdDev[place], table.state[place]]).toEqual([3, Math.fround(0.2), STATE.exact]);
  const again = restore(JSON.stringify(save({ ...run, table }, lookAt(saved.view, table, null))));
  expect(again.table.values).toEqual(table.values);
  expect(again.table.senders).toEqual(["a0.h0", "a0.h1", "a1.h0", "a1.h1"]);
  // As version 1 named files of one's own.
  const own = restore(JSON.stringify({ ...ofHeads(), pathpatch: 1, model: { name: "your files", source: "files" } }));
  expect(own.saved.model.source).toBeNull();
});

test("answers' tokens are lists; a token by itself, or none, is read as one", () => {
  const saved = JSON.parse(JSON.stringify(save(runOf({ answer: "a|bb" }), look)));
  const tokens = (saved: unknown) => restore(JSON.stringify(saved)).saved.tokens![0];
  expect(tokens(saved)!.answer).toEqual([{ id: 1, text: "a" }, { id: 2, text: "bb" }]);
  Object.assign(saved.tokens[0], { answer: { id: 7, text: "a" }, distractor: null });
  expect(tokens(saved)).toMatchObject({ answer: [{ id: 7, text: "a" }], distractor: [] });
  saved.tokens[0].answer = [7];
  expect(() => tokens(saved)).toThrow("tokens[0].answer[0]: expected an object, got 7");
});

test("an edge that is not finite is left out; a metric that is not is refused", () => {
  const odd = runOf();
  const { place } = edgesOf(odd.table)[3]!;
  odd.table.values[place] = Number.NEGATIVE_INFINITY;
  odd.table.version += 1;
  expect(save(odd, look).edges.indices).not.toContain(place);
  const infinite = { ...run, table: { ...run.table, cleanMetric: Number.NEGATIVE_INFINITY } };
  expect(() => save(infinite, look)).toThrow("expected finite metrics of both runs, got -Infinity");
});

test("a notebook's effects, without the metric of either run and without tokens, are read and saved again", () => {
  const noise = { settings: { ...run.request.settings, direction: "noise" } };
  for (const [direction, more] of [["denoise", {}], ["noise", noise]] as const) {
    const told = { ...save(run, look), ...more, cleanMetric: null, corruptedMetric: null, metricName: "IOI", tokens: null };
    const { saved, table } = restore(JSON.stringify(told));
    expect([table.direction, baseOf(table), hasBaselines(table), metricLabel(table)]).toEqual([direction, 0, false, "IOI"]);
    expect(edgesOf(table)[0]!.effect).toBe(edgesOf(table)[0]!.value);
    expect(leadOf(table)).not.toBeNull();
    expect(saved.tokens).toBeNull();
    const pairs = run.request.pairs.map((pair) => ({ ...pair, tokens: { clean: [], corrupted: [], answer: [], distractor: [] } }));
    const again = { ...run, table, request: { ...run.request, pairs } };
    const { tokens, cleanMetric, corruptedMetric, metricName } = save(again, lookAt(saved.view, table, null));
    expect([tokens, cleanMetric, corruptedMetric, metricName]).toEqual([null, null, null, "IOI"]);
  }
});

test.each([
  ["<html>", /^saved result: expected JSON, got /],
  ["null", 'saved result: expected {"pathpatch": 2, …}, got none'],
  ["[1]", 'saved result: expected {"pathpatch": 2, …}, got none'],
  ['{"pathpatch": 3}', 'saved result: expected {"pathpatch": 2, …}, got 3'],
  ['{"pathpatch": 1, "layers": 3}', "saved result: heads: expected a whole number from 1 to 256, got none"],
])("%s is refused", (text, message) => {
  expect(() => restore(text)).toThrow(message);
});

type Any = Record<string, any>;

test.each<[string, (saved: Any) => void, string]>([
  ["a model's size", (s) => (s.layers = 1000), "layers: expected a whole number from 1 to 256, got 1000"],
  ["more heads than there are", (s) => Object.assign(s, { layers: 256, heads: 256 }), "layers × heads: expected"],
  ["a head that the model lacks", (s) => (s.view.src.head = 2), "view.from: expected one of edges.senders, got a0.h2"],
  ["a component that is none", (s) => (s.view.component = "x"), "view.component: expected one of q, k, v, got x"],
  ["a place beyond the grid", (s) => (s.components.q.indices[3] = 16), "components.q.indices[3]: expected a whole number from 0 to 15, got 16"],
  ["an edge without a path", (s) => (s.components.q.indices[0] = 0), "components.q.indices: expected edges from earlier nodes into later ones, got 0"],
  ["a negative spread", (s) => (s.components.q.spread[1] = -1), "components.q.spread[1]: expected a finite number"],
])("in a file from before edges had names, %s is refused", (_, spoil, message) => {
  const saved = ofHeads();
  spoil(saved);
  expect(() => restore(JSON.stringify(saved))).toThrow(`saved result: ${message}`);
});

test.each<[string, (saved: Any) => void, string]>([
  ["a name that is none", (s) => (s.edges.senders[1] = "a00.h1"), "edges.senders[1]: expected a node’s name"],
  ["a receiver among senders", (s) => (s.edges.senders[1] = "a0.h0<q>"), "edges.senders[1]: expected a node’s name"],
  ["a sender among receivers", (s) => (s.edges.receivers[0] = "input"), "edges.receivers[0]: expected a node’s name"],
  ["a layer beyond all models", (s) => (s.edges.senders[6] = "m99999"), "edges.senders[6]: expected layers and heads below 256, got m99999"],
  ["a node twice", (s) => (s.edges.senders[1] = "input"), "edges.senders: expected each node once"],
  ["no nodes", (s) => (s.edges.senders = []), "edges.senders: expected at least one, got none"],
  ["too many nodes", (s) => (s.edges.senders = Array(1801).fill("input")), "edges.senders: expected a list of at most 1800, got 1801 entries"],
  ["a reach beyond the senders", (s) => (s.edges.reach[0] = 8), "edges.reach[0]: expected a whole number from 0 to 7, got 8"],
  ["a reach too few", (s) => s.edges.reach.pop(), "edges.reach: expected"],
  ["values that are none", (s) => (s.edges.values[0] = null), "edges.values[0]: expected a finite number"],
  ["a number beyond float32", (s) => (s.edges.values[0] = 1e39), "edges.values[0]: expected a finite number"],
  ["a place beyond the table", (s) => (s.edges.indices[3] = 105), "edges.indices[3]: expected a whole number from 0 to 104, got 105"],
  ["an edge without a path", (s) => (s.edges.indices[0] = 103), "edges.indices: expected edges from earlier nodes into later ones, got 103"],
  ["an edge twice", (s) => (s.edges.indices[1] = s.edges.indices[0]), "edges.indices: expected each edge once"],
  ["fewer values", (s) => s.edges.values.pop(), "edges.values: expected as many as indices"],
  ["an estimate of no edge", (s) => s.edges.estimates.push(103), "edges.estimates: expected some of the indices, got 103"],
  ["a negative deviation", (s) => (s.edges.stdDev[1] = -1), "edges.stdDev[1]: expected a finite number"],
  ["scores that are none", (s) => (s.edges.scores = "guess"), "edges.scores: expected one of exact, estimate, eap, eap-ig, got guess"],
  ["half a check", (s) => (s.edges.check = { edges: 3 }), "edges.check.largestError: expected a finite number"],
  ["an edge of another model", (s) => (s.view.to = "m7"), "view.to: expected one of edges.receivers, got m7"],
  ["a node of another model", (s) => (s.view.node = "a7.h1"), "view.node: expected a node of edges.senders"],
  ["a direction that is none", (s) => delete s.settings.direction, "settings.direction: expected one of denoise, noise, got none"],
  ["a thousand edges in view", (s) => (s.view.edges = 1000), `view.edges: expected a whole number from 1 to ${MAX_EDGES}, got 1000`],
  ["no tokens", (s) => delete s.tokens, "tokens: expected a list, got none"],
  ["a token that is none", (s) => (s.tokens[0].clean[0] = "fox"), "tokens[0].clean[0]: expected an object, got fox"],
  ["tokens of fewer pairs", (s) => s.tokens.pop(), "tokens: expected as many as pairs (1), got 0"],
  ["tokens of more pairs", (s) => s.tokens.push(s.tokens[0]), "tokens: expected as many as pairs (1), got 2"],
  ["prompts of two lengths", (s) => s.tokens[0].corrupted.pop(), "tokens[0].corrupted: expected as many as clean (13), got 12"],
  ["prompts of no tokens", (s) => Object.assign(s.tokens[0], { clean: [], corrupted: [] }), "tokens[0].clean: expected at least one, got 0"],
  ["a position beyond the prompt", (s) => (s.settings.position = 13), "settings.position: expected a whole number from -13 to 12, got 13"],
  ["pairs that are none", (s) => Object.assign(s.settings, { mode: "lines", lines: "one part" }), "settings.lines: Line 1 has one part"],
  ["a prompt that is none", (s) => (s.settings.clean = ["a"]), "settings.clean: expected text"],
  ["a source that is none", (s) => (s.model.source = {}), "model.source: expected text"],
])("%s is refused", (_, spoil, message) => {
  const saved: Any = JSON.parse(JSON.stringify(save(run, look)));
  spoil(saved);
  expect(() => restore(JSON.stringify(saved))).toThrow(`saved result: ${message}`);
});

test("whatever is put in any field, a file is read or refused in words, and soon", () => {
  const whole = JSON.stringify(save(run, look));
  const odd = [null, -1, 1.5, 1e308, 2 ** 53, "", "__proto__", "x".repeat(1e6), [], {}, [[]], true, { length: 1e9 }];
  const paths: string[][] = [];
  const walk = (value: unknown, path: string[]) => {
    if (path.length) paths.push(path);
    if (typeof value === "object" && value !== null) for (const [key, each] of Object.entries(value)) walk(each, [...path, key]);
  };
  walk(JSON.parse(whole), []);
  let refused = 0;
  const began = performance.now();
  for (const path of paths.filter((_, i) => i % 3 === 0)) {
    for (const value of odd) {
      const saved: Any = JSON.parse(whole);
      const last = path.at(-1)!;
      const holder = path.slice(0, -1).reduce<Any>((at, key) => at[key], saved);
      holder[last] = value;
      try {
        const { table } = restore(JSON.stringify(saved));
        for (const { value } of edgesOf(table)) expect(Number.isFinite(value)).toBe(true);
      } catch (error) {
        expect((error as Error).message).toMatch(/^saved result: .*expected .*, got /);
        refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(paths.length);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("a saved result is told from other JSON, however it is laid out", () => {
  const saved = save(run, look);
  const sorted = Object.fromEntries(Object.entries(saved).toSorted());
  for (const text of [JSON.stringify(saved), JSON.stringify(sorted, null, 2), JSON.stringify(saved).slice(0, 99)]) {
    expect(isSavedResult(text)).toBe(true);
  }
  for (const text of ['{"model_type": "gpt2"}', "[]", "null", "{", ""]) expect(isSavedResult(text)).toBe(false);
});
