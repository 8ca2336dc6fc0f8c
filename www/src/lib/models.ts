// The models that the page offers by name.

import { BUNDLED_NAMES, BUNDLED_SHAPES, type BundledName, isSameModel, type ModelRef, nameOf } from "../core/model-ref";

export interface OfferedModel {
  id: string;
  /** In full, and as short as a button. */
  name: string;
  short: string;
  /** Absent where the reader has to say more: an address, or files. */
  ref?: ModelRef;
  /** What there is to see in it, in a sentence. */
  about: string;
  /** Whether it is one press away. */
  isInRow: boolean;
}

const BUNDLED: Record<BundledName, Pick<OfferedModel, "short" | "about">> = {
  "ioi-demo": {
    short: "Names and lists",
    about: "It repeats what followed a word before, and tells who is given something, by attention alone.",
  },
  "years-demo": {
    short: "Years",
    about: "It names a year after another one: heads carry the year to the end of the sentence, MLPs compare.",
  },
};

function bundled(name: BundledName): OfferedModel {
  const { short, about } = BUNDLED[name];
  return { id: name, name: `${short}, bundled (${BUNDLED_SHAPES[name]})`, short, about, ref: { kind: "bundled", name }, isInRow: true };
}

const hub = (id: string, short: string, shape: string, repo: string, isInRow = false): OfferedModel => ({
  id,
  name: `${short} (${shape})`,
  short,
  about: `${shape}, from huggingface.co.`,
  ref: { kind: "hub", repo, revision: null },
  isInRow,
});

export const MODELS: [OfferedModel, ...OfferedModel[]] = [
  bundled(BUNDLED_NAMES[0]),
  ...BUNDLED_NAMES.slice(1).map(bundled),
  hub("gpt2", "GPT-2 small", "12 layers × 12 heads", "openai-community/gpt2", true),
  hub("distilgpt2", "DistilGPT-2", "6 layers × 12 heads", "distilbert/distilgpt2"),
  hub("gpt2-medium", "GPT-2 medium", "24 layers × 16 heads", "openai-community/gpt2-medium"),
  { id: "other", name: "Another model, by its address …", short: "Address", about: "A name of the Hugging Face Hub, or where config.json is.", isInRow: false },
  { id: "files", name: "Files of your own …", short: "Files", about: "", isInRow: false },
];

/** What people call a model: `GPT-2 small` for openai-community/gpt2, the name that it has where nobody does. */
export function calledOf(ref: ModelRef): string {
  const plain: ModelRef = ref.kind === "hub" ? { ...ref, revision: null } : ref;
  return MODELS.find((model) => model.ref && isSameModel(model.ref, plain))?.short ?? nameOf(ref);
}
