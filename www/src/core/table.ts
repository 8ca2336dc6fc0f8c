// All edges of a model: what is known of each, from the first estimate to the last exact value.
//
//     place = row of the sender * number of receivers + column of the receiver
//     effect = value - metric of the base run
//     score = effect when denoising, -effect when noising: positive where the edge helps
//
// One table grows as values come; `version` counts how often. What is derived from it is made once a version.

import type { Component, EdgeName, EdgeTable, Metric } from "../engine/types";
import { baselinesOf } from "./direction";
import { nodeName, nodeOf } from "./node";

/** The engine's table, with the metric that its values are of. */
export interface Table extends EdgeTable {
  readonly metric: Metric;
  /** What the metric is called where it is not one of pathpatch's, as in a result from a notebook. */
  readonly metricName?: string;
  /** How often it has grown. */
  version: number;
}

/** What a table says of an edge. */
export const STATE = { noPath: 0, unknown: 1, estimate: 2, exact: 3 } as const;

/** What is known of one edge. */
export interface Edge extends EdgeName {
  /** Metric of the patched run, or its estimate. */
  value: number;
  effect: number;
  /** Standard deviation of the effect over the prompt pairs; NaN for one pair, or an estimate. */
  stdDev: number;
  isExact: boolean;
  place: number;
}

/** The engine's table as the page has it, one version further. */
export function grown(table: EdgeTable | Table, metric: Metric): Table {
  return Object.assign(table, { metric, version: "version" in table ? table.version + 1 : 0 });
}

/** Exact values in another table of the same edges take the place of what is known of them. */
export function takeExact(table: Table, { values, state, stdDev }: EdgeTable, changed: Uint32Array): void {
  for (const place of changed) {
    if (state[place] !== STATE.exact) continue;
    table.values[place] = values[place]!;
    table.state[place] = STATE.exact;
    table.stdDev[place] = stdDev[place]!;
  }
  table.version += 1;
}

/** A value for each version of a table, made when it is first asked for. */
export function byVersion<T>(make: (table: Table) => T): (table: Table) => T {
  const made = new WeakMap<Table, { version: number; value: T }>();
  return (table) => {
    const before = made.get(table);
    if (before?.version === table.version) return before.value;
    const value = make(table);
    made.set(table, { version: table.version, value });
    return value;
  };
}

/** A value for a table whatever is known of its edges: its names never change. */
function byTable<T>(make: (table: Table) => T): (table: Table) => T {
  const made = new WeakMap<Table, { value: T }>();
  return (table) => {
    const before = made.get(table);
    if (before) return before.value;
    const value = make(table);
    made.set(table, { value });
    return value;
  };
}

const indexOf = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));
const rows = byTable(({ senders }) => indexOf(senders));
const columns = byTable(({ receivers }) => indexOf(receivers));

/** Layers and heads of the model, by the names of its nodes. */
export const shapeOf = byTable(({ senders, receivers }) => {
  // A file may have the edges of a few nodes alone.
  const names = [...senders, ...receivers].map(nodeName);
  const most = (key: "layer" | "head") => 1 + names.reduce((sum, name) => Math.max(sum, name[key] ?? -1), -1);
  return { layers: most("layer"), heads: most("head") };
});

/** Every node: those that write, in their order, then those that only read. */
export const nodesOf = byTable(({ senders, receivers }) => [...new Set([...senders, ...receivers.map(nodeOf)])]);

/** The receivers of each node: a head has three. */
export const portsOf = byTable(({ receivers }) => {
  const ports = new Map<string, string[]>();
  for (const receiver of receivers) ports.set(nodeOf(receiver), [...(ports.get(nodeOf(receiver)) ?? []), receiver]);
  return ports;
});

/** Where an edge is in the table; -1 where the model has no such sender or receiver. */
export function placeOf(table: Table, { from, to }: EdgeName): number {
  const [row, column] = [rows(table).get(from), columns(table).get(to)];
  return row === undefined || column === undefined ? -1 : row * table.receivers.length + column;
}

/** The edge at a place. */
export function nameAt({ senders, receivers }: Table, place: number): EdgeName {
  return { from: senders[Math.floor(place / receivers.length)]!, to: receivers[place % receivers.length]! };
}

