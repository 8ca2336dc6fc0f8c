// The tokens of prompts: how two of them compare, and what of each is shown.

import type { Token } from "../engine/types";
import { commonPlaces } from "./common";

/** A position of two prompts laid side by side; null where one has nothing there. */
export interface Column {
  clean: Token | null;
  corrupted: Token | null;
  differs: boolean;
}

/**
 * Two prompts side by side: position by position where they are of one length; else by what they have in common, with
 * gaps between where one of them has more.
 */
export function align(clean: Token[], corrupted: Token[]): Column[] {
  const column = (a: Token | undefined, b: Token | undefined) => ({ clean: a ?? null, corrupted: b ?? null, differs: a?.id !== b?.id });
  if (clean.length === corrupted.length) return clean.map((token, i) => column(token, corrupted[i]));
  const columns: Column[] = [];
  let [i, j] = [0, 0];
  const fill = (x: number, y: number) => {
    while (i < x || j < y) columns.push(column(i < x ? clean[i++] : undefined, j < y ? corrupted[j++] : undefined));
  };
  for (const [x, y] of commonPlaces([clean.length, corrupted.length], (x, y) => clean[x]!.id === corrupted[y]!.id)) {
    fill(x, y);
    columns.push(column(clean[i++], corrupted[j++]));
  }
  fill(clean.length, corrupted.length);
  return columns;
}

/** What stands for letters that are not seen, or that turn the direction of what follows. */
const SIGNS: Record<string, string> = { " ": "·", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽", "·": "[·]" };
const UNSEEN = /[ ·\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]/g;

/** A token's text with its spaces, line ends and whatever else is not seen made visible. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (letter) => {
    const code = letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return SIGNS[letter] ?? `[U+${code}]`;
  });
}

/** At most so many letters, none of them cut in two. */
export function shortened(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}
