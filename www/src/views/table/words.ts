// What the table of edges says above its rows: how many there are of what was asked for, and why there may be none.

import type { EdgeFilter } from "../../core/edge-filter";
import { countsOf, places, type Table } from "../../core/table";
import { formatCount } from "../../lib/format";
import { stillWords } from "../words";

export interface Found {
  table: Table;
  /** What a reader wrote, and what was understood of it. */
  text: string;
  filter: EdgeFilter | null;
  /** Edges that fit, and those of them that move the metric by no more than rounding, which are not among them. */
  found: number;
  still: number;
  /** How many rows there can be. */
  most: number;
}

export function countWords({ table, text, filter, found, still, most }: Found): string {
  if (text !== "" && !filter) return `“${text}” names no part: write 9.6 or L9H6, m3, input or logits, 9. for a layer’s heads, 0.3 > 1.3 for an edge, key for an input.`;
  // A file may hold the strongest edges alone.
  const isWhole = countsOf(table).unknown === 0;
  const known = (edges: string): string => (isWhole ? edges : `known ${edges}`);
  const edges = known(filter?.says ?? "edges that move the metric");
  const others = still > 0 ? `; ${formatCount(still)} more ${still === 1 ? "moves" : "move"} it by no more than rounding` : "";
  if (found > 0) {
    const counted = found === 1 ? edges.replace(/\bedges\b/, "edge") : edges;
    return `${formatCount(found)} ${counted}${found > most ? `, of which the first ${formatCount(most)} are here` : ""}${others}`;
  }
  if (places(table).length === 0) return "Nothing is known of any edge yet.";
  if (!filter) return stillWords(table);
  if (still > 0) return `${formatCount(still)} ${edges}, none of which moves the metric by more than rounding`;
  return isWhole ? `There are no ${edges}.` : `There are no ${edges} here.`;
}
