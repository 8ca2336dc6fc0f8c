// Reading what comes from outside, a field at a time: links, saved files, runs that were remembered.
//
// A reader takes anything and gives a value of its type, or throws a `FieldError` that says what was expected and
// what came. A saved file is refused at its first wrong field; a link passes over what it does not understand,
// because an address may be older than the page, or have been cut by whatever carried it.

import type { Token } from "../engine/types";
import { METRICS } from "../lib/format";
import type { Mode } from "../lib/pairs";
import { DIRECTIONS, LAYER_NORMS, MAX_EDGES, PATCHES, SCOPES, type Settings } from "../lib/settings";
import { headName, PORT_NAMES } from "./node";
import { isFrom, isNode, isTo, SHOWS, type View } from "./view";

export type Reader<T> = (value: unknown, name: string) => T;

/** A field that is not what it should be. */
export class FieldError extends Error {
  override name = "FieldError";

  constructor(field: string, expected: string, got: unknown) {
    super(`${field}: expected ${expected}, got ${inShort(got)}`);
  }
}

const MODES: Record<Mode, true> = { one: true, lines: true, template: true };
/** Characters of a prompt, or of all pasted lines. */
const MOST_TEXT = 500_000;
/** Characters of a name or an address. */
const MOST_NAME = 4000;
/** Positions; GPT-2 has 1,024. */
const MOST_POSITIONS = 1_000_000;
/** Layers, or heads of a layer; GPT-2 XL has 48 and 25. */
export const MOST_SIDE = 256;
/** Prompt pairs of one run. */
const MOST_PAIRS = 10_000;
/** Tokens of all pairs together. */
const MOST_TOKENS = 2_000_000;
const MOST_TOKEN_TEXT = 4096;

export const text =
  (most = MOST_TEXT): Reader<string> =>
  (value, name) => {
    if (typeof value !== "string") throw new FieldError(name, "text", value);
    if (value.length > most) throw new FieldError(name, `at most ${most} characters`, value.length);
    return value;
  };

export const name = text(MOST_NAME);

export const whole =
  (least: number, most: number): Reader<number> =>
  (value, field) => {
    const isIn = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
    if (!isIn) throw new FieldError(field, `a whole number from ${least} to ${most}`, value);
    // -0 is 0.
    return value + 0;
  };

/** A finite number; JSON has no others, and writes null in their place. */
export const finite =
  (least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Reader<number> =>
  (value, field) => {
    const isIn = typeof value === "number" && Number.isFinite(value) && value >= least && value <= most;
    const range = Number.isFinite(least) && Number.isFinite(most) ? ` from ${least} to ${most}` : "";
    if (!isIn) throw new FieldError(field, `a finite number${range}`, value);
    return value;
  };

/** The largest number that is finite as a float32, too. */
export const MOST_FLOAT = 3.4e38;

export const float = finite(-MOST_FLOAT, MOST_FLOAT);

export const boolean: Reader<boolean> = (value, field) => {
  if (typeof value !== "boolean") throw new FieldError(field, "true or false", value);
  return value;
};

export const oneOf =
  <K extends string>(known: Record<K, unknown>): Reader<K> =>
  (value, field) => {
    const isKnown = typeof value === "string" && Object.hasOwn(known, value);
    if (!isKnown) throw new FieldError(field, `one of ${Object.keys(known).join(", ")}`, value);
    return value as K;
  };

export const orNull =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, field) =>
    value === null ? null : read(value, field);

export const list =
  <T>(read: Reader<T>, most: number): Reader<T[]> =>
  (value, field) => {
    if (!Array.isArray(value)) throw new FieldError(field, "a list", value);
    if (value.length > most) throw new FieldError(field, `a list of at most ${most}`, `${value.length} entries`);
    return value.map((each, i) => read(each, `${field}[${i}]`));
  };

/** An object whose own properties are read; others are passed over. */
export function fields(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FieldError(field, "an object", value);
  return value as Record<string, unknown>;
}

