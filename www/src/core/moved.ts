// What an edge changes at the output: the tokens whose probability it moves most, and always what the question asks for.
//
// An edge in detail lists the tokens that rise most and those that fall most. A token that is asked for and not listed
// has moved by less than the last one listed on either side.

import type { EdgeDetail, Prediction, Token } from "../engine/types";
import { shortened } from "../lib/tokens";
import type { ChosenEdge } from "./chosen";
import { runsOf } from "./direction";
import { word } from "./words";

export interface OutputRow {
  text: string;
  /** Whether the question names it as answer or distractor. */
  isAsked: boolean;
  before: number;
  /** With the patch; as before where only `within` is known. */
  after: number;
  /** By how much it has moved at most, where that alone is known. */
  within: number | null;
  /** In the other run; null where it is not known. */
  other: number | null;
}

interface Named {
  id: number;
  row: OutputRow;
}

/** Tokens that are shown. */
const MOST = 5;
/** A probability that moves by less is not shown to have moved. */
export const LEAST_MOVED = 0.001;
const LETTERS = 12;

/** The largest changes first; what is asked for has a row though it is still. */
export function movedOf({ table, pairs, pair, predictions }: ChosenEdge, { moved, tokens }: EdgeDetail): OutputRow[] {
  const { base, other } = runsOf(table);
  const asked = pairs[pair]!;
  const known = predictions[pair];
  const both = [known?.top, known?.answers, known?.distractors].flatMap((of) => (of ? [of] : []));
  const saidIn = (run: typeof base) => new Map(both.flatMap((of) => of[run].map(({ id, probability }: Prediction) => [id, probability] as const)));
  const [before, others] = [saidIn(base), saidIn(other)];
  const named = (token: Token) => shortened(word(token), LETTERS);
  const isAsked = (id: number) => [...asked.answer, ...asked.distractor].some((token) => token.id === id);
  const rows: Named[] = moved.map(({ id, probability: [from, to] }, i) => ({
    id,
    row: { text: named(tokens[i] ?? { id, text: "" }), isAsked: isAsked(id), before: from, after: to, within: null, other: others.get(id) ?? null },
  }));
  const within = boundOf(moved);
  const still = (token: Token): Named[] => {
    const probability = before.get(token.id);
    if (probability === undefined) return [];
    return [{ id: token.id, row: { text: named(token), isAsked: true, before: probability, after: probability, within, other: others.get(token.id) ?? null } }];
  };
  // Of a set, the token that moves most; where none is listed, the likeliest.
  const first = (set: readonly Token[]) =>
    rows.filter(({ id }) => set.some((token) => token.id === id)).sort(bySize)[0] ??
    set.flatMap(still).sort((a, b) => b.row.before - a.row.before)[0];
  const always = [first(asked.answer), first(asked.distractor)].flatMap((one) => (one ? [one] : []));
  const rest = rows.filter((one) => !always.includes(one) && changeOf(one.row) >= LEAST_MOVED).sort(bySize);
  return [...always, ...rest.slice(0, MOST - always.length)].sort(bySize).map(({ row }) => row);
}

const changeOf = ({ before, after }: OutputRow): number => Math.abs(after - before);

const bySize = (a: Named, b: Named): number => changeOf(b.row) - changeOf(a.row);

/** The rises come first, then the falls, as many; what is not listed lies between the two. */
function boundOf(moved: EdgeDetail["moved"]): number {
  const half = moved.length / 2;
  const between = moved.slice(Math.max(0, Math.floor(half) - 1), Math.ceil(half) + 1);
  return Math.max(0, ...between.map(({ probability: [before, after] }) => Math.abs(after - before)));
}
