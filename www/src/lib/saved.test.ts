import { expect, test } from "vitest";
import { lookAt } from "../core/look";
import { runOf } from "../core/run.fixture";
import { edges } from "./result";
import { isSavedResult, restore, save } from "./saved";
import { EXAMPLE } from "./settings";

const run = runOf();
const look = lookAt(EXAMPLE.view, run.result, run.lead);

test("a result comes back as it was, to the last bit, with where it comes from", () => {
  const { result, saved } = restore(JSON.stringify(save(run, look)));
  expect(result.components).toEqual(run.result.components);
  expect(Math.fround(result.corruptedMetric)).toBe(run.result.corruptedMetric);
  expect(saved.view).toEqual({ ...EXAMPLE.view, src: look.src, dst: look.dst, component: look.component });
  expect(saved.settings).toEqual(run.request.settings);
  expect(saved.tokens).toEqual(run.request.pairs.map(({ tokens }) => tokens));
  expect(saved.made).toEqual({ by: "pathpatch 0.1.0", at: "2026-01-02T03:04:05.678Z", device: "cpu" });
  const hub = runOf({}, { kind: "hub", repo: "openai-community/gpt2", revision: null });
  expect(save(hub, look).model).toEqual({ name: "a model", source: "openai-community/gpt2", revision: "607a30d" });
  expect(save(runOf({}, { kind: "files" }), look).model.source).toBeNull();
});

test("the strongest are kept, and what is in view", () => {
  const seen = { ...look, src: { layer: 0, head: 0 }, dst: { layer: 1, head: 1 } };
  const { result: few } = restore(JSON.stringify(save(run, seen, 1)));
  const [strongest] = edges(run.result);
  const kept = edges(few);
  expect(kept[0]).toEqual(strongest);
  const isInView = kept.slice(1).every((e) => e.src.head === 0 || e.dst.head === 1);
  expect(isInView).toBe(true);
});

test("a file of version 1 is read", () => {
  const { made, ...old } = save(run, look);
  const tokens = old.tokens.map(({ clean, corrupted }) => ({ clean, corrupted }));
  const before = { ...old, pathpatch: 1, tokens, view: { ...old.view, dst: null } };
  const first = restore(JSON.stringify({ ...before, model: { name: "ioi-demo", source: "bundled" } }));
  expect(first.saved).toMatchObject({ pathpatch: 1, made: null, model: { source: "bundled", revision: null }, tokens });
  expect(first.result.components).toEqual(run.result.components);
  // As it named files of one's own.
  const own = restore(JSON.stringify({ ...before, model: { name: "your files", source: "files" } }));
  expect(own.saved.model.source).toBeNull();
});

test("answers' tokens are lists; a token by itself, or none, is read as one", () => {
  const saved = JSON.parse(JSON.stringify(save(runOf({ answer: "a|bb" }), look)));
  const tokens = (saved: unknown) => restore(JSON.stringify(saved)).saved.tokens[0];
  expect(tokens(saved)!.answer).toEqual([{ id: 1, text: "a" }, { id: 2, text: "bb" }]);
  Object.assign(saved.tokens[0], { answer: { id: 7, text: "a" }, distractor: null });
  expect(tokens(saved)).toMatchObject({ answer: [{ id: 7, text: "a" }], distractor: [] });
  saved.tokens[0].answer = [7];
  expect(() => tokens(saved)).toThrow("tokens[0].answer[0]: expected an object, got 7");
});

test("an edge that is not finite is left out; a metric that is not is refused", () => {
  const odd = runOf();
  odd.result.components.q.values[2] = Number.NEGATIVE_INFINITY;
  expect(save(odd, look).components.q.indices).toEqual([3, 6, 7]);
  const infinite = { ...run, result: { ...run.result, cleanMetric: Number.NEGATIVE_INFINITY } };
  expect(() => save(infinite, look)).toThrow("expected finite metrics of both runs, got -Infinity");
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
  ["more edges than can be drawn", (s) => (s.view.edges = 3000), "view.edges: expected a whole number from 1 to 200, got 3000"],
  ["a head that is not there", (s) => (s.view.src = { layer: 2, head: 0 }), "view.src.layer: expected a whole number from 0 to 1, got 2"],
  ["no component", (s) => delete s.view.component, "view.component: expected one of q, k, v, got none"],
  ["a property that every object has", (s) => (s.settings.metric = "toString"), "settings.metric: expected one of"],
  ["null for a number", (s) => (s.components.q.values[1] = null), "components.q.values[1]: expected a finite number"],
  ["null for a metric", (s) => (s.corruptedMetric = null), "corruptedMetric: expected a finite number"],
  ["a number beyond float32", (s) => (s.components.k.values[0] = 1e39), "components.k.values[0]: expected a finite number"],
  ["a place beyond the grid", (s) => (s.components.q.indices[3] = 16), "components.q.indices[3]: expected a whole number from 0 to 15, got 16"],
  ["an edge without a path", (s) => (s.components.q.indices[0] = 0), "components.q.indices: expected edges into a later layer, got 0"],
  ["an edge twice", (s) => (s.components.q.indices[1] = 2), "components.q.indices: expected each edge once"],
  ["fewer values", (s) => s.components.v.values.pop(), "components.v.values: expected as many as indices (4), got 3"],
  ["an estimate of no edge", (s) => s.components.v.estimates.push(1), "components.v.estimates: expected some of the indices, got 1"],
  ["a negative spread", (s) => (s.components.q.spread[1] = -1), "components.q.spread[1]: expected a finite number"],
  ["no tokens", (s) => delete s.tokens, "tokens: expected a list, got none"],
  ["a token that is none", (s) => (s.tokens[0].clean[0] = "fox"), "tokens[0].clean[0]: expected an object, got fox"],
  ["tokens of fewer pairs", (s) => s.tokens.pop(), "tokens: expected as many as pairs (1), got 0"],
  ["tokens of more pairs", (s) => s.tokens.push(s.tokens[0]), "tokens: expected as many as pairs (1), got 2"],
  ["prompts of two lengths", (s) => s.tokens[0].corrupted.pop(), "tokens[0].corrupted: expected as many as clean (13), got 12"],
  ["prompts of no tokens", (s) => Object.assign(s.tokens[0], { clean: [], corrupted: [] }), "tokens[0].clean: expected at least one, got 0"],
  ["a position beyond the prompt", (s) => (s.settings.position = 13), "settings.position: expected a whole number from -13 to 12, got 13"],
  ["pairs that are none", (s) => Object.assign(s.settings, { mode: "lines", lines: "one part" }), "settings.lines: line 1: expected clean | corrupted"],
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
        const { result } = restore(JSON.stringify(saved));
        for (const { value } of edges(result)) expect(Number.isFinite(value)).toBe(true);
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
