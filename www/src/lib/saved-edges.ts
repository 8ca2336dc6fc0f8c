// The edges of a saved result: lists side by side, and the names of the nodes that their places are of.

import { FieldError, fields, finite, float, list, MOST_FLOAT, MOST_SIDE, name as nameText, oneOf, orNull, own, readAll, whole } from "../core/fields";
import { isReceiver, isSender, type NodeName, parseName } from "../core/node";
import { type Edge, grown, STATE, type Table } from "../core/table";
import type { EdgesCheck, EdgeTable, Scores } from "../engine/types";
import type { Settings } from "./settings";

/** Nodes of a model; GPT-2 XL has 1,249 that write, and 3,649 inputs that read. */
const MOST_SENDERS = 1800;
const MOST_RECEIVERS = 4900;

export interface SavedEdges {
  /** EAP-IG's names, in its order. */
  senders: string[];
  receivers: string[];
  /** How many of the senders, from the first, have a path to each receiver. */
  reach: number[];
  indices: number[];
  values: number[];
  /** Standard deviation over the prompt pairs, 0 where there is none; absent for one pair. */
  stdDev?: number[];
  /** Which of the indices are estimates. */
  estimates: number[];
  scores: Scores;
  steps: number | null;
  check: EdgesCheck | null;
}

/** A table's edges, without what the run says of them. */
export function saveEdges(table: Table, kept: Edge[]): Omit<SavedEdges, "check"> {
  const { senders, receivers, scores, steps } = table;
  const sorted = kept.toSorted((a, b) => a.place - b.place);
  const hasStdDev = sorted.some(({ stdDev }) => Number.isFinite(stdDev));
  return {
    senders,
    receivers,
    reach: receivers.map((_, column) => reachOf(table, column)),
    indices: sorted.map(({ place }) => place),
    values: sorted.map(({ value }) => short(value)),
    ...(hasStdDev && { stdDev: sorted.map(({ stdDev }) => (Number.isFinite(stdDev) ? short(stdDev) : 0)) }),
    estimates: sorted.filter(({ isExact }) => !isExact).map(({ place }) => place),
    scores,
    steps,
  };
}

/** How many senders have a path to a receiver. */
function reachOf({ senders, receivers, state }: Table, column: number): number {
  const hasPath = (row: number) => state[row * receivers.length + column] !== STATE.noPath;
  const first = senders.findIndex((_, row) => !hasPath(row));
  const reach = first < 0 ? senders.length : first;
  if (senders.some((_, row) => row >= reach && hasPath(row))) {
    throw new Error(`saved result: expected the first senders to reach ${receivers[column]}, got others`);
  }
  return reach;
}

/** The shortest of the numbers that are this one as a float32. */
export function short(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return rounded;
  }
  return Number(value.toPrecision(9));
}

/** The table that a file's lists are of. */
export function tableOf(
  { senders, receivers, reach, indices, values, stdDev, estimates, scores, steps }: SavedEdges,
  { metric, direction, patch, layerNorm }: Settings,
  cleanMetric: number,
  corruptedMetric: number,
  metricName: string | undefined,
): Table {
  const size = senders.length * receivers.length;
  const table: EdgeTable = {
    senders,
    receivers,
    values: new Float32Array(size).fill(Number.NaN),
    state: new Uint8Array(size),
    stdDev: new Float32Array(size).fill(Number.NaN),
    cleanMetric,
    corruptedMetric,
    direction,
    patch,
    layerNorm,
    scores,
    steps,
  };
  reach.forEach((count, column) => {
    for (let row = 0; row < count; row += 1) table.state[row * receivers.length + column] = STATE.unknown;
  });
  indices.forEach((place, i) => {
    table.values[place] = values[i]!;
    table.state[place] = STATE.exact;
    table.stdDev[place] = stdDev?.[i] ?? Number.NaN;
  });
  for (const place of estimates) {
    table.state[place] = STATE.estimate;
    table.stdDev[place] = Number.NaN;
  }
  return { ...grown(table, metric), ...(metricName !== undefined && { metricName }) };
}

