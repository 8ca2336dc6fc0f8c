import { expect, test } from "vitest";
import { settingsOf } from "../lib/settings";
import { INDUCTION } from "../lib/induction";
import { BUNDLED_REF } from "../core/model-ref";
import { cautiousSeconds, edgesIn, isShort } from "./policy";

const DEMO = { n_layers: 3, n_heads: 4, d_model: 128, d_mlp: 4 };
const GPT2 = { n_layers: 12, n_heads: 12, d_model: 768, d_mlp: 3072 };
const prompt = (length: number) => ({ clean: Array.from({ length }, (_, id) => ({ id, text: "" })) });
const settings = settingsOf(INDUCTION);

test("the edges of a model are those that the engine lists", () => {
  expect(edgesIn(DEMO)).toBe(262);
  expect(edgesIn(GPT2)).toBe(32_491);
});

const seconds = (shape: typeof GPT2, changed: Partial<typeof settings>, ...lengths: number[]) =>
  cautiousSeconds({ ...settings, ...changed }, shape, lengths.map(prompt));

test("a run of three seconds is begun at once, a longer one when it is asked for", () => {
  expect([2.9, 3, 3.1].map((seconds) => isShort(BUNDLED_REF, seconds, seconds))).toEqual([true, true, false]);
});

test("before anything was run, the bundled model is quick and GPT-2 is not, save for estimates", () => {
  expect(seconds(DEMO, {}, 14)).toBeLessThan(1);
  expect(seconds(DEMO, {}, ...Array<number>(30).fill(15))).toBeLessThan(3);
  expect(seconds(DEMO, {}, ...Array<number>(400).fill(15))).toBeGreaterThan(3);
  expect(seconds(GPT2, {}, 15)).toBeGreaterThan(60);
  expect(seconds(GPT2, { scope: "strongest" }, 15)).toBeGreaterThan(3);
  expect(seconds(GPT2, { scope: "none" }, 15)).toBeLessThan(3);
});

test("it grows with edges, pairs and tokens", () => {
  expect(seconds(GPT2, {}, 15, 15)).toBeCloseTo(2 * seconds(GPT2, {}, 15));
  expect(seconds(GPT2, {}, 60) / seconds(GPT2, {}, 15)).toBeGreaterThan(8);
  expect(seconds(GPT2, { scope: "strongest", strongest: 10 }, 15)).toBeLessThan(seconds(GPT2, { scope: "source" }, 15));
  expect(seconds(GPT2, { scope: "strongest", strongest: 1e6 }, 15)).toBe(seconds(GPT2, {}, 15));
});

test("a bundled model's run that took long on a busy machine is short all the same; any other model is believed", () => {
  const cautious = seconds(DEMO, {}, 14);
  expect(isShort(BUNDLED_REF, 30, cautious)).toBe(true);
  expect(isShort(BUNDLED_REF, 30, seconds(DEMO, {}, ...Array<number>(400).fill(15)))).toBe(false);
  expect(isShort({ kind: "hub", repo: "openai-community/gpt2", revision: "main" }, 30, cautious)).toBe(false);
  expect(isShort({ kind: "hub", repo: "openai-community/gpt2", revision: "main" }, 0.3, 30)).toBe(true);
});
