// A token that a run says, as it is read in a list: without the space that joins it to the prompt.

import type { Token } from "../engine/types";
import { visible } from "./tokens";

/** A token without a text is its id. */
export function sayOf({ id, text }: Token): string {
  if (text === "") return `token ${id}`;
  if (text.includes("\ufffd")) return `bytes, token ${id}`;
  return visible(/^ \S/.test(text) ? text.slice(1) : text);
}
