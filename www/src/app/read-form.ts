// What the form holds, read by a model: pairs, their tokens, and which field is wrong.

import { type Field, fieldOf, NO_POSITION, type Note, noteOf, type Notes, type RowNote, sentence } from "../core/notes";
import { metricOptions, type PairTokens } from "../core/request";
import { type PathPatch, PathPatchError, type Token } from "../engine/pathpatch";
import type { Warning } from "../engine/types";
import { nearest } from "../lib/near";
import { FIELDS, linesIn, type Pair, PairsError, pairsOf } from "../lib/pairs";
import { plainly, sayEmpty, sayLengths, sayUnknown, type Subject, unknownIn } from "../lib/plain";
import type { Settings } from "../lib/settings";
import { replaceWord } from "../lib/words";

export interface Reading {
  pairs: Pair[];
  tokens: PairTokens[];
  /** What is wrong, by field; of pasted rows, what is wrong with all of them. */
  errors: Notes;
  /** What is wrong with single rows. */
  rows: RowNote[];
}

type Model = Pick<PathPatch, "tokenize" | "answerTokens" | "complete" | "config">;

const SUBJECTS: Record<keyof Pair, Subject> = {
  clean: "clean prompt",
  corrupted: "corrupted prompt",
  answer: "answer",
  distractor: "distractor",
};

/**
 * The pairs that are meant with their tokens, as far as there are any, and what is wrong beside its field. Throws
 * the signal's reason as soon as that is aborted.
 */
export async function readForm(model: Model, settings: Settings, signal: AbortSignal): Promise<Reading> {
  const errors: Notes = {};
  const rows: RowNote[] = [];
  const { mode, position, prependBos } = settings;
  if (position !== null && !Number.isInteger(position)) errors.position = [{ text: NO_POSITION }];
  let pairs: Pair[] = [];
  try {
    pairs = pairsOf(settings);
  } catch (error) {
    if (!(error instanceof PairsError)) throw error;
    errors[mode === "lines" ? "lines" : "fillings"] = [{ text: error.message }];
  }
  const note = (pair: number, field: keyof Pair, { text, mends }: Note) => {
    if (mode === "lines") rows.push({ pair, field, text, mends });
    else errors[field] ??= [{ text: `${lineOf(settings, pair)}${text}`, mends }];
  };
  const tokens: PairTokens[] = [];
  for (const [i, pair] of pairs.entries()) {
    const tokensOf = async (field: keyof Pair): Promise<Token[]> => {
      try {
        if (field === "clean" || field === "corrupted") return await model.tokenize(pair[field], { prependBos });
        return pair[field] === "" ? [] : await model.answerTokens(pair[field], field);
      } catch (error) {
        if (!isAboutText(error, settings)) throw error;
        note(i, field, await explain(model, error, field, mode === "lines" ? pair[field] : settings[field], settings));
        return [];
      }
    };
    const [clean, corrupted, answer, distractor] = await Promise.all(FIELDS.map(tokensOf));
    signal.throwIfAborted();
    tokens.push({ clean: clean!, corrupted: corrupted!, answer: answer!, distractor: distractor! });
    for (const field of ["clean", "corrupted"] as const) {
      if (isBare(tokens[i]![field], pair[field])) note(i, field, { text: sayEmpty(SUBJECTS[field]) });
    }
    const [a, b] = [clean!.length, corrupted!.length];
    const isRead = pair.clean !== "" && pair.corrupted !== "" && a > 0 && b > 0;
    if (isRead && a !== b) note(i, "corrupted", { text: sayLengths(a, b) });
  }
  return { pairs, tokens, errors, rows };
}

/** Whether something is wrong that has to be mended before a run. */
export const isWrong = ({ errors, rows }: Pick<Reading, "errors" | "rows">): boolean => rows.length > 0 || Object.keys(errors).length > 0;

/** Whether there is nothing but a beginning-of-text token, which nobody wrote. */
const isBare = (tokens: readonly Token[], text: string): boolean => text.trim() === "" && tokens.length <= 1;

