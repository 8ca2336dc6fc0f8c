// What is wrong with a question, or worth knowing about it, and beside which field of the form that stands.

import type { ErrorCode, Warning } from "../engine/types";
import type { Pair } from "../lib/pairs";
import type { Settings } from "../lib/settings";

/** The parts of the form that an error or a warning can stand beside. */
export type Field = keyof Pair | "lines" | "fillings" | "metric" | "position";

/** A sentence, and what would do in place of what is there. */
export interface Note {
  text: string;
  suggestion?: string;
}

export type Notes = Partial<Record<Field, Note[]>>;

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

/** What would do in place of one pair's answer is not what to write into a template or into lines. */
export const noteOf = (text: string, suggestion: string | undefined, { mode }: Settings): Note =>
  suggestion === undefined || mode !== "one" ? { text } : { text, suggestion };

/** Warnings by field; those of no field by themselves. */
export function warningNotes(warnings: readonly Warning[], settings: Settings): { fields: Notes; others: string[] } {
  const fields: Notes = {};
  const others: string[] = [];
  for (const { code, message, suggestion } of warnings) {
    const field = fieldOf(code, settings);
    if (field) (fields[field] ??= []).push(noteOf(message, suggestion, settings));
    else others.push(message);
  }
  return { fields, others };
}
