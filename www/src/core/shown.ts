// Which edges a picture shows: those of an effect that the reader sets, and no more than so many of them.

import { formatEdges, formatRound, formatStrongest } from "../lib/format";
import { countAbove, countsOf, type Edge, edgeAt, noiseOf, reachOf, strongest, type Table } from "./table";
import type { View } from "./view";

/** What is shown of a table. */
export interface Shown {
  /** Strongest first. */
  edges: Edge[];
  /** The effect that each has at least; above rounding. */
  least: number;
  /** How many edges have as much as was asked for. */
  above: number;
  /** Whether there were too many, so that `least` is the effect of the weakest that is shown. */
  isCapped: boolean;
}

/** The edges that a view shows. Its `least` is a share of the largest effect. */
export function shownEdges(table: Table, { edges: most, least: share }: Pick<View, "edges" | "least">): Shown {
  const wanted = leastOf(table, share);
  const above = countAbove(table, wanted);
  const edges = strongest(table, most, wanted);
  const isCapped = above > edges.length;
  return { edges, least: isCapped ? Math.abs(edges.at(-1)?.effect ?? wanted) : wanted, above, isCapped };
}

/** The same with the chosen edge, however weak it is. */
export function withChosen(table: Table, { edges }: Shown, chosen: { from: string; to: string } | null): Edge[] {
  if (!chosen || edges.some(({ from, to }) => from === chosen.from && to === chosen.to)) return edges;
  const edge = edgeAt(table, chosen);
  return edge ? [...edges, edge] : edges;
}

/** A share of the largest effect in the metric's units, to two digits so that it can be said; above rounding. */
export function leastOf(table: Table, share: number): number {
  const reach = reachOf(table);
  return Math.max(noiseOf(table), Math.min(reach, Number((share * reach).toPrecision(2))));
}

/** An effect as a share of the largest, as a view keeps it. */
export function shareOf(table: Table, least: number): number {
  const reach = reachOf(table);
  if (reach === 0 || least <= noiseOf(table)) return 0;
  const share = Math.min(1, Number((least / reach).toPrecision(4)));
  // A link has no exponents.
  return share < 1e-6 ? 0 : share;
}

/** `41 edges of 0.02 or more`, `the 30 strongest of 262 edges`, `… of 241 edges that move the metric`; of a table that has not all of them, those that are known. */
export function shownWords(table: Table, { edges, least, above, isCapped }: Shown): string {
  const known = countsOf(table).unknown > 0 ? "known " : "";
  if (edges.length === 0) return `no ${known}edge moves the metric`;
  if (isCapped) {
    const moving = countAbove(table, noiseOf(table));
    // Where others do nothing, the count is not that of all edges.
    const which = moving < countsOf(table).edges - countsOf(table).unknown ? ` that ${moving === 1 ? "moves" : "move"} the metric` : "";
    return `the ${formatStrongest(edges.length)} of ${formatEdges(moving, known)}${which}`;
  }
  const all = formatEdges(above, known);
  return least <= noiseOf(table) ? `${all}, every one that moves the metric` : `${all} of ${formatRound(least)} or more`;
}
