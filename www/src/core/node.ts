// The names of the graph's nodes, as EAP-IG's files have them, and the words for them that people read.
//
//     input            the token embedding; writes
//     a9.h6            head 6 of layer 9; writes
//     a10.h7<q>        the query of a head, likewise <k> and <v>; reads
//     m3               the MLP of layer 3; writes and reads
//     logits           the final LayerNorm and the unembedding; reads
//
// The engine says which nodes there are and which of them reach each other. Here names are only taken apart.

import type { Component, EdgeName } from "../engine/types";

export type NodeKind = "input" | "head" | "mlp" | "logits";

/** A name taken apart. */
export interface NodeName {
  /** The node, without the input that an edge enters by. */
  readonly node: string;
  readonly kind: NodeKind;
  /** Null for input and logits. */
  readonly layer: number | null;
  /** Null for all but heads. */
  readonly head: number | null;
  /** The head's input that reads, where the name is a receiver's. */
  readonly port: Component | null;
}

export const PORTS = ["q", "k", "v"] as const satisfies readonly Component[];

export const PORT_NAMES: Record<Component, string> = { q: "query", k: "key", v: "value" };

const HEAD = /^(a(0|[1-9]\d{0,4})\.h(0|[1-9]\d{0,4}))(?:<([qkv])>)?$/;
const MLP = /^m(0|[1-9]\d{0,4})$/;

const known = new Map<string, NodeName>();
/** Names that are remembered; GPT-2 XL has 4,898. Links and files can bring any number of others. */
const MOST_KNOWN = 20_000;

/** A name taken apart; null where it is not the name of a node. */
export function parseName(text: string): NodeName | null {
  const before = known.get(text);
  if (before) return before;
  const name = read(text);
  if (name && known.size < MOST_KNOWN) known.set(text, name);
  return name;
}

function read(text: string): NodeName | null {
  if (text === "input" || text === "logits") return { node: text, kind: text, layer: null, head: null, port: null };
  const [, mlp] = MLP.exec(text) ?? [];
  if (mlp !== undefined) return { node: text, kind: "mlp", layer: Number(mlp), head: null, port: null };
  const [, node, layer, head, port] = HEAD.exec(text) ?? [];
  if (node === undefined) return null;
  return { node, kind: "head", layer: Number(layer), head: Number(head), port: (port as Component | undefined) ?? null };
}

/** As `parseName`, of a name that is known to be one. */
export function nodeName(text: string): NodeName {
  const name = parseName(text);
  if (name) return name;
  throw new Error(`node: expected input, logits, an MLP such as m3 or a head such as a9.h6 or a9.h6<q>, got ${text.slice(0, 60)}`);
}

/** Whether an edge can begin at what the name says. */
export const isSender = ({ kind, port }: NodeName): boolean => kind !== "logits" && port === null;

/** Whether an edge can end at what the name says. */
export const isReceiver = ({ kind, port }: NodeName): boolean => (kind === "head" ? port !== null : kind !== "input");

/** `a9.h6`, or `a9.h6<q>` with an input. */
export const headName = (layer: number, head: number, port: Component | null = null): string =>
  `a${layer}.h${head}${port ? `<${port}>` : ""}`;

/** The node of a name: `a10.h7` of `a10.h7<q>`. */
export const nodeOf = (name: string): string => nodeName(name).node;

/**
 * The row of a node in a picture that grows from the input upward: how many sublayers have written before it reads.
 * The input is at 0, the heads of layer l at 2l + 1, its MLP at 2l + 2, the logits above all layers.
 */
export function rankOf(name: string, layers: number): number {
  const { kind, layer } = nodeName(name);
  if (kind === "input") return 0;
  if (kind === "logits" || layer === null) return 2 * layers + 1;
  return 2 * layer + (kind === "head" ? 1 : 2);
}

/** In running text: `head 9.6`, `MLP 3`, `input`, `logits`; a receiver with its input, `head 10.7 query`. */
export function label(name: string): string {
  const { kind, layer, head, port } = nodeName(name);
  if (kind === "head") return `head ${layer}.${head}${port ? ` ${PORT_NAMES[port]}` : ""}`;
  return kind === "mlp" ? `MLP ${layer}` : kind;
}

/** Where there is little room: `9.6`, `MLP 3`, `input`, `logits`. */
export const shortLabel = (name: string): string => label(name).replace(/^head /, "");

/** `9.9 → 10.7 query`, `input → MLP 0`. */
export const edgeLabel = ({ from, to }: EdgeName): string => `${shortLabel(from)} → ${shortLabel(to)}`;

/** `a9.h9->a10.h7<q>`: the edge's name in EAP-IG's files, and in ours. */
export const edgeKey = ({ from, to }: EdgeName): string => `${from}->${to}`;

/** An edge by its name; null where it is not the name of an edge. */
export function parseEdge(text: string): EdgeName | null {
  const [from = "", to = "", ...more] = text.split("->");
  const [sender, receiver] = [parseName(from), parseName(to)];
  if (!sender || !receiver || more.length > 0 || !isSender(sender) || !isReceiver(receiver)) return null;
  return { from, to };
}

export function isSameEdge(a: EdgeName | null, b: EdgeName | null): boolean {
  if (!a || !b) return a === b;
  return a.from === b.from && a.to === b.to;
}

/** Whether an edge begins or ends at a node, by any of its inputs. */
export const isAt = ({ from, to }: EdgeName, node: string): boolean => from === node || nodeOf(to) === node;
