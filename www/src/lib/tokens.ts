// Comparing the tokens of two prompts.

import type { Token } from "../engine/types";

/** For each position of the longer prompt, whether the two differ there. */
export function differences(a: Token[], b: Token[]): boolean[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => a[i]?.id !== b[i]?.id);
}

/** A token's text with its spaces and line ends made visible. */
export function visible(text: string): string {
  return text.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "⇥");
}
