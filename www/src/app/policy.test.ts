import { expect, test } from "vitest";
import { settingsOf } from "../lib/settings";
import { INDUCTION } from "../lib/induction";
import { cautiousSeconds, edgesIn, SHORT_S, workOf } from "./policy";

const DEMO = { n_layers: 3, n_heads: 4, d_model: 128, d_mlp: 4 };
const GPT2 = { n_layers: 12, n_heads: 12, d_model: 768, d_mlp: 3072 };
const prompt = (length: number) => ({ clean: Array.from({ length }, (_, id) => ({ id, text: "" })) });
const settings = settingsOf(INDUCTION);

test("the edges of a model are those that the engine lists", () => {
  expect(edgesIn(DEMO)).toBe(262);
  expect(edgesIn(GPT2)).toBe(32_491);
});

test("before anything was run, the bundled model is quick and GPT-2 is not, save for few edges", () => {
  const seconds = (shape: typeof GPT2, changed: Partial<typeof settings> = {}) =>
    cautiousSeconds(workOf({ ...settings, ...changed }, shape, [prompt(15)]), shape);
  expect(seconds(DEMO)).toBeLessThan(SHORT_S);
  expect(seconds(GPT2)).toBeGreaterThan(60);
  expect(seconds(GPT2, { scope: "strongest" })).toBeGreaterThan(SHORT_S);
  expect(seconds(GPT2, { scope: "none" })).toBeLessThan(10);
});

test("work grows with edges, pairs and tokens", () => {
  const work = (changed: Partial<typeof settings>, ...lengths: number[]) => workOf({ ...settings, ...changed }, GPT2, lengths.map(prompt));
  expect(work({}, 15, 15)).toBeCloseTo(2 * work({}, 15));
  expect(work({}, 60) / work({}, 15)).toBeGreaterThan(8);
  expect(work({ scope: "strongest", strongest: 10 }, 15)).toBeLessThan(work({ scope: "source" }, 15));
  expect(work({ scope: "strongest", strongest: 1e6 }, 15)).toBe(work({}, 15));
});
