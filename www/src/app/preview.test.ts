import { expect, test } from "vitest";
import { BUNDLED_REF, type ModelRef } from "../core/model-ref";
import { previewOf } from "./preview";
import type { LoadJob, State } from "./state";

const on = (ref: ModelRef, wanted: string): Pick<State, "load" | "loaded" | "run"> => ({
  load: { choice: { ref, files: [] }, wanted: new URLSearchParams(wanted), progress: null, received: {}, isBehind: false } satisfies LoadJob,
  loaded: null,
  run: null,
});

test("the question of a bundled model is there before the model, a link's or its first example", () => {
  const first = previewOf(on(BUNDLED_REF, ""))!;
  expect(first.pairs[0]!.clean).toMatch(/^fox lamp /);
  expect(first.tokens[0]!.clean.slice(0, 3).map(({ text }) => text)).toEqual(["<|endoftext|>", "fox", "lamp"]);
  const { clean, corrupted } = first.tokens[0]!;
  expect(clean.flatMap(({ id }, i) => (id === corrupted[i]!.id ? [] : [i]))).toEqual([1]);
  const linked = previewOf(on({ kind: "bundled", name: "years-demo" }, "clean=the war 17 41&corrupted=the war 17 01&bos=false"))!;
  expect(linked.tokens[0]!.corrupted.map(({ text }) => text)).toEqual(["the", "war", "17", "01"]);
  expect(linked.presets.length).toBeGreaterThan(0);
});

test("nothing is guessed of other models, nor of lines that cannot be read", () => {
  expect(previewOf(on({ kind: "hub", repo: "a/b", revision: null }, ""))).toBeNull();
  expect(previewOf(on(BUNDLED_REF, "mode=lines&lines=only one part"))).toBeNull();
});