/** Whether the sender has written before the receiver reads. */
export const hasPath = (table: Table, edge: EdgeName): boolean =>
  (table.state[placeOf(table, edge)] ?? STATE.noPath) !== STATE.noPath;

/** The metric of the run that is patched. */
export const baseOf = (table: Pick<EdgeTable, "direction" | "cleanMetric" | "corruptedMetric">): number => baselinesOf(table).base;

/**
 * Whether the metric of both runs is known. A notebook's tensor or graph may not tell it: then one of the two is NaN, the
 * base is 0 and the values are effects.
 */
export const hasBaselines = ({ cleanMetric, corruptedMetric }: Pick<EdgeTable, "cleanMetric" | "corruptedMetric">): boolean =>
  Number.isFinite(cleanMetric) && Number.isFinite(corruptedMetric);

/** An effect as EAP-IG's files have it: positive where the edge helps. */
export const scoreOf = ({ direction }: EdgeTable, effect: number): number => (direction === "denoise" ? effect : -effect);

/** What is known of the edge at a place; null where nothing is. */
function known(table: Table, place: number): Edge | null {
  const [value, state] = [table.values[place], table.state[place]];
  if (value === undefined || state === undefined || state < STATE.estimate || Number.isNaN(value)) return null;
  const { from, to } = nameAt(table, place);
  return { from, to, value, effect: value - baseOf(table), stdDev: table.stdDev[place]!, isExact: state === STATE.exact, place };
}

/** What is known of an edge; null where nothing is. */
export const edgeAt = (table: Table, edge: EdgeName): Edge | null => known(table, placeOf(table, edge));

/** Ranks of as many edges fit beside the 31 bits of a size in the 53 of a double; GPT-2 XL has 2.2 million edges. */
const MOST_EDGES = 2 ** 22;

/**
 * Places of all edges of which anything is known, largest effect first, equal ones in the table's order.
 *
 * The bits of a positive float32 rise as the number does. With the edge's rank below them in one double, sorting is
 * that of plain numbers, for which typed arrays need no function to compare.
 */
export const places = byVersion((table: Table): Uint32Array => {
  const base = baseOf(table);
  const found = new Uint32Array(table.values.length);
  let count = 0;
  table.values.forEach((value, place) => {
    if (table.state[place]! >= STATE.estimate && !Number.isNaN(value)) found[count++] = place;
  });
  if (count > MOST_EDGES) throw new Error(`table: expected at most ${MOST_EDGES} edges, got ${count}`);
  const sizes = new Float32Array(count);
  for (let i = 0; i < count; i += 1) sizes[i] = Math.abs(table.values[found[i]!]! - base);
  const bits = new Uint32Array(sizes.buffer);
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i += 1) keys[i] = bits[i]! * MOST_EDGES + (MOST_EDGES - 1 - i);
  keys.sort();
  const sorted = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) sorted[count - 1 - i] = found[MOST_EDGES - 1 - (keys[i]! % MOST_EDGES)]!;
  return sorted;
});

/** Every edge of which anything is known, largest effect first. */
export const edgesOf = byVersion((table: Table): Edge[] => {
  const all: Edge[] = [];
  for (const place of places(table)) all.push(known(table, place)!);
  return all;
});

/** The `most` strongest edges whose effect is at least so large. */
export function strongest(table: Table, most: number, least = 0): Edge[] {
  const all = places(table).subarray(0, Math.min(most, countAbove(table, least)));
  return Array.from(all, (place) => known(table, place)!);
}