const SCORES: Record<Scores, true> = { exact: true, estimate: true, eap: true, "eap-ig": true };

/** Edges: a place once at most, and only where there is a path. */
export function readEdges(value: unknown, field: string): SavedEdges {
  const from = fields(value, field);
  const get = (key: string) => own(from, key);
  const senders = names(get("senders"), `${field}.senders`, MOST_SENDERS, isSender);
  const receivers = names(get("receivers"), `${field}.receivers`, MOST_RECEIVERS, isReceiver);
  const size = senders.length * receivers.length;
  const reach = list(whole(0, senders.length), receivers.length)(get("reach"), `${field}.reach`);
  if (reach.length !== receivers.length) {
    throw new FieldError(`${field}.reach`, `as many as receivers (${receivers.length})`, reach.length);
  }
  const hasPath = (place: number) => Math.floor(place / receivers.length) < reach[place % receivers.length]!;
  const lists = readLists(from, field, size, hasPath);
  return {
    senders,
    receivers,
    reach,
    ...lists,
    scores: oneOf(SCORES)(get("scores"), `${field}.scores`),
    steps: orNull(whole(1, 10_000))(get("steps"), `${field}.steps`),
    check: orNull(readCheck)(get("check"), `${field}.check`),
  };
}

const readCheck = (value: unknown, field: string): EdgesCheck =>
  readAll<EdgesCheck>({ edges: whole(0, MOST_SENDERS * MOST_RECEIVERS), largestError: finite(0, MOST_FLOAT), bound: finite(0, 1) }, value, field);

/** Names of nodes, each once. */
function names(value: unknown, field: string, most: number, fits: (name: NodeName) => boolean): string[] {
  const read = list(nameText, most)(value, field);
  read.forEach((text, i) => {
    const name = parseName(text);
    if (!name || !fits(name)) throw new FieldError(`${field}[${i}]`, "a node’s name such as a9.h6, m3 or a10.h7<q>", text);
    if (Math.max(name.layer ?? 0, name.head ?? 0) >= MOST_SIDE) {
      throw new FieldError(`${field}[${i}]`, `layers and heads below ${MOST_SIDE}`, text);
    }
  });
  if (read.length === 0) throw new FieldError(field, "at least one", "none");
  if (new Set(read).size !== read.length) throw new FieldError(field, "each node once", "one of them twice");
  return read;
}

/** Edges as a file has them. */
type Lists = Pick<SavedEdges, "indices" | "values" | "stdDev" | "estimates">;

/** Lists of edges among so many places: each once at most, and only where there is a path. */
export function readLists(
  from: Record<string, unknown>,
  field: string,
  size: number,
  hasPath: (place: number) => boolean,
  stdDevs: "stdDev" | "spread" = "stdDev",
): Lists {
  const place = whole(0, size - 1);
  const indices = list(place, size)(own(from, "indices"), `${field}.indices`);
  const values = list(float, size)(own(from, "values"), `${field}.values`);
  const estimates = list(place, size)(own(from, "estimates"), `${field}.estimates`);
  const given = own(from, stdDevs);
  const stdDev = given === undefined ? undefined : list(finite(0, MOST_FLOAT), size)(given, `${field}.${stdDevs}`);
  const known = new Set(indices);
  if (known.size !== indices.length) throw new FieldError(`${field}.indices`, "each edge once", "one of them twice");
  const pathless = indices.find((index) => !hasPath(index));
  if (pathless !== undefined) throw new FieldError(`${field}.indices`, "edges from earlier nodes into later ones", pathless);
  for (const [key, other] of [["values", values], [stdDevs, stdDev]] as const) {
    if (other && other.length !== indices.length) {
      throw new FieldError(`${field}.${key}`, `as many as indices (${indices.length})`, other.length);
    }
  }
  const unknown = estimates.find((index) => !known.has(index));
  if (unknown !== undefined) throw new FieldError(`${field}.estimates`, "some of the indices", unknown);
  return { indices, values, estimates, ...(stdDev && { stdDev }) };
}
