// What a reader writes to find edges: heads, in any of the ways that people write them.

import type { EdgeId, Head } from "./result";

type Fits = (edge: Pick<EdgeId, "src" | "dst">) => boolean;

/** `9.6`, `L9H6`, `a9.h6`, or `9.` and `L9` for a layer's. */
const HEAD = /^[la]?(\d+)(?:(?:\.h?|h)(\d*))?$/i;

/**
 * Edges of one head or layer, at either end; of two, from the first to the second (`0.3 1.3`, `0.3 -> 1.3`). Null
 * where the text names none, or where there is none.
 */
export function headFilter(text: string): Fits | null {
  const names = text.split(/->|→|[\s,;]+/).filter(Boolean);
  if (names.length === 0 || names.length > 2) return null;
  const [first, second] = names.map(isOneOf);
  if (!first || (names.length === 2 && !second)) return null;
  if (second) return ({ src, dst }) => first(src) && second(dst);
  return ({ src, dst }) => first(src) || first(dst);
}

function isOneOf(name: string): ((head: Head) => boolean) | null {
  const [, layer, head] = HEAD.exec(name) ?? [];
  if (layer === undefined) return null;
  return (at) => at.layer === Number(layer) && (head === undefined || head === "" || at.head === Number(head));
}
