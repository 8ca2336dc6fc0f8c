// A result as JSON, to take along and to show again without a model.
//
// Edges are lists side by side: the place in a row-major `[senders, receivers]` array and the value, written so that
// it is the same float32 again; `estimates` lists the places whose values were estimated, not run. In Python:
//
//     edges = saved["edges"]
//     grid = np.full((len(edges["senders"]), len(edges["receivers"])), np.nan, np.float32)
//     grid.flat[edges["indices"]] = edges["values"]
//
// Senders stand in the order in which they write, so those that reach a receiver are the first ones: `reach` counts
// them. What is known beside the edges is in `saved-known.ts`. Files from before edges had names are still read
// (`saved-heads.ts`): version 1, and version 2 with `components` in place of `edges`. A file is untrusted: every field
// is checked, with bounds, before it is used.

import {
  FieldError,
  fields,
  float,
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
import { savedSource } from "../core/model-ref";
import { nodeOf } from "../core/node";
import type { Request } from "../core/request";
import type { Known, Made, Run } from "../core/run";
import { baseOf, type Edge, edgesOf, hasBaselines, type Table } from "../core/table";
import type { Look } from "../core/view";
import { PairsError, pairsOf } from "./pairs";
import { readEdges, type SavedEdges, saveEdges, short, tableOf } from "./saved-edges";
import { headEdges, headSettings, headView } from "./saved-heads";
import { knownOf, readKnown, saveKnown, type SavedKnown } from "./saved-known";
import type { Settings, View } from "./settings";

/** What this page writes. */
export const VERSION = 2;
/** Characters of a figure's title. */
export const MOST_TITLE = 200;
/** What a model's files may weigh. */
const MOST_BYTES = 1e12;
/** Characters of another's metric. */
const MOST_METRIC_NAME = 80;

export interface Saved extends SavedKnown {
  pathpatch: number;
  /** What the author calls the figure; absent where nobody has named it. */
  title?: string;
  /** Program, date and device; absent in version 1. */
  made: Made | null;
  /** What the model is called, how a link names it (null for files of one's own), and the commit that was loaded; `dModel` is its width, `bytes` what its files weigh. */
  model: { name: string; source: string | null; revision: string | null; dModel?: number; bytes?: number };
  /** Null where the metric of neither run is known, and values are effects: a tensor or a graph from a notebook. */
  cleanMetric: number | null;
  corruptedMetric: number | null;
  /** What the metric is called where it is not one of pathpatch's; absent where the settings say it. */
  metricName?: string;
  settings: Settings;
  view: View;
  /** The tokens of each pair; null where they are not known. */
  tokens: SavedTokens[] | null;
  edges: SavedEdges;
}

/** How much of a run is saved. */
export interface Saving {
  /** So many of its edges, those from the sender in view and those into the node in view; all where left out. */
  strongest?: number;
  /** What is known beside the edges; what the run's own file knew where left out. */
  known?: Known;
  /** What a figure of it is called. */
  title?: string;
  /** What its model's files weigh; as its own file said where left out. */
  bytes?: number;
}

/** A run as a file has it. */
export function save(run: Run, look: Look, { strongest = Number.POSITIVE_INFINITY, known = run.known, title, bytes = run.request.model.bytes }: Saving = {}): Saved {
  const { request, table, made, check } = run;
  const { cleanMetric, corruptedMetric } = table;
  const { ref, name, revision, dModel } = request.model;
  const isWhole = hasBaselines(table);
  if (!isWhole && !isOfEffects(table)) {
    throw new Error(`saved result: expected finite metrics of both runs, got ${cleanMetric} and ${corruptedMetric}`);
  }
  const into = look.to && nodeOf(look.to);
  const isKept = ({ from, to, value }: Edge, i: number) =>
    Number.isFinite(value) && (i < strongest || from === look.from || nodeOf(to) === into);
  const { from, to, port, node, edges, least, pair, show } = look;
  return {
    pathpatch: VERSION,
    ...(title && { title: title.slice(0, MOST_TITLE) }),
    made,
    model: { name, source: savedSource(ref), revision, ...(dModel !== undefined && { dModel }), ...(bytes !== undefined && { bytes }) },
    settings: request.settings,
    view: { from, to, port, node, edges, least, pair, show },
    tokens: tokensOf(request),
    cleanMetric: isWhole ? short(cleanMetric) : null,
    corruptedMetric: isWhole ? short(corruptedMetric) : null,
    ...(table.metricName !== undefined && { metricName: table.metricName }),
    edges: { ...saveEdges(table, edgesOf(table).filter(isKept)), check },
    ...saveKnown(known),
  };
}

/** Whether a table has effects on a base of 0, because the metric of neither run is known. */
const isOfEffects = (table: Table): boolean =>
  baseOf(table) === 0 && (Number.isNaN(table.cleanMetric) || Number.isNaN(table.corruptedMetric));

/** The tokens of each pair, where all are known. */
function tokensOf({ pairs }: Request): SavedTokens[] | null {
  return pairs.every(({ tokens }) => tokens.clean.length > 0) ? pairs.map(({ tokens }) => tokens) : null;
}

/** The result in a file's text. Throws where it is not a saved result, and says what was expected. */
export function restore(text: string): { saved: Saved; table: Table; known: Known } {
  const saved = parse(text);
  const { settings, edges, metricName } = saved;
  const [clean, corrupted] = baselines(saved);
  const table = tableOf(edges, settings, clean, corrupted, metricName);
  return { saved, table, known: knownOf(saved) };
}

/** The metric of both runs as a table has it: where it is not known, effects begin at a base of 0. */
function baselines({ cleanMetric, corruptedMetric, settings }: Saved): [clean: number, corrupted: number] {
  if (cleanMetric !== null && corruptedMetric !== null) return [Math.fround(cleanMetric), Math.fround(corruptedMetric)];
  return settings.direction === "denoise" ? [Number.NaN, 0] : [0, Number.NaN];
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
  const isOfHeads = get("edges") === undefined;
  const edges = isOfHeads ? headEdges(from) : readEdges(get("edges"), "edges");
  const view = readAll<View>(VIEW, isOfHeads ? headView(get("view"), "view") : get("view"), "view");
  checkView(view, edges);
  const given = isOfHeads ? headSettings(get("settings"), "settings") : get("settings");
  const settings = readAll<Settings>(SETTINGS, given, "settings");
  const tokens = orNull(readTokens)(get("tokens"), "tokens");
  checkTokens(settings, tokens);
  const metricName = get("metricName");
  const title = get("title");
  return {
    ...(title !== undefined && { title: anyText(MOST_TITLE)(title, "title") }),
    made: madeOf(get("made")),
    model: modelOf(get("model")),
    cleanMetric: orNull(float)(get("cleanMetric"), "cleanMetric"),
    corruptedMetric: orNull(float)(get("corruptedMetric"), "corruptedMetric"),
    ...(metricName !== undefined && { metricName: anyText(MOST_METRIC_NAME)(metricName, "metricName") }),
    settings,
    view,
    tokens,
    edges,
    ...readKnown(from, edges, tokens ?? []),
  };
}

/** What is looked at is one of the file's own nodes. */
function checkView({ from, to, node }: View, { senders, receivers }: SavedEdges): void {
  const readers = new Set([...receivers, ...receivers.map(nodeOf)]);
  if (from !== null && !senders.includes(from)) throw new FieldError("view.from", "one of edges.senders", from);
  if (to !== null && !readers.has(to)) throw new FieldError("view.to", "one of edges.receivers", to);
  if (node !== null && !senders.includes(node) && !readers.has(node)) {
    throw new FieldError("view.node", "a node of edges.senders or edges.receivers", node);
  }
}

/** The tokens are those of the settings' pairs: as many, both prompts of one length, and the position among them. */
function checkTokens(settings: Settings, tokens: SavedTokens[] | null): void {
  const pairs = pairsIn(settings);
  if (tokens === null) return;
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

function modelOf(value: unknown): Saved["model"] {
  const from = fields(value, "model");
  const source = orNull(nameText)(own(from, "source"), "model.source");
  const [revision, dModel, bytes] = [own(from, "revision"), own(from, "dModel"), own(from, "bytes")];
  return {
    name: nameText(own(from, "name"), "model.name"),
    // Version 1 wrote this for files of one's own.
    source: source === "files" ? null : source,
    revision: revision === undefined ? null : orNull(nameText)(revision, "model.revision"),
    ...(dModel !== undefined && { dModel: whole(1, 100_000)(dModel, "model.dModel") }),
    ...(bytes !== undefined && { bytes: whole(1, MOST_BYTES)(bytes, "model.bytes") }),
  };
}

function madeOf(value: unknown): Made | null {
  if (value === undefined || value === null) return null;
  return readAll<Made>({ by: nameText, at: anyText(64), device: nameText }, value, "made");
}
