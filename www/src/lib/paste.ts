// Pairs from whatever was pasted: lines between bars or tabs, a table with or without a header, JSON.

import { dsvFormat } from "d3-dsv";
import { FIELDS, fromLine, fromObject, fromParts, linesIn, type Pair, PairsError, spaced } from "./pairs";

/** Whether a text is more than goes into one cell. */
export const isTable = (text: string): boolean => /[\t\n]/.test(text.trim()) || /^\s*[[{]\s*[{"]/.test(text);

/** The pairs in a text. Throws a `PairsError` that names the line. */
export function pastedPairs(text: string): Pair[] {
  const trimmed = text.replace(/^\ufeff/, "").trim();
  if (trimmed === "") throw new PairsError("There is nothing to read.");
  if (/^\[\s*[\]{]/.test(trimmed) || /^\{\s*"pairs"/.test(trimmed)) return fromArray(trimmed);
  const [first] = linesIn(trimmed);
  const line = first!.line;
  if (/^\s*\{\s*"/.test(line)) return linesIn(trimmed).map((one) => fromLine(one.line, one.number));
  if (line.includes("\t")) return fromTable(dsvFormat("\t").parseRows(trimmed));
  if (line.includes("|")) return fromLines(trimmed);
  const comma = [",", ";"].find((one) => line.includes(one));
  if (comma) return fromTable(dsvFormat(comma).parseRows(trimmed));
  throw new PairsError(`Line ${first!.number} has one part: write clean | corrupted | answer | distractor.`);
}

function fromArray(text: string): Pair[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new PairsError(`This begins like JSON, but cannot be read as JSON: ${(error as Error).message}.`);
  }
  const pairs = Array.isArray(read) ? read : (read as { pairs: unknown }).pairs;
  if (!Array.isArray(pairs) || pairs.length === 0) throw new PairsError("There is no pair in this JSON.");
  return pairs.map((pair, i) => fromObject(pair, i + 1));
}

function fromLines(text: string): Pair[] {
  const [first, ...rest] = linesIn(text);
  const header = headerOf(first!.line.split("|"));
  if (!header) return [first!, ...rest].map(({ line, number }) => fromLine(line, number));
  return rest.map(({ line, number }) => {
    const isSpaced = line.includes(" | ");
    const parts = line.split(isSpaced ? " | " : "|");
    return fromParts(ordered(parts, header), number, isSpaced);
  });
}

/** Names that the columns of a pair go by. */
const NAMES: Record<keyof Pair, RegExp> = {
  clean: /^(clean|original|base)( ?prompt)?$/,
  corrupted: /^(corrupt(ed)?|source|counterfactual)( ?prompt)?$/,
  answer: /^(answers?|correct( answer)?|right|target)$/,
  distractor: /^(distractors?|incorrect( answer)?|wrong( answer)?|foil)$/,
};

/** The column of each part; null where the row is not a header. */
function headerOf(row: readonly string[]): number[] | null {
  const cells = row.map((cell) => cell.trim().toLowerCase().replaceAll("_", " "));
  const columns = FIELDS.map((field) => cells.findIndex((cell) => NAMES[field].test(cell)));
  return columns[0]! >= 0 && columns[1]! >= 0 ? columns : null;
}

const ordered = (parts: readonly string[], header: readonly number[]): string[] => header.map((column) => parts[column] ?? "");

/**
 * The rows of a table. Where no answer in it begins with a space, the table says nothing of spaces, and each answer gets
 * the one that its prompt calls for.
 */
function fromTable(rows: string[][]): Pair[] {
  const numbered = rows.map((cells, i) => ({ cells, number: i + 1 })).filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const header = headerOf(numbered[0]!.cells);
  const body = header ? numbered.slice(1).map(({ cells, number }) => ({ cells: ordered(cells, header), number })) : numbered;
  if (body.length === 0) throw new PairsError("There is a header and no row below it.");
  const pairs = body.map(({ cells, number }) => fromParts(withoutEmptyEnd(cells), number, false));
  const haveSpaces = pairs.some(({ answer, distractor }) => /^\s/.test(answer) || /^\s/.test(distractor));
  if (haveSpaces) return pairs;
  return pairs.map((pair) => ({ ...pair, answer: spaced(pair.clean, pair.answer), distractor: spaced(pair.clean, pair.distractor) }));
}

/** Spreadsheets end rows with empty cells. */
function withoutEmptyEnd(cells: readonly string[]): string[] {
  let end = cells.length;
  while (end > 2 && cells[end - 1]!.trim() === "") end -= 1;
  return cells.slice(0, end);
}
