// The lattice by keyboard: the parts that have an edge, row by row, and where each arrow key leads.

import { nodeName } from "../../core/node";

/** Something in its place. */
export interface Placed {
  name: string;
  spot: { x: number };
}

/** The rows from the logits down to the input, each from left to right; an MLP stands in its layer's row. */
export function rowsOf<P extends Placed>(parts: readonly P[]): P[][] {
  const heights = [...new Set(parts.map(({ name }) => heightOf(name)))].sort((a, b) => b - a);
  const inRow = (height: number) => parts.filter(({ name }) => heightOf(name) === height);
  return heights.map((height) => inRow(height).sort((a, b) => a.spot.x - b.spot.x));
}

function heightOf(name: string): number {
  const { kind, layer } = nodeName(name);
  if (kind === "input") return Number.NEGATIVE_INFINITY;
  return layer ?? Number.POSITIVE_INFINITY;
}

/** Where a key leads from a part; null for other keys. At the end of a row or column it stays. */
export function neighbour<P extends Placed>(rows: readonly P[][], from: P, key: string): P | null {
  const at = rows.findIndex((row) => row.includes(from));
  const row = rows[at];
  if (!row) return null;
  const i = row.indexOf(from);
  if (key === "ArrowLeft") return row[Math.max(0, i - 1)]!;
  if (key === "ArrowRight") return row[Math.min(row.length - 1, i + 1)]!;
  if (key === "Home") return row[0]!;
  if (key === "End") return row.at(-1)!;
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + (key === "ArrowUp" ? -1 : 1)))]!;
  if (next === row) return from;
  return next.reduce((a, b) => (Math.abs(b.spot.x - from.spot.x) < Math.abs(a.spot.x - from.spot.x) ? b : a));
}
