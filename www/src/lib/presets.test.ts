import { expect, test } from "vitest";
import { type ModelRef, refOfLink } from "../core/model-ref";
import { firstOf, GPT2_PRESETS, presetOf, presetsFor } from "./presets";
import { EXAMPLE, exampleOf } from "./settings";

const BASE = "https://site.example/";
const [ioi, years, gpt2] = ["ioi-demo", "years-demo", "gpt2"].map((name) => refOfLink(name, BASE)) as [ModelRef, ModelRef, ModelRef];
const files: ModelRef = { kind: "files" };

test("each bundled model has presets of its own, and opens with the first", () => {
  expect(firstOf(ioi, { d_vocab: 565 })).toEqual(EXAMPLE);
  expect(firstOf(years, { d_vocab: 128 })).toEqual(exampleOf(years));
  expect(presetsFor(years, { d_vocab: 128 }).map(({ name }) => name)).toEqual(["Greater than: a war that ends later"]);
});

test("a model with GPT-2's vocabulary has GPT-2's presets, wherever it comes from", () => {
  for (const ref of [gpt2, files]) expect(presetsFor(ref, { d_vocab: 50257 })).toBe(GPT2_PRESETS);
});

test("a model of unknown words has none, and its form is empty", () => {
  expect(presetsFor(files, { d_vocab: 565 })).toEqual([]);
  expect(firstOf(files, { d_vocab: 565 }).settings).toMatchObject({ clean: "", corrupted: "", answer: "", distractor: "" });
});

test("each says what it asks of a model, with a word that stands out", () => {
  const all = [...presetsFor(ioi, { d_vocab: 565 }), ...presetsFor(years, { d_vocab: 128 }), ...GPT2_PRESETS];
  for (const { gist } of all) expect(gist).toMatch(/^[A-Z][^*]+\*[^*]+\*[^*]*\.$/);
});

test("a pair is an example word for word, of whatever model", () => {
  const [greater] = presetsFor(years, { d_vocab: 128 });
  expect(presetOf({ ...greater!, clean: `${greater!.clean}` })).toBe(greater);
  expect(presetOf({ ...greater!, answer: "42" })).toBeNull();
});
