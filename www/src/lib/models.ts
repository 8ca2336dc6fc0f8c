// The models that the page offers by name.

import { BUNDLED_REF, type ModelRef } from "../core/model-ref";

export interface OfferedModel {
  id: string;
  name: string;
  /** Absent where the reader has to say more: an address, or files. */
  ref?: ModelRef;
}

/** The model that the site brings along. */
export const BUNDLED = {
  /** From the site's root. */
  path: "models/ioi-demo",
} as const;

const hub = (repo: string): ModelRef => ({ kind: "hub", repo, revision: null });

export const MODELS: [OfferedModel, ...OfferedModel[]] = [
  { id: "bundled", name: "ioi-demo, bundled (3 × 4 heads)", ref: BUNDLED_REF },
  { id: "gpt2", name: "GPT-2 small (12 × 12 heads)", ref: hub("openai-community/gpt2") },
  { id: "distilgpt2", name: "DistilGPT-2 (6 × 12 heads)", ref: hub("distilbert/distilgpt2") },
  { id: "gpt2-medium", name: "GPT-2 medium (24 × 16 heads)", ref: hub("openai-community/gpt2-medium") },
  { id: "other", name: "Another model, by its address …" },
  { id: "files", name: "Files of your own …" },
];
