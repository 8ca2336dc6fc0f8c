// A run for tests: two layers of two heads, every edge known, some of them estimates.

import { pairsOf } from "../lib/pairs";
import { EXAMPLE, type Settings } from "../lib/settings";
import { BUNDLED_REF, type ModelRef } from "./model-ref";
import { requestOf } from "./request";
import { begun, finished, type Run } from "./run";
import { tableFixture } from "./table.fixture";

export function runOf(changed: Partial<Settings> = {}, ref: ModelRef = BUNDLED_REF): Run {
  const settings: Settings = { ...EXAMPLE.settings, metric: "logit-diff", ...changed };
  const { metric, direction, patch, layerNorm } = settings;
  const table = tableFixture({ layers: 2, heads: 2, pairs: true }, { direction, patch, layerNorm, corruptedMetric: Math.fround(-0.1) });
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
  return finished(begun(1, request, Object.assign(table, { metric }), null, [], made), null);
}
