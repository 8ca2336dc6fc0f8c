// What is looked at: the reader's choice, and by the table what the reader left open.

import type { Component, EdgeName } from "../engine/types";
import { isAt, isReceiver, isSender, nodeName, parseName } from "./node";
import { hasPath, nameAt, placeOf, portsOf, STATE, strongestOf, type Table } from "./table";

/** The three ways to see a result; one is shown at a time. */
export const SHOWS = { circuit: "Circuit", grids: "Grids", table: "Table" } as const;
export type Show = keyof typeof SHOWS;

/** What the reader has chosen to look at; null where that is left to the result. */
export interface View {
  /** A sender. */
  from: string | null;
  /** A receiver, or a head by any of its inputs. */
  to: string | null;
  /** The input of heads that an open end is looked for among. */
  port: Component | null;
  /** A node whose edges are looked at: without an edge chosen, its strongest. */
  node: string | null;
  /** How many edges the circuit shows. */
  edges: number;
  /** Effects below this share of the largest are left out. */
  least: number;
  /** Which prompt pair an edge is looked at on, from 0. */
  pair: number;
  show: Show;
}

/** A view with nothing left open. */
export interface Look extends View {
  from: string;
  /** A receiver; null where nothing is known of any edge of the sender. */
  to: string | null;
  /** The edge that is looked at; null where there is none between the two. */
  edge: EdgeName | null;
}

/**
 * What a view shows of a table. What is not chosen comes from the strongest edge that fits the choice; without any
 * choice from `lead`, which does not move while values still come.
 */
export function lookAt(view: View, table: Table, lead: EdgeName | null): Look {
  const isOpen = !view.from && !view.to && !view.node && !view.port;
  const chosen = view.from && view.to ? exactly(table, view.from, view.to) : null;
  // A receiver that is chosen says which input.
  const wanted = view.to && nodeName(view.to).port ? { ...view, port: null } : view;
  const best = chosen ?? (isOpen && lead ? lead : strongestOf(table, wanted)) ?? firstOf(table, wanted);
  const from = view.from ?? best?.from ?? table.senders[0]!;
  const to = best?.to ?? (view.to && (portsOf(table).get(view.to)?.[0] ?? view.to));
  return { ...view, from, to, edge: best && hasPath(table, best) ? { from: best.from, to: best.to } : null };
}

/** The edge that both chosen ends name, whether its value is known or not; null where an input is left open. */
function exactly(table: Table, from: string, to: string): EdgeName | null {
  return placeOf(table, { from, to }) < 0 ? null : { from, to };
}

/** The first edge that fits though nothing is known of it yet. */
function firstOf(table: Table, { from, to, port, node }: View): EdgeName | null {
  const found = table.state.findIndex((state, place) => {
    if (state === STATE.noPath) return false;
    const edge = nameAt(table, place);
    const end = parseName(edge.to);
    const fitsTo = !to || edge.to === to || end?.node === to;
    return (!from || edge.from === from) && fitsTo && (!port || end?.port === port) && (!node || isAt(edge, node));
  });
  return found < 0 ? null : nameAt(table, found);
}

/**
 * The view after something else was chosen in what is shown. An end that is chosen keeps the other one where they
 * have a path; a node that is chosen is looked at by its strongest edge, until an edge elsewhere is.
 */
export function choose(view: View, shown: Look | null, change: Partial<View>, table: Table | null): View {
  const now: View = { ...view, ...change };
  if (change.node) return { ...now, from: change.from ?? null, to: change.to ?? null, port: null };
  const isEdge = "from" in change || "to" in change;
  if (!shown || !table || !isEdge) return now;
  if (!("port" in change)) now.port = null;
  if (!("from" in change)) now.from ??= shown.from;
  if (!("to" in change)) now.to ??= shown.to;
  const { from, to } = now;
  if (from && to && !reaches(table, from, to)) {
    if (change.to) now.from = null;
    else now.to = null;
  }
  const edge = now.from && now.to ? { from: now.from, to: now.to } : null;
  if (now.node && (!edge || !isAt(edge, now.node))) now.node = null;
  return now;
}

/** Whether there is an edge from a sender to a receiver, or to any input of a node. */
function reaches(table: Table, from: string, to: string): boolean {
  return [to, ...(portsOf(table).get(to) ?? [])].some((end) => hasPath(table, { from, to: end }));
}

/** A view of nodes that a model has. */
export function within(table: Pick<Table, "senders" | "receivers">, view: View): View {
  const isThere = (name: string | null, among: string[]) => name === null || among.includes(name);
  const isNode = (name: string) => table.senders.includes(name) || table.receivers.some((to) => parseName(to)?.node === name);
  const from = isThere(view.from, table.senders) ? view.from : null;
  const to = view.to === null || table.receivers.includes(view.to) || isHeadOf(table, view.to) ? view.to : null;
  const node = view.node === null || isNode(view.node) ? view.node : null;
  const isSame = from === view.from && to === view.to && node === view.node;
  return isSame ? view : { ...view, from, to, node };
}

const isHeadOf = ({ receivers }: Pick<Table, "receivers">, node: string): boolean =>
  receivers.some((to) => to !== node && parseName(to)?.node === node);

/** Whether a text can be a view's sender, receiver or node. */
export const isFrom = (text: string): boolean => {
  const name = parseName(text);
  return name !== null && isSender(name);
};
export const isTo = (text: string): boolean => {
  const name = parseName(text);
  return name !== null && (isReceiver(name) || name.kind === "head");
};
export const isNode = (text: string): boolean => parseName(text)?.port === null;
