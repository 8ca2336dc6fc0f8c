// The chosen edge: what a run knows of it, and what a look at one pair adds. What the panel, figures and the tour say
// of an edge is made of this.

import type { Both, EdgeDetail, EdgeName, PairPredictions, Token } from "../engine/types";
import { positionIn } from "../lib/merged";
import { isSameEdge } from "./node";
import type { PairTokens } from "./request";
import { type Roles, rolesOf } from "./roles";
import type { Run } from "./run";
import type { Looked, Told } from "./sentence";
import { shownEdges } from "./shown";
import { type Edge, edgeAt, nameAt, noiseOf, placeOf, places, type Table } from "./table";
import type { Look } from "./view";

/** Where an edge is among all by strength, from 1, and how many of them are shown. */
export interface Rank {
  at: number;
  of: number;
}

export interface ChosenEdge {
  edge: EdgeName;
  /** The run's: one object that grows. */
  table: Table;
  /** Null while nothing is known of the edge. */
  rank: Rank | null;
  /** The tokens of each pair. */
  pairs: readonly PairTokens[];
  /** The pair that is looked at. */
  pair: number;
  /** Where the metric reads on that pair. */
  position: number;
  /** What both runs say next, of each pair or of the first ones; empty where that is not known. */
  predictions: readonly PairPredictions[];
  /** What is known of nodes on this kind of prompt. */
  roles: Roles | null;
}

/** What a run says of the edge that is looked at; null where there is none. */
export function chosenOf(run: Run, look: Look, predictions: readonly PairPredictions[] = run.known.predictions): ChosenEdge | null {
  const { request, table } = run;
  if (!look.edge) return null;
  const pairs = request.pairs.map(({ tokens }) => tokens);
  const pair = Math.min(look.pair, pairs.length - 1);
  return {
    edge: look.edge,
    table,
    rank: rankOf(table, look),
    pairs,
    pair,
    position: positionIn(request.settings.position, pairs[pair]!.clean.length),
    predictions,
    roles: rolesOf(request),
  };
}

/** Whether both are of one edge of one run, looked at on one pair: what is known of one then says nothing wrong of the other. */
export const isSameChoice = (a: Choice, b: Choice): boolean => a.table === b.table && a.pair === b.pair && isSameEdge(a.edge, b.edge);

type Choice = Pick<ChosenEdge, "edge" | "table" | "pair">;

function rankOf(table: Table, { edge, edges, least }: Look): Rank | null {
  const at = edge ? places(table).indexOf(placeOf(table, edge)) : -1;
  return at < 0 ? null : { at: at + 1, of: shownEdges(table, { edges, least }).edges.length };
}

/** The edge that is so many steps weaker, or stronger; null at either end, and where the edge has no place. */
export function stepFrom({ table, rank }: Pick<ChosenEdge, "table" | "rank">, step: number): EdgeName | null {
  const place = rank ? places(table)[rank.at - 1 + step] : undefined;
  return place === undefined ? null : nameAt(table, place);
}

/** What the table has of it, or, of a single pair that was looked at, the exact value. */
export function valueOf({ edge, table, pairs }: ChosenEdge, detail: EdgeDetail | null): Pick<Edge, "value" | "isExact" | "stdDev"> | null {
  if (detail && pairs.length === 1) return { value: detail.value, isExact: true, stdDev: Number.NaN };
  return edgeAt(table, edge);
}

/** Logits of the answer less those of the distractor, the mean over some pairs; null unless it is known of each. */
export function meanLogitDiff(predictions: readonly (PairPredictions | undefined)[]): Both<number> | null {
  const sum = { clean: 0, corrupted: 0 };
  for (const pair of predictions) {
    const { clean, corrupted } = pair?.logitDiff ?? { clean: null, corrupted: null };
    if (clean === null || corrupted === null) return null;
    sum.clean += clean / predictions.length;
    sum.corrupted += corrupted / predictions.length;
  }
  return predictions.length === 0 ? null : sum;
}

/** The tokens of the answer, or of the distractor, where every pair has the same; null where they differ. */
export function sharedBy(pairs: readonly PairTokens[], key: "answer" | "distractor"): readonly Token[] | null {
  const ids = (tokens: PairTokens) => tokens[key].map(({ id }) => id).join();
  return pairs.every((tokens) => ids(tokens) === ids(pairs[0]!)) ? pairs[0]![key] : null;
}

/** What the sentence is made of; null while nothing is known of the edge. */
export function toldOf(chosen: ChosenEdge, detail: EdgeDetail | null): Told | null {
  const { edge, table, pairs, pair, position, predictions } = chosen;
  const known = valueOf(chosen, detail);
  if (!known) return null;
  const { clean, corrupted } = pairs[pair]!;
  const looked: Looked | null = detail && {
    pair,
    detail,
    tokens: { clean, corrupted },
    position,
    logitDiff: meanLogitDiff([predictions[pair]]),
  };
  return {
    edge,
    table,
    ...known,
    noise: noiseOf(table),
    pairs: pairs.length,
    answers: sharedBy(pairs, "answer"),
    distractors: sharedBy(pairs, "distractor"),
    prompt: clean,
    logitDiff: meanLogitDiff(pairs.map((_, i) => predictions[i])),
    looked,
  };
}
