// How long a run will take, by the last run of the same model; and whether it is begun at once or when it is asked for.

import type { ModelRef } from "../core/model-ref";
import type { PairTokens } from "../core/request";
import type { Config } from "../engine/types";
import type { Settings } from "../lib/settings";

/** Runs up to so many seconds follow every change of the form. */
const SHORT_S = 3;

type Shape = Pick<Config, "n_layers" | "n_heads" | "d_model" | "d_mlp">;

/** Edges whose exact values take as long as the estimates of all: docs/performance.md. */
const ESTIMATES = 60;
/** Edges that are checked beside the strongest: the engine's default. */
const CHECKED = 300;
/** With four times the tokens an edge takes nearly ten times as long: docs/performance.md. */
const BY_TOKENS = 1.6;
/** Seconds for an edge of a pair whatever its size: of the bundled models it is nearly all. */
const OVERHEAD_S = 2e-4;
/** Seconds for an edge, a token and a parameter; GPT-2 small takes a third of it in Chromium on two cores. */
const CAUTIOUS_S = 1e-12;

/** All edges of a model, from the input to the logits. */
export function edgesIn({ n_layers: layers, n_heads: heads }: Shape): number {
  let edges = 1 + layers * (heads + 1);
  // Before a layer, the input, its heads and its MLP have written for each layer below; its own MLP reads its heads, too.
  for (let layer = 0; layer < layers; layer += 1) {
    const written = 1 + layer * (heads + 1);
    edges += 3 * heads * written + written + heads;
  }
  return edges;
}

/** The edges of a run that become exact. */
function exactEdges({ scope, strongest }: Settings, shape: Shape): number {
  const all = edgesIn(shape);
  if (scope === "all") return all;
  if (scope === "strongest") return Math.min(all, strongest + CHECKED);
  // The input writes for every receiver.
  return scope === "source" ? shape.n_layers * (3 * shape.n_heads + 1) + 1 : 0;
}

/** Seconds that a run takes at most, as far as that can be told before this model has run anything. */
export function cautiousSeconds(settings: Settings, shape: Shape, tokens: readonly Pick<PairTokens, "clean">[]): number {
  const { n_layers, d_model, d_mlp } = shape;
  const parameters = n_layers * d_model * (4 * d_model + 2 * d_mlp);
  const perEdge = tokens.reduce((sum, { clean }) => sum + OVERHEAD_S + CAUTIOUS_S * parameters * clean.length ** BY_TOKENS, 0);
  return (exactEdges(settings, shape) + ESTIMATES) * perEdge;
}

/** Whether a run is begun at once, by what runs before have taught. That a bundled model's took longer than cautiously told is of a machine that was busy. */
export function isShort({ kind }: ModelRef, learnt: number, cautious: number): boolean {
  return Math.min(learnt, kind === "bundled" ? cautious : learnt) <= SHORT_S;
}
