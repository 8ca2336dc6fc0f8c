// A table for tests, and for drawing without an engine: every class of edge has values, by a seeded generator.

import type { EdgeTable } from "../engine/types";
import { headName, nodeName, PORTS } from "./node";
import { grown, STATE, type Table } from "./table";

export interface TableShape {
  layers?: number;
  heads?: number;
  seed?: number;
  /** The share of edges that are exact; others are estimates. */
  exact?: number;
  /** The share of edges of which nothing is known. */
  unknown?: number;
  /** Whether exact values have a standard deviation, as those of several pairs. */
  pairs?: boolean;
}

/** A graph of so many layers and heads, as the engine would tell it. */
export function tableFixture(
  { layers = 3, heads = 4, seed = 1, exact = 0.7, unknown = 0, pairs = false }: TableShape = {},
  options: Partial<EdgeTable> = {},
): Table {
  const each = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
  const senders = ["input", ...each(layers, (l) => [...each(heads, (h) => headName(l, h)), `m${l}`]).flat()];
  const inputs = (l: number) => PORTS.flatMap((port) => each(heads, (h) => headName(l, h, port)));
  const receivers = [...each(layers, (l) => [...inputs(l), `m${l}`]).flat(), "logits"];
  const size = senders.length * receivers.length;
  const random = generator(seed);
  const table: EdgeTable = {
    senders,
    receivers,
    values: new Float32Array(size).fill(Number.NaN),
    state: new Uint8Array(size),
    stdDev: new Float32Array(size).fill(Number.NaN),
    cleanMetric: 3.25,
    corruptedMetric: -0.5,
    direction: "denoise",
    patch: "resample",
    layerNorm: "exact",
    scores: "exact",
    steps: null,
    ...options,
  };
  const base = table.direction === "denoise" ? table.corruptedMetric : table.cleanMetric;
  senders.forEach((from, row) => {
    receivers.forEach((to, column) => {
      const place = row * receivers.length + column;
      if (written(from) > read(to, layers)) return;
      table.state[place] = STATE.unknown;
      if (random() < unknown) return;
      const isExact = random() < exact;
      table.state[place] = isExact ? STATE.exact : STATE.estimate;
      // Many small effects and few large ones, either way.
      table.values[place] = base + (2 * random() - 1) ** 7;
      if (isExact && pairs) table.stdDev[place] = 0.2 * random();
    });
  });
  return grown(table, "logit-diff");
}

/** Sublayers that have written before a sender's write is there, and before a receiver reads. */
function written(sender: string): number {
  const { kind, layer } = nodeName(sender);
  return kind === "input" ? 0 : 2 * layer! + (kind === "head" ? 1 : 2);
}

function read(receiver: string, layers: number): number {
  const { kind, layer } = nodeName(receiver);
  return kind === "logits" ? 2 * layers : 2 * layer! + (kind === "head" ? 0 : 1);
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
