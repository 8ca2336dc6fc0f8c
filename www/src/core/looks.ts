// Where a head looks, in the runs that an edge is about: one row of its attention in each, over the tokens that matter.
// Without a head, where what is read changes.

import type { Both, EdgeDetail, EdgeName, Token } from "../engine/types";
import { placesOfLargest } from "../lib/largest";
import { addedShares, moves, pickedUp, rowOf, telling } from "./attention";
import { nodeName, nodeOf, shortLabel } from "./node";
import type { Table } from "./table";
import { ordinalAt, wordAt } from "./words";

export interface LooksRow {
  name: string;
  /** Which run it is of: clean is solid, corrupted hollow, patched in the colour of the choice. */
  run: "clean" | "corrupted" | "patched";
  /** By column. Attention is at most 1; a change may be more than the length of what it changes. */
  shares: number[];
  /** All other tokens together. */
  rest: number;
}

export interface Looks {
  /** What is shown. */
  title: string;
  /** From where, and in what. */
  about: string;
  /** The columns' tokens: the base run's, with the other run's where they differ. */
  columns: { position: number; text: string; isMarked: boolean; isFrom: boolean }[];
  /** How many tokens have no column of their own. */
  others: number;
  rows: LooksRow[];
}

/** Columns that can be told apart, one of them for all others. */
const MOST_COLUMNS = 18;
/** Tokens that stand out. */
const MARKED = 2;

/** Null where the output reads what no head writes: it reads at one token alone. */
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
  const added = addedShares(detail);
  const head = detail.dst ?? detail.src;
  if (!head && kind === "logits") return null;
  const text = (key: number): string => {
    const [mine, theirs] = [wordAt(tokens[base], key), wordAt(tokens[other], key)];
    return mine === theirs ? mine : `${mine}/${theirs}`;
  };
  if (!head) {
    const columns = columnsOf([added], added, null, text);
    const title = `Change of what ${shortLabel(nodeOf(edge.to))} reads`;
    return { title, about: "in % of its length", ...columns([{ name: "patched", run: "patched", shares: added }]) };
  }
  const isMoved = detail.dst !== null && port !== "v";
  const before = head.pattern[base];
  // Where the receiver is no head, the token that the sender writes at is the one that the change is read at.
  const scores = isMoved ? moves(before, detail.patched, n) : detail.dst ? pickedUp(before, added) : kind === "logits" ? [] : added;
  const query = telling(scores, read);
  const all: Omit<LooksRow, "rest">[] = [
    { name: isMoved ? "before" : base, run: base, shares: rowOf(before, n, query) },
    ...(isMoved ? [{ name: "after", run: "patched" as const, shares: rowOf(detail.patched, n, query) }] : []),
    { name: other, run: other, shares: rowOf(head.pattern[other], n, query) },
  ];
  const [first, second] = all.map(({ shares }) => shares) as [number[], number[]];
  // What moves stands out; where nothing does, what is looked at most.
  const change = first.map((share, key) => (isMoved ? Math.abs(second[key]! - share) : Math.max(share, second[key]!)));
  const which = ordinalAt(tokens[base], query);
  return {
    title: `Where ${shortLabel(detail.dst ? nodeOf(edge.to) : edge.from)} looks`,
    about: `from ${which ? `the ${which} ` : ""}“${wordAt(tokens[base], query)}”, in percent`,
    ...columnsOf(all.map(({ shares }) => shares), change, query, text)(all),
  };
}

/** Columns for the tokens that matter: those with the largest `scores` are marked, the token that looks is kept. */
function columnsOf(values: number[][], scores: readonly number[], from: number | null, text: (key: number) => string) {
  const n = scores.length;
  const marked = placesOfLargest(scores, MARKED);
  const most = scores.map((_, key) => Math.max(...values.map((row) => row[key]!)));
  const wanted = new Set([...marked, ...(from === null ? [] : [from]), ...placesOfLargest(most, MOST_COLUMNS - 1)]);
  const kept = n <= MOST_COLUMNS ? scores.map((_, key) => key) : [...wanted].slice(0, MOST_COLUMNS - 1).sort((a, b) => a - b);
  const isKept = new Set(kept);
  return (rows: Omit<LooksRow, "rest">[]): Pick<Looks, "columns" | "others" | "rows"> => ({
    columns: kept.map((position) => ({ position, text: text(position), isMarked: marked.includes(position), isFrom: position === from })),
    others: n - kept.length,
    rows: rows.map(({ name, run, shares }) => ({
      name,
      run,
      shares: kept.map((key) => shares[key]!),
      rest: shares.reduce((sum, share, key) => sum + (isKept.has(key) ? 0 : share), 0),
    })),
  });
}
