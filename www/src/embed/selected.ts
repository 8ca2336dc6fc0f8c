// What <path-patching> tells of the edge that a reader chooses.

import { nodeName } from "../core/node";
import type { Look } from "../core/view";

/** `detail` of the event `select`: the edge that the reader looks at, by EAP-IG's names. */
export interface SelectDetail {
  /** `a0.h3`. */
  from: string;
  /** `a1.h2<k>`; null where nothing is known of any edge of the sender. */
  to: string | null;
  /** The same in numbers, where the sender is a head. */
  src: { layer: number; head: number } | null;
  /** Where the receiver is a head's input. */
  dst: { layer: number; head: number } | null;
  /** That input; null for an MLP and the logits. */
  component: "q" | "k" | "v" | null;
}

export function selected({ from, to }: Look): SelectDetail {
  return { from, to, src: headOf(from), dst: to === null ? null : headOf(to), component: to === null ? null : nodeName(to).port };
}

function headOf(name: string): { layer: number; head: number } | null {
  const { layer, head } = nodeName(name);
  return layer === null || head === null ? null : { layer, head };
}
