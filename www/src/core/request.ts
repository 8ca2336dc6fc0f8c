// What is asked: the form's settings, read by a model into pairs with their tokens, and then frozen.
//
// A run keeps its request. Whether the form has moved on is found by comparing questions, not by remembering.

import type { Token } from "../engine/types";
import { type Pair, PairsError, pairsOf } from "../lib/pairs";
import type { Settings } from "../lib/settings";
import { isSameModel, type LoadedModel } from "./model-ref";

/** A pair's tokens as far as there are any. */
export interface PairTokens {
  clean: Token[];
  corrupted: Token[];
  answer: Token[];
  distractor: Token[];
}

/** A pair as it was asked. */
export interface AskedPair extends Pair {
  readonly tokens: PairTokens;
}

/** All that a run was asked; nothing of it changes afterwards. */
export interface Request {
  readonly model: LoadedModel;
  /** What the form held; prompts that its mode does not use are not part of the question. */
  readonly settings: Readonly<Settings>;
  readonly pairs: readonly AskedPair[];
}

/** `tokens` are those of each of the pairs. */
export function requestOf(model: LoadedModel, settings: Settings, pairs: Pair[], tokens: PairTokens[]): Request {
  const asked = pairs.map((pair, i) => ({ ...pair, tokens: tokens[i]! }));
  return freeze(structuredClone({ model, settings, pairs: asked }));
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** Whether the form asks of this model what the request asked. */
export function isSameQuestion({ model, settings, pairs }: Request, of: LoadedModel | null, draft: Settings): boolean {
  if (!of || !isSameLoad(model, of)) return false;
  const measured = ["metric", "direction", "patch", "layerNorm", "prependBos", "position", "scope"] as const;
  if (measured.some((key) => settings[key] !== draft[key])) return false;
  if (settings.scope === "strongest" && settings.strongest !== draft.strongest) return false;
  const now = readPairs(draft);
  return now !== null && now.length === pairs.length && now.every((pair, i) => isSamePair(pair, pairs[i]!));
}

/**
 * Files of the reader's own have no name to compare: a model of such files is the same as itself and its own load. Of a
 * name that is the same, only commits that are both known tell two versions apart.
 */
const isSameLoad = (a: LoadedModel, b: LoadedModel): boolean =>
  a === b ||
  (a.load !== undefined && a.load === b.load) ||
  (isSameModel(a.ref, b.ref) && (a.revision === b.revision || a.revision === null || b.revision === null));

const isSamePair = (a: Pair, b: Pair): boolean =>
  a.clean === b.clean && a.corrupted === b.corrupted && a.answer === b.answer && a.distractor === b.distractor;

/** The pairs that are meant; null where they cannot be read. */
function readPairs(draft: Settings): Pair[] | null {
  try {
    return pairsOf(draft);
  } catch (error) {
    if (error instanceof PairsError) return null;
    throw error;
  }
}

/** Prompts and metric as the engine takes them. */
export function metricOptions({ metric, layerNorm, prependBos, position }: Settings, pairs: readonly Pair[]) {
  return {
    pairs: pairs.map(({ clean, corrupted, answer, distractor }) => ({
      clean,
      corrupted,
      answer: answer || undefined,
      distractor: distractor || undefined,
    })),
    metric,
    layerNorm,
    prependBos,
    position: position ?? undefined,
  };
}
