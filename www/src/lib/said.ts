// What a run says next, as it is read in a list: a token without the space that joins it to the prompt, and how likely
// it is.

import type { Token } from "../engine/types";
import { visible } from "./tokens";

/** A token without a text is its id. */
export function sayOf({ id, text }: Token): string {
  if (text === "") return `token ${id}`;
  if (text.includes("\ufffd")) return `bytes, token ${id}`;
  return visible(/^ \S/.test(text) ? text.slice(1) : text);
}

const rough = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 2 });
/** What is less likely is told as such: of so little nobody reads the digits. */
const TINY = 1e-5;

/** A probability in the room of a list: two digits. */
export const likelihood = (share: number): string => (share !== 0 && share < TINY ? "<0.001%" : rough.format(share));
