// What a story is told of: a run, and what is known of it beside its edges.

import { meanLogitDiff, sharedBy } from "../core/chosen";
import { runsOf } from "../core/direction";
import { shortLabel } from "../core/node";
import type { AskedPair } from "../core/request";
import { type Roles, rolesOf } from "../core/roles";
import type { Run } from "../core/run";
import { countsOf, type Edge, noiseOf, type Table } from "../core/table";
import type { View } from "../core/view";
import { isStart, ordinalAt, word } from "../core/words";
import type { Both, EdgeDetail, EdgeName, PairPredictions, Token } from "../engine/types";
import { formatCount, formatEffect } from "../lib/format";
import { positionIn } from "../lib/merged";
import { type Line, type Part, quoted, say, strong } from "./part";
import { type Task, taskOf } from "./task";

/** What is known of a run beside its edges, so far. */
export interface Seen {
  /** What both runs say next, of each pair or of the first ones; empty where that is not known. */
  predictions: readonly PairPredictions[];
  /** An edge in detail, on the first pair. */
  detail: (edge: EdgeName) => EdgeDetail | null;
}

/** What a step points at. */
export type Target = "question" | "picture" | "edge" | EdgeName;

/** A step as it is told. */
export interface Step {
  title: string;
  lines: Line[];
  /** An edge whose detail the step would tell, and that is not known. */
  missing: EdgeName | null;
  at: Target;
  /** What it looks at. */
  view: Partial<View>;
}

export interface Scene extends Pick<Seen, "detail"> {
  table: Table;
  /** The strongest edge between two parts, or that of the sender whose edges alone are exact. */
  lead: Edge;
  sender: string | null;
  /** Whether something is known of every path: a file may hold the strongest alone. */
  isWhole: boolean;
  /** Effects below this are rounding. */
  noise: number;
  pair: AskedPair;
  pairs: number;
  /** What both runs say next on the first pair. */
  predictions: PairPredictions | null;
  /** Logits of the answer less those of the distractor, the mean over all pairs; null where they are not known of each. */
  logitDiff: Both<number> | null;
  /** The tokens that all pairs share; null where they have different ones. */
  answers: readonly Token[] | null;
  distractors: readonly Token[] | null;
  /** Where the metric reads. */
  position: number;
  task: Task;
  /** What a source says of the model's parts on such prompts; null where none does. */
  roles: Roles | null;
  /** The run that is patched, and the one that the change comes from. */
  base: "clean" | "corrupted";
  other: "clean" | "corrupted";
}

export function sceneOf({ request, table, sender }: Run, lead: Edge, seen: Seen): Scene {
  const { pairs, settings } = request;
  const [pair] = pairs as [AskedPair];
  const position = positionIn(settings.position, pair.tokens.clean.length);
  const tokens = pairs.map((each) => each.tokens);
  return {
    detail: seen.detail,
    predictions: seen.predictions[0] ?? null,
    logitDiff: meanLogitDiff(pairs.map((_, i) => seen.predictions[i])),
    answers: sharedBy(tokens, "answer"),
    distractors: sharedBy(tokens, "distractor"),
    table,
    lead,
    sender,
    isWhole: countsOf(table).unknown === 0,
    noise: noiseOf(table),
    pair,
    pairs: pairs.length,
    position,
    task: taskOf(pair, position),
    roles: rolesOf(request),
    ...runsOf(table),
  };
}

/** A token by its place: `fox`, `the second fox`, `the last token (to)`, `the start`. */
export function tokenAt(tokens: readonly Token[], position: number): Line {
  if (isStart(tokens, position)) return ["the start"];
  if (position === tokens.length - 1) return say`the last token (${quoted(word(tokens[position]!))})`;
  const ordinal = ordinalAt(tokens, position);
  const token = quoted(word(tokens[position]!));
  return ordinal ? [`the ${ordinal} `, token] : [token];
}

/** A part of the model by name. */
export const part = (name: string): Part => strong(shortLabel(name));

/** An edge by name. */
export const path = ({ from, to }: EdgeName): Part => strong(`${shortLabel(from)} → ${shortLabel(to)}`);

/** `5 paths`, `5 known paths`. */
export const pathsIn = ({ isWhole }: Pick<Scene, "isWhole">, count: number): string =>
  `${formatCount(count)} ${isWhole ? "" : "known "}${count === 1 ? "path" : "paths"}`;

/** A sentence about one pair: says so where there are more. */
export function onPair({ pairs }: Pick<Scene, "pairs">, line: Line, which: "the first" | "that"): Line {
  const [first, ...rest] = line;
  if (pairs === 1 || first === undefined) return line;
  const on = `On ${which} pair, `;
  return typeof first === "string" ? [on + first[0]!.toLowerCase() + first.slice(1), ...rest] : [on, ...line];
}

/** An effect, and whether it is an estimate. */
export const effectOf = ({ effect, isExact }: Edge, noise: number): Line =>
  say`${strong(formatEffect(effect, noise))}${isExact ? "" : " by estimate"}`;

/** Pieces as a list that is read aloud: `a, b and c`. */
export const listed = (pieces: readonly Line[]): Line =>
  pieces.flatMap((piece, i) => [...(i === 0 ? [] : [i === pieces.length - 1 ? " and " : ", "]), ...piece]);
