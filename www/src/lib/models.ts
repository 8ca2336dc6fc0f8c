// The models that the page offers by name.

import type { ModelSource } from "../engine/types";

export interface OfferedModel {
  id: string;
  name: string;
  /** Absent where the reader has to say more: an address, or files. */
  source?: ModelSource;
}

/** The one that the site brings along. */
export const BUNDLED = {
  id: "bundled",
  name: "ioi-demo, bundled: 3 layers × 4 heads",
  /** From the site's root. */
  path: "models/ioi-demo",
  /** From the page. */
  source: "./models/ioi-demo",
} as const;

export const MODELS: [OfferedModel, ...OfferedModel[]] = [
  BUNDLED,
  { id: "gpt2", name: "GPT-2 small: 12 layers × 12 heads", source: "openai-community/gpt2" },
  { id: "distilgpt2", name: "DistilGPT-2: 6 layers × 12 heads", source: "distilbert/distilgpt2" },
  { id: "gpt2-medium", name: "GPT-2 medium: 24 layers × 16 heads", source: "openai-community/gpt2-medium" },
  { id: "other", name: "Another of the Hugging Face Hub, or an address …" },
  { id: "files", name: "Files of your own …" },
];
