// What the form holds, read by a model: pairs, their tokens, and which field is wrong.

import { type PathPatch, PathPatchError, type Token } from "./engine/pathpatch";
import type { ErrorCode } from "./engine/types";
import { messageOf } from "./lib/dom";
import { type Pair, PairsError, pairsOf } from "./lib/pairs";
import type { Settings } from "./lib/settings";
import type { ControlsData, Field, FieldError, PairTokens } from "./views/controls";

type Errors = ControlsData["errors"];

const FIELD_OF: Partial<Record<ErrorCode, Field>> = {
  clean: "clean",
  corrupted: "corrupted",
  "prompt-length": "corrupted",
  answer: "answer",
  distractor: "distractor",
  metric: "metric",
};

/** The pairs that are meant with their tokens, as far as there are any, and what is wrong beside its field. */
export async function readForm(
  model: PathPatch,
  settings: Settings,
): Promise<{ pairs: Pair[]; tokens: PairTokens[]; errors: Errors }> {
  const errors: Errors = {};
  const { mode, position } = settings;
  if (position !== null && !(Number.isInteger(position) && position >= 0)) {
    errors.position = { text: `position: expected a whole number from 0, got ${position}` };
  }
  let pairs: Pair[] = [];
  try {
    pairs = pairsOf(settings);
  } catch (error) {
    if (!(error instanceof PairsError)) throw error;
    errors[mode === "lines" ? "lines" : "fillings"] = { text: error.message };
  }
  const tokens = await Promise.all(pairs.map((pair) => tokenise(model, pair, settings, errors)));
  return { pairs, tokens, errors };
}

/** A pair's tokens; an error beside the field where there are none. */
async function tokenise(model: PathPatch, pair: Pair, settings: Settings, errors: Errors): Promise<PairTokens> {
  const of = async (field: keyof Pair): Promise<Token[]> => {
    const isPrompt = field === "clean" || field === "corrupted";
    try {
      return await model.tokenize(pair[field], { prependBos: isPrompt && settings.prependBos });
    } catch (error) {
      errors[settings.mode === "lines" ? "lines" : field] ??= fieldError(error, settings);
      return [];
    }
  };
  const one = (list: Token[]) => (list.length === 1 ? list[0]! : null);
  const [clean, corrupted] = [await of("clean"), await of("corrupted")];
  return { clean, corrupted, answer: one(await of("answer")), distractor: one(await of("distractor")) };
}

/** Which part of the form an error of the engine is about. */
export function fieldOf(error: unknown, { mode, position }: Settings): Field | undefined {
  if (!(error instanceof PathPatchError)) return undefined;
  const field = error.code === "metric" && position !== null ? "position" : FIELD_OF[error.code];
  return mode === "lines" && field && field !== "metric" && field !== "position" ? "lines" : field;
}

export function fieldError(error: unknown, { mode }: Settings): FieldError {
  // What would do in place of one pair's answer is not what to write into a template.
  const suggestion = error instanceof PathPatchError && mode === "one" ? error.suggestion : undefined;
  return { text: messageOf(error), suggestion };
}
