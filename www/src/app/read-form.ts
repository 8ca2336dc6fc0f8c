// What the form holds, read by a model: pairs, their tokens, and which field is wrong.

import { type Field, fieldOf, noteOf, type Notes } from "../core/notes";
import type { PairTokens } from "../core/request";
import { type PathPatch, PathPatchError, type Token } from "../engine/pathpatch";
import { messageOf } from "../lib/dom";
import { type Pair, PairsError, pairsOf } from "../lib/pairs";
import type { Settings } from "../lib/settings";

export interface Reading {
  pairs: Pair[];
  tokens: PairTokens[];
  errors: Notes;
}

/**
 * The pairs that are meant with their tokens, as far as there are any, and what is wrong beside its field. Throws
 * the signal's reason as soon as that is aborted.
 */
export async function readForm(model: PathPatch, settings: Settings, signal: AbortSignal): Promise<Reading> {
  const errors: Notes = {};
  const { mode, position } = settings;
  if (position !== null && !Number.isInteger(position)) {
    errors.position = [{ text: `position: expected a whole number, got ${position}` }];
  }
  let pairs: Pair[] = [];
  try {
    pairs = pairsOf(settings);
  } catch (error) {
    if (!(error instanceof PairsError)) throw error;
    errors[mode === "lines" ? "lines" : "fillings"] = [{ text: error.message }];
  }
  const tokens: PairTokens[] = [];
  for (const [i, pair] of pairs.entries()) {
    const which = pairs.length > 1 ? `pair ${i + 1}: ` : "";
    const tokensOf = async (field: keyof Pair): Promise<Token[]> => {
      try {
        if (field === "clean" || field === "corrupted") {
          return await model.tokenize(pair[field], { prependBos: settings.prependBos });
        }
        return pair[field] === "" ? [] : await model.answerTokens(pair[field], field);
      } catch (error) {
        if (!isAboutText(error, settings)) throw error;
        const { text, suggestion } = noteOf(messageOf(error), error.suggestion, settings);
        errors[mode === "lines" ? "lines" : field] ??= [{ text: which + text, suggestion }];
        return [];
      }
    };
    const [clean, corrupted, answer, distractor] = await Promise.all(
      (["clean", "corrupted", "answer", "distractor"] as const).map(tokensOf),
    );
    signal.throwIfAborted();
    tokens.push({ clean: clean!, corrupted: corrupted!, answer: answer!, distractor: distractor! });
  }
  return { pairs, tokens, errors };
}

/** Whether a text is to blame, and not the engine that should have read it. */
function isAboutText(error: unknown, settings: Settings): error is PathPatchError {
  return error instanceof PathPatchError && (error.code === "tokenizer" || fieldOf(error.code, settings) !== undefined);
}

/** The field that an error of a run is about, with what it says. */
export function fieldError(error: unknown, settings: Settings): { field: Field; notes: Notes } | null {
  if (!(error instanceof PathPatchError)) return null;
  const field = fieldOf(error.code, settings);
  return field ? { field, notes: { [field]: [noteOf(error.message, error.suggestion, settings)] } } : null;
}
