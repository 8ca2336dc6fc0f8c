// The rows of the table of edges: which there are, and in which order. All by places in the table of the run, since
// there may be millions.

import type { EdgeFilter } from "../../core/edge-filter";
import { nodeName, nodeOf, PORTS } from "../../core/node";
import { baseOf, noiseOf, places, STATE, type Table } from "../../core/table";

export const COLUMNS = ["from", "to", "port", "effect", "value", "stdDev", "kind"] as const;
export type Column = (typeof COLUMNS)[number];
export type Order = "ascending" | "descending";

export interface Sort {
  by: Column;
  order: Order;
}

/** What a first press of a heading sorts by: names from the first, numbers from the largest. */
export const FIRST: Record<Column, Order> = {
  from: "ascending",
  to: "ascending",
  port: "ascending",
  effect: "descending",
  value: "descending",
  stdDev: "descending",
  kind: "ascending",
};

export interface Rows {
  places: Uint32Array;
  /** Edges that fit but whose effect is no more than rounding. */
  still: number;
}

export function rowsOf(table: Table, filter: EdgeFilter | null, sort: Sort): Rows {
  const all = places(table);
  const fits = filter ? fitting(table, filter) : () => true;
  const [noise, base] = [noiseOf(table), baseOf(table)];
  const found = new Uint32Array(all.length);
  let [count, still] = [0, 0];
  for (const place of all) {
    if (!fits(place)) continue;
    if (Math.abs(table.values[place]! - base) <= noise) still += 1;
    else found[count++] = place;
  }
  const rows = found.slice(0, count);
  return { places: sorted(table, rows, sort), still };
}

/** Whether the edge at a place fits; each name is looked at once. */
function fitting({ senders, receivers }: Table, { from, to, either }: EdgeFilter): (place: number) => boolean {
  const width = receivers.length;
  const test = (names: readonly string[], fits: ((name: string) => boolean) | null) => names.map((name) => fits?.(name) ?? true);
  const [ofFrom, ofTo] = either ? [test(senders, either), test(receivers, either)] : [test(senders, from), test(receivers, to)];
  if (either) return (place) => ofFrom[Math.floor(place / width)]! || ofTo[place % width]!;
  return (place) => ofFrom[Math.floor(place / width)]! && ofTo[place % width]!;
}

/** Equal ones stay in the order of their strength. */
function sorted(table: Table, rows: Uint32Array, { by, order }: Sort): Uint32Array {
  // As they came.
  if (by === "effect" && order === "descending") return rows;
  if (by === "effect") return rows.toReversed();
  const key = keyOf(table, by);
  const keys = Float64Array.from(rows, key);
  const sign = order === "ascending" ? 1 : -1;
  const indices = Uint32Array.from(rows, (_, i) => i).sort((a, b) => sign * (keys[a]! - keys[b]!) || a - b);
  return indices.map((i) => rows[i]!);
}

/** A number for each edge that rises as the column does. */
function keyOf(table: Table, by: Exclude<Column, "effect">): (place: number) => number {
  const { senders, receivers, values, stdDev, state } = table;
  const width = receivers.length;
  switch (by) {
    case "from": {
      const ranks = senders.map(height);
      return (place) => ranks[Math.floor(place / width)]!;
    }
    case "to": {
      const ranks = receivers.map((name) => height(nodeOf(name)));
      return (place) => ranks[place % width]!;
    }
    case "port": {
      const ranks = receivers.map((name) => {
        const { port } = nodeName(name);
        return port === null ? PORTS.length : PORTS.indexOf(port);
      });
      return (place) => ranks[place % width]!;
    }
    case "value":
      return (place) => values[place]!;
    case "stdDev":
      return (place) => stdDev[place]! || 0;
    case "kind":
      return (place) => (state[place] === STATE.exact ? 0 : 1);
  }
}

/** From the input up: a layer's heads, its MLP, and the logits after all. */
function height(node: string): number {
  const { kind, layer, head } = nodeName(node);
  if (kind === "input") return -1;
  if (kind === "logits") return Number.MAX_SAFE_INTEGER;
  return layer! * 1e6 + (kind === "mlp" ? 1e6 - 1 : head!);
}
