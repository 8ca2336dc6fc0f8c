import { expect, test } from "vitest";
import { BUNDLED_PRESETS } from "./presets";
import { COMPONENTS, edges, emptyResult, merge } from "./result";
import { restore, save } from "./saved";
import { settingsOf, viewOf } from "./settings";

const about = {
  model: { name: "ioi-demo", source: "./models/ioi-demo" },
  settings: settingsOf(BUNDLED_PRESETS[0]),
  view: viewOf(BUNDLED_PRESETS[0]),
  tokens: [],
};

/** Two layers of two heads, every edge known; every third an estimate. */
function someResult() {
  const shape = { layers: 2, heads: 2, metric: "logit-diff" as const, cleanMetric: 3.3, corruptedMetric: Math.fround(-0.1) };
  const result = emptyResult(shape);
  const indices = Uint32Array.from([2, 3, 6, 7]);
  COMPONENTS.forEach((name, c) => {
    merge(result, name, {
      indices,
      values: Float32Array.from(indices, (index) => Math.sin(index + 10 * c)),
      exact: Uint8Array.from(indices, (_, i) => (i % 3 ? 1 : 0)),
      spread: Float32Array.from(indices, (_, i) => (i % 3 ? 0.1 * i : Number.NaN)),
    });
  });
  return result;
}

test("a result comes back as it was, to the last bit", () => {
  const result = someResult();
  const { result: again, saved } = restore(JSON.stringify(save(result, about)));
  expect(again.components).toEqual(result.components);
  expect(Math.fround(again.corruptedMetric)).toBe(result.corruptedMetric);
  expect(saved.view).toEqual(about.view);
});

test("the strongest are kept, and what is in view", () => {
  const result = someResult();
  const view = { ...about.view, src: { layer: 0, head: 0 }, dst: { layer: 1, head: 1 } };
  const { result: few } = restore(JSON.stringify(save(result, { ...about, view }, 1)));
  const [strongest] = edges(result);
  const kept = edges(few);
  expect(kept[0]).toEqual(strongest);
  const isInView = kept.slice(1).every((e) => e.src.head === 0 || e.dst.head === 1);
  expect(isInView).toBe(true);
});

test.each([
  ["<html>", /^saved result: expected JSON, got /],
  ["null", 'saved result: expected {"pathpatch": 1, …}, got none'],
  ['{"pathpatch": 2}', 'saved result: expected {"pathpatch": 1, …}, got 2'],
  ['{"pathpatch": 1, "layers": 3}', "saved result: expected layers, heads, settings, view and components, got less"],
])("%s is refused", (text, message) => {
  expect(() => restore(text)).toThrow(message);
});
