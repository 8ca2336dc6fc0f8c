// Which row of a head's attention tells what a patch did to it, and how its attention moved.

import type { EdgeDetail } from "../engine/types";
import { placeOfLargest } from "../lib/largest";

/** A row that moves at least so much of the largest is told from the position that the metric reads, if it is there. */
const ENOUGH = 0.5;
/** Attention that moves by less than a point of a hundred is not worth a word. */
export const LEAST_SHIFT = 0.01;

/** A square pattern's row: where the token at `query` looks. */
export function rowOf(pattern: ArrayLike<number>, tokens: number, query: number): number[] {
  return Array.from({ length: tokens }, (_, key) => pattern[query * tokens + key] ?? 0);
}

/** The position to look from: the one that the metric reads, unless another one has much more to tell. */
export function telling(scores: readonly number[], read: number): number {
  const most = scores.reduce((best, score, i) => (score > (scores[best] ?? 0) ? i : best), read);
  return (scores[read] ?? 0) >= ENOUGH * (scores[most] ?? 0) ? read : most;
}

/** How much of each token's attention is moved by the patch, from 0 to 1. */
export function moves(before: ArrayLike<number>, after: ArrayLike<number>, tokens: number): number[] {
  return Array.from({ length: tokens }, (_, query) => {
    const [a, b] = [rowOf(before, tokens, query), rowOf(after, tokens, query)];
    return a.reduce((sum, share, key) => sum + Math.abs(b[key]! - share), 0) / 2;
  });
}

/** What the patch adds at each position, as a share of the length of what is read there. */
export const addedShares = ({ added, length }: Pick<EdgeDetail, "added" | "length">): number[] =>
  added.map((size, i) => size / (length[i] || 1));

/** How much of what each token picks up through its attention is changed. */
export function pickedUp(pattern: ArrayLike<number>, added: readonly number[]): number[] {
  const tokens = added.length;
  return added.map((_, query) => rowOf(pattern, tokens, query).reduce((sum, share, key) => sum + share * added[key]!, 0));
}

export interface Shift {
  /** `turn`: another token is looked at most. `more`: shares move, the first stays first. `none`: less than a point. */
  kind: "turn" | "more" | "none";
  /** Where attention goes, and where it comes from; null where no single token gains, or loses, a point. */
  to: number | null;
  from: number | null;
}

/** What becomes of where one token looks. */
export function shiftOf(before: readonly number[], after: readonly number[]): Shift {
  const [first, then] = [placeOfLargest(before), placeOfLargest(after)];
  const change = after.map((share, i) => share - before[i]!);
  if (first !== then && change[then]! >= LEAST_SHIFT && -change[first]! >= LEAST_SHIFT) return { kind: "turn", to: then, from: first };
  const gain = placeOfLargest(change);
  const loss = placeOfLargest(change.map((by) => -by));
  const to = change[gain]! >= LEAST_SHIFT ? gain : null;
  const from = -change[loss]! >= LEAST_SHIFT ? loss : null;
  return { kind: to === null && from === null ? "none" : "more", to, from };
}
