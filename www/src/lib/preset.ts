// The type of a preset, apart from the lists of them.

import type { Metric } from "../engine/types";
import { FIELDS, type Pair } from "./pairs";

/** Prompts to start from. */
export interface Preset extends Pair {
  name: string;
  /** What the prompts ask of a model, in a sentence or two; what matters between stars. */
  gist: string;
  metric: Metric;
  /** The work that the task is known from. */
  source: { text: string; url: string };
}

/** Whether a pair is the preset's own, word for word. */
export const isOf = (preset: Preset, pair: Pair): boolean => FIELDS.every((field) => preset[field] === pair[field]);