/** What a template's error begins with, where it has several lines. */
function lineOf({ mode, fillings }: Settings, pair: number): string {
  const lines = mode === "template" ? linesIn(fillings) : [];
  return lines.length > 1 ? `Line ${lines[pair]?.number}: ` : "";
}

/** What the engine refuses of a text, as the reader is told; `text` is what stands in the field. */
async function explain(model: Model, error: PathPatchError, field: keyof Pair, text: string, settings: Settings): Promise<Note> {
  const unknown = unknownIn(error);
  if (!unknown) return noteOf(plainly(error, SUBJECTS[field]) ?? sentence(error.message), error.suggestion, settings);
  const told = sayUnknown(unknown, model.config.d_vocab);
  if (!unknown.areWords) return { text: told };
  const isOne = unknown.words.length + unknown.more === 1;
  const mends = await Promise.all(
    unknown.words.map(async (word) => {
      const near = nearest(word, await wordsLike(model, word));
      const shown = isOne ? near : near.slice(0, 1);
      return shown.map((other) => ({ name: isOne ? `Use “${other}”` : `“${word}” → “${other}”`, value: replaceWord(text, word, other) }));
    }),
  );
  const all = mends.flat();
  return all.length > 0 ? { text: `${told} Did you mean …`, mends: all } : { text: told };
}

/** As many words as begin alike in any vocabulary of words. */
const MOST_ALIKE = 1000;

/** The words of the vocabulary that begin as a word does, small or capital. */
async function wordsLike(model: Pick<Model, "complete">, word: string): Promise<string[]> {
  const [first = ""] = word;
  const starts = new Set([first.toLowerCase(), first.toUpperCase()]);
  const found = await Promise.all([...starts].map((start) => model.complete(start, { limit: MOST_ALIKE })));
  return found.flat().map(({ text }) => text);
}

/** Whether a text is to blame, and not the engine that should have read it. */
function isAboutText(error: unknown, settings: Settings): error is PathPatchError {
  return error instanceof PathPatchError && (error.code === "tokenizer" || fieldOf(error.code, settings) !== undefined);
}

/** A form that was read, and what is worth knowing of its question though it can be run. */
export interface Checked extends Reading {
  warnings: Warning[];
}

/** Check the question without running it: what it cannot be run for is wrong beside its field, too. */
export async function checkForm(model: Pick<PathPatch, "check">, settings: Settings, reading: Reading, signal: AbortSignal): Promise<Checked> {
  const { patch } = settings;
  try {
    const warnings = await model.check({ ...metricOptions(settings, reading.pairs), patch, signal });
    return { ...reading, warnings };
  } catch (error) {
    const refused = fieldError(error, settings);
    if (!refused) throw error;
    const { notes, rows } = refused;
    return { ...reading, errors: { ...reading.errors, ...notes }, rows: [...reading.rows, ...rows], warnings: [] };
  }
}

/** The field, and the row, that an error of a run is about, with what it says; null where no field is to blame. */
export function fieldError(error: unknown, settings: Settings): { notes: Notes; rows: RowNote[] } | null {
  if (!(error instanceof PathPatchError)) return null;
  const field = fieldOf(error.code, settings);
  if (!field) return null;
  const subject = subjectOf(error.what ?? "");
  const text = plainly(error, subject ?? "answer") ?? sentence(error.message);
  const pair = Number(/^pair (\d+): /.exec(error.what ?? "")?.[1] ?? Number.NaN) - 1;
  const { text: told, mends } = noteOf(text, error.suggestion, settings);
  const of = Object.keys(SUBJECTS).find((key) => SUBJECTS[key as keyof Pair] === subject) as keyof Pair | undefined;
  if (field === "lines" && of && pair >= 0) return { notes: {}, rows: [{ pair, field: of, text: told, mends }] };
  return { notes: { [field satisfies Field]: [{ text: `${pair >= 0 ? lineOf(settings, pair) : ""}${told}`, mends }] }, rows: [] };
}

const subjectOf = (what: string): Subject | undefined => Object.values(SUBJECTS).find((subject) => what.includes(subject));
