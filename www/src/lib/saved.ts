// A result as JSON, to take along and to show again without a model.
//
// Edges are lists side by side: the place in a row-major `[layers, heads, layers, heads]` array, source first,
// and the value, written so that it is the same float32 again. In Python:
//
//     grid = np.full((layers, heads, layers, heads), np.nan, np.float32)
//     grid.flat[saved["components"]["q"]["indices"]] = saved["components"]["q"]["values"]
//
// Version 2 adds where the numbers come from: the model's revision, the program, device and date, the answers'
// tokens. Version 1 is still read. A file is untrusted: every field is checked, with bounds, before it is used.

import {
  FieldError,
  fields,
  finite,
  list,
  MOST_SIDE,
  name as nameText,
  orNull,
  own,
  readAll,
  type SavedTokens,
  SETTINGS,
  text as anyText,
  tokens as readTokens,
  VIEW,
  whole,
} from "../core/fields";
import type { Look } from "../core/look";
import { savedSource } from "../core/model-ref";
import type { Made, Run } from "../core/run";
import type { Component } from "../engine/types";
import { PairsError, pairsOf } from "./pairs";
import { COMPONENTS, type Edge, edges, emptyResult, isSameHead, placeOf, type Result } from "./result";
import type { Settings, View } from "./settings";

/** What this page writes. */
export const VERSION = 2;

/** Heads of a model; GPT-2 XL has 1,200. */
const MOST_HEADS = 1536;

interface SavedEdges {
  indices: number[];
  values: number[];
  /** Standard deviation over the prompt pairs; absent for one pair. */
  spread?: number[];
  /** Which of the indices are first-order estimates. */
  estimates: number[];
}

export interface Saved {
  pathpatch: number;
  /** Program, date and device; absent in version 1. */
  made: Made | null;
  /** What the model is called, how a link names it (null for files of one's own), and the commit that was loaded. */
  model: { name: string; source: string | null; revision: string | null };
  layers: number;
  heads: number;
  cleanMetric: number;
  corruptedMetric: number;
  settings: Settings;
  view: View;
  /** The tokens of each pair. */
  tokens: SavedTokens[];
  components: Record<Component, SavedEdges>;
}

/** All of a run, or its `strongest` edges and those of the source and the destination in view. */
export function save(run: Run, look: Look, strongest = Number.POSITIVE_INFINITY): Saved {
  const { request, result, made } = run;
  const { layers, heads, cleanMetric, corruptedMetric } = result;
  const { ref, name, revision } = request.model;
  if (!Number.isFinite(cleanMetric) || !Number.isFinite(corruptedMetric)) {
    throw new Error(`saved result: expected finite metrics of both runs, got ${cleanMetric} and ${corruptedMetric}`);
  }
  const kept = edges(result).filter(
    ({ src, dst, value }, i) =>
      Number.isFinite(value) &&
      (i < strongest || isSameHead(src, look.src) || (look.dst !== null && isSameHead(dst, look.dst))),
  );
  const component = (of: Component) => saveEdges(result, kept.filter((edge) => edge.component === of));
  const { src, dst, component: seen, edges: shown, least, pair } = look;
  return {
    pathpatch: VERSION,
    made,
    model: { name, source: savedSource(ref), revision },
    settings: request.settings,
    view: { src, dst, component: seen, edges: shown, least, pair },
    tokens: request.pairs.map(({ tokens }) => tokens),
    layers,
    heads,
    cleanMetric: short(cleanMetric),
    corruptedMetric: short(corruptedMetric),
    components: { q: component("q"), k: component("k"), v: component("v") },
  };
}

function saveEdges(result: Result, kept: Edge[]): SavedEdges {
  const size = result.layers * result.heads;
  const index = ({ src, dst }: Edge) => placeOf(result, src) * size + placeOf(result, dst);
  const sorted = kept.toSorted((a, b) => index(a) - index(b));
  const saved: SavedEdges = {
    indices: sorted.map(index),
    values: sorted.map((edge) => short(edge.value)),
    estimates: sorted.filter((edge) => !edge.isExact).map(index),
  };
  if (sorted.some((edge) => Number.isFinite(edge.spread))) {
    saved.spread = sorted.map((edge) => (Number.isFinite(edge.spread) ? short(edge.spread) : 0));
  }
  return saved;
}

/** The shortest of the numbers that are this one as a float32. */
function short(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return rounded;
  }
  return Number(value.toPrecision(9));
}

/** The result in a file's text. Throws where it is none of ours, and says what was expected. */
export function restore(text: string): { saved: Saved; result: Result } {
  const saved = parse(text);
  const { layers, heads, cleanMetric, corruptedMetric, settings } = saved;
  const [clean, corrupted] = [Math.fround(cleanMetric), Math.fround(corruptedMetric)];
  const shape = { layers, heads, metric: settings.metric, cleanMetric: clean, corruptedMetric: corrupted };
  const result = emptyResult(shape);
  for (const name of COMPONENTS) {
    const { indices, values, spread, estimates } = saved.components[name];
    const into = result.components[name];
    indices.forEach((index, i) => {
      into.values[index] = values[i]!;
      into.exact[index] = 1;
      into.spread[index] = spread?.[i] ?? Number.NaN;
    });
    for (const index of estimates) {
      into.exact[index] = 0;
      into.spread[index] = Number.NaN;
    }
  }
  return { saved, result };
}

