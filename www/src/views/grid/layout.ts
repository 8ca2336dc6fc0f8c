// Where the nodes of a grid stand: a column per head and one for the MLPs, a row per layer, layers upward as in the
// circuit; the logits are a row above them, the input one below, each over all columns.

import { nodeName } from "../../core/node";

export interface GridCell {
  /** A node, or a receiver with its input. */
  name: string;
  /** Where it begins, and how many cells it is wide. */
  column: number;
  columns: number;
}

export interface GridLayout {
  columns: { title: string; at: number }[];
  /** In cells. */
  width: number;
  /** From the top. */
  rows: { title: string; cells: GridCell[] }[];
}

/** How far the MLPs stand from the heads, in cells. */
const APART = 0.4;

/** A grid of these names. */
export function layOut(names: readonly string[]): GridLayout {
  const parts = names.map((name) => ({ name, ...nodeName(name) }));
  const heads = [...new Set(parts.flatMap(({ head }) => head ?? []))].sort((a, b) => a - b);
  const hasMlps = parts.some(({ kind }) => kind === "mlp");
  const mlps = heads.length === 0 ? 0 : heads.length + APART;
  const columns = [
    ...heads.map((head, i) => ({ title: String(head), at: i })),
    ...(hasMlps ? [{ title: "MLP", at: mlps }] : []),
  ];
  const width = Math.max(1, hasMlps ? mlps + 1 : heads.length);
  const layers = [...new Set(parts.flatMap(({ layer }) => layer ?? []))].sort((a, b) => b - a);
  const bar = (kind: "input" | "logits") => {
    const bars = parts.filter((part) => part.kind === kind);
    return bars.map(({ name }) => ({ title: name, cells: [{ name, column: 0, columns: width }] }));
  };
  const row = (layer: number) => {
    const cells = parts
      .filter((part) => part.layer === layer)
      .map(({ name, head }) => ({ name, column: head === null ? mlps : heads.indexOf(head), columns: 1 }));
    return { title: String(layer), cells: cells.sort((a, b) => a.column - b.column) };
  };
  return { columns, width, rows: [...bar("logits"), ...layers.map(row), ...bar("input")] };
}

/** Where a key leads from a cell; null where it leads nowhere. A row of one cell is reached from any column. */
export function step({ rows }: GridLayout, name: string, key: string): GridCell | null {
  const at = rows.findIndex(({ cells }) => cells.some((cell) => cell.name === name));
  const row = rows[at]?.cells;
  if (!row) return null;
  const i = row.findIndex((cell) => cell.name === name);
  if (key === "ArrowLeft" || key === "ArrowRight") return row[i + (key === "ArrowLeft" ? -1 : 1)] ?? row[i]!;
  if (key === "Home") return row[0]!;
  if (key === "End") return row.at(-1)!;
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const next = rows[at + (key === "ArrowUp" ? -1 : 1)]?.cells ?? row;
  const { column } = row[i]!;
  return next.find((cell) => column >= cell.column && column < cell.column + cell.columns) ?? next.at(-1)!;
}
