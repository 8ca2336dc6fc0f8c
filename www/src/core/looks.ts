// Where a head looks, in the runs that an edge is about: one row of its attention in each, over the tokens that matter.

import type { Both, EdgeDetail, EdgeName, Token } from "../engine/types";
import { addedShares, moves, pickedUp, rowOf, telling } from "./attention";
import { nodeName, nodeOf, shortLabel } from "./node";
import type { Table } from "./table";
import { wordAt } from "./words";

export interface LooksRow {
  name: string;
  /** Which run it is of: clean is solid, corrupted hollow, patched in the colour of the choice. */
  run: "clean" | "corrupted" | "patched";
  /** By column, from 0 to 1. */
  shares: number[];
  /** All other tokens together. */
  rest: number;
}

export interface Looks {
  /** Whose attention it is. */
  head: string;
  /** The token that looks. */
  from: string;
  /** The columns' tokens: the base run's, with the other run's where they differ. */
  columns: { position: number; text: string; isMarked: boolean; isFrom: boolean }[];
  /** How many tokens have no column of their own. */
  others: number;
  rows: LooksRow[];
  /** Whether the patch leaves this attention as it is. */
  isUnmoved: boolean;
}

/** Columns that can be told apart, one of them for all others. */
const MOST_COLUMNS = 18;
/** Tokens that stand out. */
const MARKED = 2;

/** Null where neither end of the edge is a head. */
export function looksOf(
  edge: EdgeName,
  { direction }: Pick<Table, "direction">,
  detail: EdgeDetail,
  tokens: Both<readonly Token[]>,
  read: number,
): Looks | null {
  const [base, other] = direction === "denoise" ? (["corrupted", "clean"] as const) : (["clean", "corrupted"] as const);
  const n = tokens[base].length;
  const { kind, port } = nodeName(edge.to);
  const head = detail.dst ?? detail.src;
  if (!head) return null;
  const isMoved = detail.dst !== null && port !== "v";
  const before = head.pattern[base];
  const added = addedShares(detail);
  // Where the receiver is no head, the token that the sender writes at is the one that the change is read at.
  const scores = isMoved ? moves(before, detail.patched, n) : detail.dst ? pickedUp(before, added) : kind === "logits" ? [] : added;
  const query = telling(scores, read);
  const all = [
    { name: isMoved ? "before" : `${base} run`, run: base, shares: rowOf(before, n, query) },
    ...(isMoved ? [{ name: "after", run: "patched" as const, shares: rowOf(detail.patched, n, query) }] : []),
    { name: `${other} run`, run: other, shares: rowOf(head.pattern[other], n, query) },
  ];
  const [first, second] = all.map(({ shares }) => shares) as [number[], number[]];
  const change = first.map((share, key) => Math.abs(second[key]! - share));
  const marked = largest(change.length ? change : first, MARKED);
  const most = first.map((_, key) => Math.max(...all.map(({ shares }) => shares[key]!)));
  const kept = n <= MOST_COLUMNS ? first.map((_, key) => key) : inOrder(new Set([...marked, query, ...largest(most, MOST_COLUMNS - 1)]), MOST_COLUMNS - 1);
  const isKept = new Set(kept);
  const text = (key: number): string => {
    const [mine, theirs] = [wordAt(tokens[base], key), wordAt(tokens[other], key)];
    return mine === theirs ? mine : `${mine}/${theirs}`;
  };
  return {
    head: shortLabel(detail.dst ? nodeOf(edge.to) : edge.from),
    from: wordAt(tokens[base], query),
    columns: kept.map((position) => ({ position, text: text(position), isMarked: marked.includes(position), isFrom: position === query })),
    others: n - kept.length,
    rows: all.map(({ name, run, shares }) => ({
      name,
      run,
      shares: kept.map((key) => shares[key]!),
      rest: shares.reduce((sum, share, key) => sum + (isKept.has(key) ? 0 : share), 0),
    })),
    isUnmoved: !isMoved,
  };
}

/** Places of the largest values, largest first. */
const largest = (values: readonly number[], most: number): number[] =>
  values
    .map((_, i) => i)
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, most);

const inOrder = (keys: Set<number>, most: number): number[] => [...keys].slice(0, most).sort((a, b) => a - b);
