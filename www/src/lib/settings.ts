// What a run needs beside the model, and what is looked at of its result.

import { BUNDLED_REF, type BundledName, type ModelRef } from "../core/model-ref";
import type { Component, LayerNorm, Metric } from "../engine/types";
import type { Prompts } from "./pairs";
import { GREATER_THAN } from "./greater-than";
import { INDUCTION } from "./induction";
import type { Preset } from "./preset";
import type { Head } from "./result";

/** Which edges get exact values; the rest are estimates. */
export type Scope = "all" | "source" | "none";

export const SCOPES: Record<Scope, string> = {
  all: "Every edge",
  source: "Edges of the chosen source",
  none: "None: estimates only",
};

export const LAYER_NORMS: Record<LayerNorm, string> = {
  frozen: "Keeps the corrupted run’s scale",
  exact: "Recomputes the scale",
};

/** What is run. */
export interface Settings extends Prompts {
  metric: Metric;
  layerNorm: LayerNorm;
  prependBos: boolean;
  /** Where the metric reads: from 0, or from the end where negative; the last token where null. */
  position: number | null;
  scope: Scope;
}

/** Whether two forms say the same, prompts that their mode does not use included. */
export function isSameSettings(a: Settings, b: Settings): boolean {
  return (Object.keys(a) as (keyof Settings)[]).every((key) => a[key] === b[key]);
}

/** What the reader has chosen to look at; null where that is left to the result. */
export interface View {
  src: Head | null;
  dst: Head | null;
  component: Component | null;
  /** How many edges the circuit shows. */
  edges: number;
  /** Effects below this share of the largest are left out. */
  least: number;
  /** Which prompt pair an edge is looked at on, from 0. */
  pair: number;
}

const DEFAULT_EDGES = 30;
/** As many edges as the circuit can show and be read. */
export const MAX_EDGES = 200;

export function settingsOf({ clean, corrupted, answer, distractor, metric }: Omit<Preset, "name" | "source">): Settings {
  return {
    mode: "one",
    clean,
    corrupted,
    answer,
    distractor,
    lines: "",
    fillings: "",
    metric,
    layerNorm: "frozen",
    prependBos: true,
    position: null,
    scope: "all",
  };
}

/** A look at whatever the result's strongest edge is. */
export const FIRST_LOOK: View = { src: null, dst: null, component: null, edges: DEFAULT_EDGES, least: 0, pair: 0 };

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
