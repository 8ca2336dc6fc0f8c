// A run for tests: two layers of two heads, every edge known, every third an estimate.

import { COMPONENTS, emptyResult, merge } from "../lib/result";
import { EXAMPLE, type Settings } from "../lib/settings";
import { pairsOf } from "../lib/pairs";
import { BUNDLED_REF, type ModelRef } from "./model-ref";
import { requestOf } from "./request";
import { begun, finished, type Run } from "./run";

export function runOf(changed: Partial<Settings> = {}, ref: ModelRef = BUNDLED_REF): Run {
  const settings: Settings = { ...EXAMPLE.settings, metric: "logit-diff", ...changed };
  const shape = { layers: 2, heads: 2, metric: settings.metric, cleanMetric: 3.3, corruptedMetric: Math.fround(-0.1) };
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
  const pairs = pairsOf(settings);
  const token = (text: string) => ({ id: text.length, text });
  const tokens = pairs.map(({ clean, corrupted, answer, distractor }) => ({
    clean: clean.split(" ").map(token),
    corrupted: corrupted.split(" ").map(token),
    answer: answer.split("|").map(token),
    distractor: distractor.split("|").map(token),
  }));
  const request = requestOf({ ref, name: "a model", revision: ref.kind === "hub" ? "607a30d" : null, load: 1 }, settings, pairs, tokens);
  const made = { by: "pathpatch 0.1.0", at: "2026-01-02T03:04:05.678Z", device: "cpu" };
  return finished(begun(1, request, result, null, [], made));
}