/** A property of its own, not one that every object has. */
export const own = (from: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(from, key) ? from[key] : undefined;

/** A head as files wrote it before edges had names, `{"layer": 9, "head": 6}`; its name. */
export const head: Reader<string> = (value, field) => {
  const from = fields(value, field);
  const side = whole(0, MOST_SIDE - 1);
  return headName(side(own(from, "layer"), `${field}.layer`), side(own(from, "head"), `${field}.head`));
};

export const port = oneOf(PORT_NAMES);

/** A name of a node, as `fits` wants it. */
const node =
  (fits: (text: string) => boolean, expected: string): Reader<string> =>
  (value, field) => {
    if (typeof value !== "string" || !fits(value)) throw new FieldError(field, expected, value);
    return value;
  };

/** Edges that a model may have at most; GPT-2 XL has 2.2 million. */
const MOST_EDGES = 4_000_000;

/** How each setting of a run is read. */
export const SETTINGS: { [K in keyof Settings]: Reader<Settings[K]> } = {
  mode: oneOf(MODES),
  clean: text(),
  corrupted: text(),
  answer: text(),
  distractor: text(),
  lines: text(),
  fillings: text(),
  metric: oneOf(METRICS),
  direction: oneOf(DIRECTIONS),
  patch: oneOf(PATCHES),
  layerNorm: oneOf(LAYER_NORMS),
  prependBos: boolean,
  position: orNull(whole(-MOST_POSITIONS, MOST_POSITIONS)),
  scope: oneOf(SCOPES),
  strongest: whole(1, MOST_EDGES),
};

/** How each part of a view is read. */
export const VIEW: { [K in keyof View]: Reader<View[K]> } = {
  from: orNull(node(isFrom, "a sender such as input, a9.h6 or m3")),
  to: orNull(node(isTo, "a receiver such as a10.h7<q>, m3 or logits")),
  port: orNull(port),
  node: orNull(node(isNode, "a node such as input, a9.h6, m3 or logits")),
  edges: whole(1, MAX_EDGES),
  least: finite(0, 1),
  pair: whole(0, MOST_PAIRS - 1),
  // Files from before there was a choice do not say.
  show: (value, field) => (value === undefined ? "circuit" : oneOf(SHOWS)(value, field)),
};

/** All of a record's fields, by a table of readers. */
export function readAll<T extends object>(readers: { [K in keyof T]: Reader<T[K]> }, value: unknown, field: string): T {
  const from = fields(value, field);
  const read = Object.entries<Reader<unknown>>(readers).map(([key, one]) => [key, one(own(from, key), `${field}.${key}`)]);
  return Object.fromEntries(read) as T;
}

const token: Reader<Token> = (value, field) =>
  readAll<Token>({ id: whole(0, 2 ** 31 - 1), text: text(MOST_TOKEN_TEXT) }, value, field);

/** The tokens of each pair; the answer's are absent in files of version 1. */
export interface SavedTokens {
  clean: Token[];
  corrupted: Token[];
  answer?: Token[];
  distractor?: Token[];
}

export const tokens: Reader<SavedTokens[]> = (value, field) => {
  let left = MOST_TOKENS;
  const prompt: Reader<Token[]> = (each, at) => {
    const read = list(token, left)(each, at);
    left -= read.length;
    return read;
  };
  // A list; files from before sets of answers have a token in its place, or null.
  const answer = (from: Record<string, unknown>, key: "answer" | "distractor", at: string) => {
    const given = own(from, key);
    if (given === undefined) return {};
    const all = Array.isArray(given) ? given : given === null ? [] : [given];
    return { [key]: prompt(all, `${at}.${key}`) };
  };
  const pair: Reader<SavedTokens> = (each, at) => {
    const from = fields(each, at);
    const clean = prompt(own(from, "clean"), `${at}.clean`);
    const corrupted = prompt(own(from, "corrupted"), `${at}.corrupted`);
    return { clean, corrupted, ...answer(from, "answer", at), ...answer(from, "distractor", at) };
  };
  return list(pair, MOST_PAIRS)(value, field);
};

function inShort(value: unknown): string {
  if (value === undefined) return "none";
  const written = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return written.length > 60 ? `${written.slice(0, 59)}…` : written;
}
