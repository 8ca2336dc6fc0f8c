// The question of a model that comes with the page, before the model is there: so that it stands where it will stay.
// Such a model's words are its tokens.

import { firstOf, presetsFor } from "../lib/presets";
import { type Pair, PairsError, pairsOf } from "../lib/pairs";
import { fromParams } from "../lib/permalink";
import type { Preset } from "../lib/preset";
import type { Settings } from "../lib/settings";
import type { PairTokens } from "../core/request";
import type { Token } from "../engine/types";
import type { State } from "./state";

export interface Preview {
  settings: Settings;
  presets: readonly Preset[];
  pairs: readonly Pair[];
  tokens: readonly PairTokens[];
}

/** The vocabulary of a bundled model is not asked for. */
const ANY = { d_vocab: 0 };

/** What will be asked of a bundled model that is on its way; null where a model is there, or where that is not known. */
export function previewOf({ load, loaded, run }: Pick<State, "load" | "loaded" | "run">): Preview | null {
  if (loaded || run || load?.choice.ref.kind !== "bundled") return null;
  const { ref } = load.choice;
  const { settings } = fromParams(load.wanted ?? new URLSearchParams(), firstOf(ref, ANY));
  try {
    const pairs = pairsOf(settings);
    return { settings, presets: presetsFor(ref, ANY), pairs, tokens: pairs.map((pair) => tokensOf(pair, settings.prependBos)) };
  } catch (error) {
    // What is wrong with it is said once the model has read it.
    if (error instanceof PairsError) return null;
    throw error;
  }
}

function tokensOf({ clean, corrupted }: Pair, prependBos: boolean): PairTokens {
  // Only a word that comes again has the same id: prompts differ where they will.
  const known: string[] = [];
  const idOf = (word: string): number => {
    if (!known.includes(word)) known.push(word);
    return -1 - known.indexOf(word);
  };
  const words = (text: string): Token[] => {
    const all = text.split(/\s+/).filter((word) => word !== "");
    return [...(prependBos ? ["<|endoftext|>"] : []), ...all].map((word) => ({ id: idOf(word), text: word }));
  };
  return { clean: words(clean), corrupted: words(corrupted), answer: [], distractor: [] };
}