/** How many edges have an effect of at least this size. */
export function countAbove(table: Table, least: number): number {
  const [all, base] = [places(table), baseOf(table)];
  let [first, end] = [0, all.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (Math.abs(table.values[all[middle]!]! - base) >= least) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** What an edge has to be; anything where a part is absent or null. */
export interface Fits {
  from?: string | null;
  /** A receiver, or a node by any of its inputs. */
  to?: string | null;
  port?: Component | null;
  /** A node at either end. */
  node?: string | null;
}

/** The strongest edge that fits; null where nothing is known of any. */
export function strongestOf(table: Table, { from, to, port, node }: Fits): Edge | null {
  const fits = (place: number) => {
    const edge = nameAt(table, place);
    const end = nodeName(edge.to);
    if (from && edge.from !== from) return false;
    if (to && edge.to !== to && end.node !== to) return false;
    if (port && end.port !== port) return false;
    return !node || edge.from === node || end.node === node;
  };
  const best = places(table).find(fits);
  return best === undefined ? null : known(table, best);
}

/**
 * Where to look first: the strongest edge from a head or an MLP into another one. Edges from the input and into the
 * logits are often stronger, and say only where a circuit begins and ends; where there is nothing between, it is the
 * strongest of them.
 */
export function leadOf(table: Table): Edge | null {
  const noise = noiseOf(table);
  const isBetween = (place: number) => {
    const { from, to } = nameAt(table, place);
    return from !== "input" && to !== "logits" && Math.abs(table.values[place]! - baseOf(table)) > noise;
  };
  const between = places(table).find(isBetween);
  return between === undefined ? strongestOf(table, {}) : known(table, between);
}

const byEnd = (endOf: (edge: Edge) => string) =>
  byVersion((table: Table) => {
    const groups = new Map<string, Edge[]>();
    for (const edge of edgesOf(table)) {
      const group = groups.get(endOf(edge));
      if (group) group.push(edge);
      else groups.set(endOf(edge), [edge]);
    }
    return groups;
  });
const fromSender = byEnd(({ from }) => from);
const intoNode = byEnd(({ to }) => nodeOf(to));

/** What a sender writes: its known edges, strongest first. */
export const outgoing = (table: Table, sender: string): Edge[] => fromSender(table).get(sender) ?? [];

/** What a node, or one of its inputs, reads: its known edges, strongest first. */
export function incoming(table: Table, name: string): Edge[] {
  const all = intoNode(table).get(nodeOf(name)) ?? [];
  return nodeName(name).port === null ? all : all.filter(({ to }) => to === name);
}

/** What passes through one end of a node, over its known edges. */
export interface Flow {
  /** The sum of the effects' sizes. */
  size: number;
  /** The sum of the effects. */
  net: number;
  edges: number;
}

/** How much a node writes and reads in all. */
export interface NodeTotal {
  node: string;
  writes: Flow;
  reads: Flow;
}

const NOTHING: Flow = { size: 0, net: 0, edges: 0 };

/** How much each node writes and reads in all, in the order of `nodesOf`. */
export const nodeTotals = byVersion((table: Table): NodeTotal[] => {
  const flow = (edges: Edge[] = []): Flow =>
    edges.reduce((sum, { effect }) => ({ size: sum.size + Math.abs(effect), net: sum.net + effect, edges: sum.edges + 1 }), NOTHING);
  return nodesOf(table).map((node) => ({
    node,
    writes: flow(fromSender(table).get(node)),
    reads: flow(intoNode(table).get(node)),
  }));
});

/** How many edges there are, and how much is known of them. */
export const countsOf = byVersion((table: Table) => {
  const counts = { edges: 0, exact: 0, estimates: 0, unknown: 0 };
  for (const state of table.state) {
    if (state === STATE.noPath) continue;
    counts.edges += 1;
    counts[state === STATE.exact ? "exact" : state === STATE.estimate ? "estimates" : "unknown"] += 1;
  }
  return counts;
});

/** The largest effect, either way. */
export function reachOf(table: Table): number {
  const [first] = places(table);
  return first === undefined ? 0 : Math.abs(table.values[first]! - baseOf(table));
}

/** How large logits and their differences are at least; what is measured in shares or nats has a size of its own. */
const UNITS: Record<Metric, number> = {
  "logit-diff": 1,
  "normalized-logit-diff": 1,
  "log-prob": 1,
  prob: 0,
  "prob-diff": 0,
  kl: 0.1,
};
/** What float32 leaves of a number after a model's depth of sums. */
const ROUNDING = 1e-5;

/** An effect below this is rounding: two runs of the same numbers differ by as much. */
export function noiseOf(table: Table): number {
  // Nothing is known of the size of another's metric but its largest effect.
  const unit = table.metricName === undefined ? UNITS[table.metric] : reachOf(table);
  const baselines = hasBaselines(table) ? [table.cleanMetric, table.corruptedMetric] : [];
  return ROUNDING * Math.max(unit, ...baselines.map(Math.abs));
}
