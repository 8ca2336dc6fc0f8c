// What a run needs beside the model, and what is looked at of its result.

import { BUNDLED_REF, type BundledName, type ModelRef } from "../core/model-ref";
import type { View } from "../core/view";
import type { Direction, LayerNorm, Metric, PatchKind } from "../engine/types";
import type { Prompts } from "./pairs";
import { GREATER_THAN } from "./greater-than";
import { INDUCTION } from "./induction";
import type { Preset } from "./preset";

export type { View };

/** Which edges get exact values; the rest are estimates. */
export type Scope = "all" | "strongest" | "source" | "none";

export const SCOPES: Record<Scope, string> = {
  all: "Every edge",
  strongest: "The strongest, by their estimates",
  source: "Edges from one sender",
  none: "None: estimates only",
};

export const LAYER_NORMS: Record<LayerNorm, string> = {
  exact: "Recomputes the scale",
  frozen: "Keeps the base run’s scale",
};

export const DIRECTIONS: Record<Direction, string> = {
  denoise: "Denoise: patch the corrupted run",
  noise: "Noise: patch the clean run",
};

export const PATCHES: Record<PatchKind, string> = {
  resample: "What the other run writes",
  mean: "The mean over the pairs, at each position",
  zero: "Zero",
};

/** What is run. */
export interface Settings extends Prompts {
  metric: Metric;
  direction: Direction;
  patch: PatchKind;
  layerNorm: LayerNorm;
  prependBos: boolean;
  /** Where the metric reads: from 0, or from the end where negative; the last token where null. */
  position: number | null;
  scope: Scope;
  /** How many edges are exact where the scope is the strongest. */
  strongest: number;
}

/** Whether two forms say the same, prompts that their mode does not use included. */
export function isSameSettings(a: Settings, b: Settings): boolean {
  return (Object.keys(a) as (keyof Settings)[]).every((key) => a[key] === b[key]);
}

/** No more than can be told apart at a glance, and none that is tiny beside the largest. */
const DEFAULT = { edges: 40, least: 0.02 };
/** As many edges as the circuit can show and be read. */
export const MAX_EDGES = 400;
const DEFAULT_STRONGEST = 1000;

export function settingsOf({ clean, corrupted, answer, distractor, metric }: Omit<Preset, "name" | "gist" | "source">): Settings {
  return {
    mode: "one",
    clean,
    corrupted,
    answer,
    distractor,
    lines: "",
    fillings: "",
    metric,
    direction: "denoise",
    patch: "resample",
    layerNorm: "exact",
    prependBos: true,
    position: null,
    scope: "all",
    strongest: DEFAULT_STRONGEST,
  };
}

/** A look at whatever the result's strongest edge is. */
export const FIRST_LOOK: View = { from: null, to: null, port: null, node: null, ...DEFAULT, pair: 0, show: "circuit" };

/** A question, and what is looked at of its result. */
export interface Example {
  settings: Settings;
  view: View;
}

const FIRST: Record<BundledName, Preset> = { "ioi-demo": INDUCTION, "years-demo": GREATER_THAN };

/** What is shown where nothing else is asked for: a bundled model's first preset, the first model's for any other. */
export function exampleOf(ref: ModelRef): Example {
  const { name } = ref.kind === "bundled" ? ref : BUNDLED_REF;
  return { settings: settingsOf(FIRST[name]), view: FIRST_LOOK };
}

/** What the page opens with. */
export const EXAMPLE = exampleOf(BUNDLED_REF);
