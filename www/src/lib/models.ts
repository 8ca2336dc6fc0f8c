// The models that the page offers by name.

import { BUNDLED_NAMES, BUNDLED_SHAPES, type BundledName, isSameModel, type ModelRef, nameOf } from "../core/model-ref";
import { formatBytes } from "./format";

export interface OfferedModel {
  id: string;
  /** What people call it. */
  short: string;
  /** Layers and heads, as far as that is known beforehand. */
  shape: string;
  /** Absent where the reader has to say more: an address, or files. */
  ref?: ModelRef;
  /** What it downloads, where that is known beforehand: the Hub tells the exact number. */
  bytes?: number;
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
  return { id: name, ...BUNDLED[name], shape: BUNDLED_SHAPES[name], ref: { kind: "bundled", name }, isInRow: true };
}

const hub = (id: string, short: string, shape: string, bytes: number, repo: string, isInRow = false): OfferedModel => ({
  id,
  short,
  shape,
  bytes,
  about: `${shape}, ${formatBytes(bytes)} from huggingface.co.`,
  ref: { kind: "hub", repo, revision: null },
  isInRow,
});

export const MODELS: [OfferedModel, ...OfferedModel[]] = [
  bundled(BUNDLED_NAMES[0]),
  ...BUNDLED_NAMES.slice(1).map(bundled),
  hub("gpt2", "GPT-2 small", "12 layers × 12 heads", 548e6, "openai-community/gpt2", true),
  hub("distilgpt2", "DistilGPT-2", "6 layers × 12 heads", 353e6, "distilbert/distilgpt2"),
  hub("gpt2-medium", "GPT-2 medium", "24 layers × 16 heads", 1520e6, "openai-community/gpt2-medium"),
  { id: "other", short: "Another one", shape: "by its name or address", about: "", isInRow: false },
  { id: "files", short: "Files of your own", shape: "", about: "", isInRow: false },
];

/** The offered model that it is, at whatever revision. */
export function offeredAs(ref: ModelRef): OfferedModel | undefined {
  const plain: ModelRef = ref.kind === "hub" ? { ...ref, revision: null } : ref;
  return MODELS.find((model) => model.ref && isSameModel(model.ref, plain));
}

/**
 * What people call a model: `GPT-2 small` for openai-community/gpt2, the last part of an address, and the name that it
 * has where nobody does.
 */
export function calledOf(ref: ModelRef): string {
  const offered = offeredAs(ref);
  if (offered) return offered.short;
  const last = ref.kind === "address" ? new URL(ref.url).pathname.split("/").findLast((part) => part !== "") : undefined;
  return last === undefined ? nameOf(ref) : decoded(last);
}

/** A part of an address as its author wrote it; left encoded where it cannot be decoded, not to visible text, or to what looks like a name of the Hub. */
function decoded(part: string): string {
  try {
    const text = decodeURIComponent(part);
    return /[\p{C}/\\]/u.test(text) ? part : text;
  } catch (error) {
    // A percent sign that is no code.
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** The same with where it is, as a reader has to know before anything is downloaded: `GPT-2 small (openai-community/gpt2)`. */
export function calledInFull(ref: ModelRef): string {
  const [called, name] = [calledOf(ref), nameOf(ref)];
  return called === name ? name : `${called} (${name})`;
}
