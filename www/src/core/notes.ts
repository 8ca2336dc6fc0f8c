// What is wrong with a question, or worth knowing about it, and beside which field of the form that stands.

import type { ErrorCode, Warning } from "../engine/types";
import { linesOf, type Pair, spaced } from "../lib/pairs";
import type { Settings } from "../lib/settings";
import { visible } from "../lib/tokens";

/** The parts of the form that an error or a warning can stand beside. */
export type Field = keyof Pair | "lines" | "fillings" | "metric" | "position";

/** One press that mends a field: what its button says, and what then stands in the field. */
export interface Mend {
  name: string;
  value: string;
}

/** A sentence, and what would mend it. */
export interface Note {
  text: string;
  mends?: Mend[];
}

export type Notes = Partial<Record<Field, Note[]>>;

/** A note about one pair of several. */
export interface RowNote extends Note {
  pair: number;
  field: keyof Pair;
}

export const NO_POSITION = "A position is a whole number: 0 is the first token, −1 the last.";

const FIELD_OF: Partial<Record<ErrorCode, Field>> = {
  clean: "clean",
  corrupted: "corrupted",
  "prompt-length": "corrupted",
  answer: "answer",
  distractor: "distractor",
  metric: "metric",
};

/** The field that a code is about; undefined for what no field is to blame for, such as a lost engine. */
export function fieldOf(code: ErrorCode | undefined, { mode, position }: Settings): Field | undefined {
  const field = code === "metric" && position !== null ? "position" : code && FIELD_OF[code];
  const isMeasure = field === "metric" || field === "position";
  return field && mode === "lines" && !isMeasure ? "lines" : field;
}

/** What would do in place of one pair's answer is not what to write into a template or into rows. */
export const noteOf = (text: string, suggestion: string | undefined, { mode }: Settings): Note =>
  suggestion === undefined || mode !== "one" ? { text } : { text, mends: [{ name: `Use “${visible(suggestion)}”`, value: suggestion }] };

/** Warnings by field; those of no field by themselves. `pairs` are those that the form means. */
export function warningNotes(warnings: readonly Warning[], settings: Settings, pairs: readonly Pair[] = []): { fields: Notes; others: string[] } {
  const fields: Notes = {};
  const others: string[] = [];
  for (const { code, message, suggestion } of warnings) {
    const field = fieldOf(code, settings);
    const text = sentence(message);
    if (!field) others.push(message);
    else if (field === "lines" && IS_UNSPACED.test(message)) (fields[field] ??= []).push({ text, mends: [withSpaces(pairs)] });
    else (fields[field] ??= []).push(noteOf(text, suggestion, settings));
  }
  return { fields, others };
}

/** What the engine says of an answer that lacks its space. */
const IS_UNSPACED = /has no leading space/;

/** Rows whose answers all have the space that their prompts call for. */
function withSpaces(pairs: readonly Pair[]): Mend {
  const answers = pairs.map((pair) => ({ ...pair, answer: spaced(pair.clean, pair.answer), distractor: spaced(pair.clean, pair.distractor) }));
  return { name: "Add the spaces", value: linesOf(answers) };
}

/** A message as a sentence. */
export function sentence(message: string): string {
  const text = message.slice(0, 1).toUpperCase() + message.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