/** Whether a text is meant to be a saved result, and not some other JSON, such as a model's config. */
export function isSavedResult(text: string): boolean {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && Object.hasOwn(read, "pathpatch");
  } catch {
    // One that was cut short is refused as what it was meant to be.
    return /^\s*\{\s*"pathpatch"\s*:/.test(text);
  }
}

function parse(text: string): Saved {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(`saved result: expected JSON, got ${(error as Error).message}`);
  }
  const isObject = typeof read === "object" && read !== null && !Array.isArray(read);
  const from = isObject ? (read as Record<string, unknown>) : {};
  const version = own(from, "pathpatch");
  if (version !== 1 && version !== VERSION) {
    const got = JSON.stringify(version)?.slice(0, 60) ?? "none";
    throw new Error(`saved result: expected {"pathpatch": ${VERSION}, …}, got ${got}`);
  }
  try {
    return { pathpatch: version, ...body(from) };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new Error(`saved result: ${error.message}`);
  }
}

function body(from: Record<string, unknown>): Omit<Saved, "pathpatch"> {
  const get = (key: string) => own(from, key);
  const side = whole(1, MOST_SIDE);
  const [layers, heads] = [side(get("layers"), "layers"), side(get("heads"), "heads")];
  whole(1, MOST_HEADS)(layers * heads, "layers × heads");
  const view = readAll<View>(VIEW, get("view"), "view");
  for (const end of ["src", "dst"] as const) {
    const head = view[end];
    if (!head) continue;
    whole(0, layers - 1)(head.layer, `view.${end}.layer`);
    whole(0, heads - 1)(head.head, `view.${end}.head`);
  }
  const settings = readAll<Settings>(SETTINGS, get("settings"), "settings");
  const tokens = readTokens(get("tokens"), "tokens");
  checkTokens(settings, tokens);
  const components = fields(get("components"), "components");
  const component = (name: Component) => readEdges(own(components, name), `components.${name}`, layers, heads);
  return {
    made: madeOf(get("made")),
    model: modelOf(get("model")),
    layers,
    heads,
    cleanMetric: metric(get("cleanMetric"), "cleanMetric"),
    corruptedMetric: metric(get("corruptedMetric"), "corruptedMetric"),
    settings,
    view,
    tokens,
    components: { q: component("q"), k: component("k"), v: component("v") },
  };
}

/** The tokens are those of the settings' pairs: as many, both prompts of one length, and the position among them. */
function checkTokens(settings: Settings, tokens: SavedTokens[]): void {
  const pairs = pairsIn(settings);
  if (tokens.length !== pairs) throw new FieldError("tokens", `as many as pairs (${pairs})`, tokens.length);
  for (const [i, { clean, corrupted }] of tokens.entries()) {
    if (clean.length === 0) throw new FieldError(`tokens[${i}].clean`, "at least one", 0);
    if (corrupted.length !== clean.length) {
      throw new FieldError(`tokens[${i}].corrupted`, `as many as clean (${clean.length})`, corrupted.length);
    }
    orNull(whole(-clean.length, clean.length - 1))(settings.position, "settings.position");
  }
}

function pairsIn(settings: Settings): number {
  try {
    return pairsOf(settings).length;
  } catch (error) {
    if (error instanceof PairsError) throw new Error(`saved result: settings.${settings.mode}: ${error.message}`);
    throw error;
  }
}

/** A number that is finite as a float32, too. */
const metric = finite(-3.4e38, 3.4e38);

function modelOf(value: unknown): Saved["model"] {
  const from = fields(value, "model");
  const source = orNull(nameText)(own(from, "source"), "model.source");
  const revision = own(from, "revision");
  return {
    name: nameText(own(from, "name"), "model.name"),
    // Version 1 wrote this for files of one's own.
    source: source === "files" ? null : source,
    revision: revision === undefined ? null : orNull(nameText)(revision, "model.revision"),
  };
}

function madeOf(value: unknown): Made | null {
  if (value === undefined || value === null) return null;
  return readAll<Made>({ by: nameText, at: anyText(64), device: nameText }, value, "made");
}

/** One component's edges: a place once at most, and only where there is a path. */
function readEdges(value: unknown, field: string, layers: number, heads: number): SavedEdges {
  const from = fields(value, field);
  const n = layers * heads;
  const place = whole(0, n * n - 1);
  const indices = list(place, n * n)(own(from, "indices"), `${field}.indices`);
  const values = list(metric, n * n)(own(from, "values"), `${field}.values`);
  const estimates = list(place, n * n)(own(from, "estimates"), `${field}.estimates`);
  const spread = own(from, "spread");
  const spreads = spread === undefined ? undefined : list(finite(0, 3.4e38), n * n)(spread, `${field}.spread`);
  const known = new Set(indices);
  const layerOf = (at: number) => Math.floor(at / heads);
  if (known.size !== indices.length) throw new FieldError(`${field}.indices`, "each edge once", "one of them twice");
  const backward = indices.find((index) => layerOf(index % n) <= layerOf(Math.floor(index / n)));
  if (backward !== undefined) throw new FieldError(`${field}.indices`, "edges into a later layer", backward);
  for (const [key, other] of [["values", values], ["spread", spreads]] as const) {
    if (other && other.length !== indices.length) {
      throw new FieldError(`${field}.${key}`, `as many as indices (${indices.length})`, other.length);
    }
  }
  const unknown = estimates.find((index) => !known.has(index));
  if (unknown !== undefined) throw new FieldError(`${field}.estimates`, "some of the indices", unknown);
  return { indices, values, estimates, ...(spreads && { spread: spreads }) };
}
