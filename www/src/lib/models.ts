// The models that the page offers by name.

import { BUNDLED_NAMES, BUNDLED_SHAPES, type BundledName, type ModelRef } from "../core/model-ref";

export interface OfferedModel {
  id: string;
  name: string;
  /** Absent where the reader has to say more: an address, or files. */
  ref?: ModelRef;
  /** What there is to see in it, in a sentence. */
  about?: string;
}

const ABOUT: Record<BundledName, string> = {
  "ioi-demo": "It repeats what followed a word before, and tells who is given something, by attention alone.",
  "years-demo": "It names a year after another one: heads carry the year to the end of the sentence, MLPs compare.",
};

function bundled(name: BundledName): OfferedModel {
  return { id: name, name: `${name}, bundled (${BUNDLED_SHAPES[name]})`, ref: { kind: "bundled", name }, about: ABOUT[name] };
}

const hub = (repo: string): ModelRef => ({ kind: "hub", repo, revision: null });

export const MODELS: [OfferedModel, ...OfferedModel[]] = [
  bundled(BUNDLED_NAMES[0]),
  ...BUNDLED_NAMES.slice(1).map(bundled),
  { id: "gpt2", name: "GPT-2 small (12 × 12 heads)", ref: hub("openai-community/gpt2") },
  { id: "distilgpt2", name: "DistilGPT-2 (6 × 12 heads)", ref: hub("distilbert/distilgpt2") },
  { id: "gpt2-medium", name: "GPT-2 medium (24 × 16 heads)", ref: hub("openai-community/gpt2-medium") },
  { id: "other", name: "Another model, by its address …" },
  { id: "files", name: "Files of your own …" },
];
