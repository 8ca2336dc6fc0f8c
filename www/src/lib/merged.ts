// Two prompts as one: what they share once, and where they differ both.

import type { Token } from "../engine/types";
import { type Placed, placed } from "./placed";
import { align } from "./tokens";

/** A position of both prompts; null where one of them has nothing there. */
export interface MergedColumn {
  readonly clean: Placed | null;
  readonly corrupted: Placed | null;
  readonly differs: boolean;
}

/** Both prompts with their tokens. */
export interface TokenPair {
  readonly clean: string;
  readonly corrupted: string;
  readonly tokens: { readonly clean: Token[]; readonly corrupted: Token[] };
}

/** Both prompts, position by position; `hasStart` says that a beginning-of-text token was put in front. */
export function merged({ clean, corrupted, tokens }: TokenPair, hasStart: boolean): MergedColumn[] {
  const [ours, theirs] = [placed(tokens.clean, clean, hasStart), placed(tokens.corrupted, corrupted, hasStart)];
  let [i, j] = [0, 0];
  return align(tokens.clean, tokens.corrupted).map(({ clean: a, corrupted: b, differs }) => ({
    clean: a && ours[i++]!,
    corrupted: b && theirs[j++]!,
    differs,
  }));
}

/** The prompt as it stands at a column: the clean one where both are the same. */
export const placeOf = ({ clean, corrupted }: MergedColumn): Placed => (clean ?? corrupted)!;

/** Where the metric reads, counted from the start; positions below 0 count from the end. */
export const positionIn = (position: number | null, length: number): number => {
  const from = position ?? -1;
  return from < 0 ? length + from : from;
};

/**
 * A position as the form says it: from the end where prompts are of several lengths, since they end alike; null for the
 * last token of each.
 */
export function positionFor(at: number, length: number, lengths: readonly number[]): number | null {
  if (at === length - 1) return null;
  return lengths.every((one) => one === length) ? at : at - length;
}
