// Names for layers whose heads are known for one thing, as the circuit brackets them.

import { nodeName } from "./node";
import type { Band } from "./props";
import type { Roles } from "./roles";

/**
 * A band from the first to the last layer of each role. Where two would overlap, the one that the source names first
 * stands: a circuit has no room for both.
 */
export function bandsOf({ of }: Roles): Band[] {
  const spans = new Map<string, { from: number; to: number }>();
  for (const [node, { plural }] of of) {
    const { layer } = nodeName(node);
    if (layer === null) continue;
    const span = spans.get(plural);
    spans.set(plural, { from: Math.min(layer, span?.from ?? layer), to: Math.max(layer, span?.to ?? layer) });
  }
  const bands: Band[] = [];
  for (const [plural, { from, to }] of spans) {
    if (bands.every((band) => to < band.from || from > band.to)) bands.push({ from, to, text: plural.replace(/ heads$/, "") });
  }
  return bands;
}
