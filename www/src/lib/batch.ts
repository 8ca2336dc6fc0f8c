// From one pair to many and back, so that nothing typed is lost on the way; and changes of single rows.

import { FIELDS, hasSlots, linesOf, type Mode, type Pair, PairsError, type Prompts, pairsOf } from "./pairs";

/** What of the form changes, and the pair to look at then. */
export interface Switched {
  change: Partial<Prompts>;
  pair: number;
}

const isSamePair = (a: Pair, b: Pair): boolean => FIELDS.every((field) => a[field] === b[field]);
const isEmpty = (pair: Pair): boolean => FIELDS.every((field) => pair[field].trim() === "");

/** The pairs that prompts mean; none where they cannot be read. */
export function pairsIn(prompts: Prompts): Pair[] {
  try {
    return pairsOf(prompts);
  } catch (error) {
    if (error instanceof PairsError) return [];
    throw error;
  }
}

/** The form in another mode; `at` is the pair that is looked at. */
export function switched(prompts: Prompts, mode: Mode, at: number): Switched {
  const now = pairsIn(prompts);
  const pair = now[Math.min(at, now.length - 1)];
  if (mode === prompts.mode) return { change: {}, pair: at };
  // The fields hold the template while there is one; rows have the pair itself.
  const fields = pair ? fieldsOf(pair) : {};
  if (mode === "one") return { change: { mode, ...fields }, pair: 0 };
  if (mode === "template") return { change: { mode, ...(prompts.mode === "lines" ? fields : {}) }, pair: 0 };
  if (prompts.mode === "template") return { change: { mode, lines: now.length > 0 ? linesOf(now) : prompts.lines }, pair: at };
  const rows = prompts.lines.trim() === "" ? [] : pairsIn({ ...prompts, mode: "lines" });
  // Rows that cannot be read stay as they are, to be mended.
  const isBroken = rows.length === 0 && prompts.lines.trim() !== "";
  if (!pair || isEmpty(pair) || isBroken) return { change: { mode }, pair: 0 };
  const there = rows.findIndex((row) => isSamePair(row, pair));
  if (there >= 0) return { change: { mode }, pair: there };
  return { change: { mode, lines: linesOf([...rows, pair]) }, pair: rows.length };
}

const fieldsOf = ({ clean, corrupted, answer, distractor }: Pair): Pair => ({ clean, corrupted, answer, distractor });

/** The rows with changes to some; whatever they came from, they are rows of their own from then on. */
const asRows = (rows: readonly Pair[]): Partial<Prompts> => ({ mode: "lines", lines: linesOf(rows) });

export const withCell = (rows: readonly Pair[], row: number, field: keyof Pair, value: string): Partial<Prompts> =>
  asRows(rows.map((pair, i) => (i === row ? { ...pair, [field]: value } : pair)));

export const withoutRow = (rows: readonly Pair[], row: number): Partial<Prompts> => asRows(rows.filter((_, i) => i !== row));

/** More rows after one; an only row that says nothing gives way to them. */
export function withRows(rows: readonly Pair[], after: number, more: readonly Pair[]): Partial<Prompts> {
  const kept = rows.length === 1 && isEmpty(rows[0]!) ? [] : rows;
  const at = Math.min(after + 1, kept.length);
  return asRows([...kept.slice(0, at), ...more, ...kept.slice(at)]);
}

/**
 * A token in the place of the answer or the distractor of one pair, or beside what is there: of the form's only pair in
 * its field, of one of many in its row. Nothing changes where the pairs cannot be read.
 */
export function answered(prompts: Prompts, at: number, field: "answer" | "distractor", token: string, isMore: boolean): Partial<Prompts> {
  const rows = pairsIn(prompts);
  const row = Math.min(at, rows.length - 1);
  const isOfRow = prompts.mode === "lines" || (prompts.mode === "template" && hasSlots(prompts));
  if (isOfRow && row < 0) return {};
  const before = isOfRow ? rows[row]![field] : prompts[field];
  const value = isMore && before ? `${before}|${token}` : token;
  return isOfRow ? withCell(rows, row, field, value) : { [field]: value };
}
