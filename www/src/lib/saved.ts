// A result as JSON, to take along and to show again without a model.
//
// Edges are lists side by side: the place in a row-major `[layers, heads, layers, heads]` array, source first,
// and the value, written so that it is the same float32 again. In Python:
//
//     grid = np.full((layers, heads, layers, heads), np.nan, np.float32)
//     grid.flat[saved["components"]["q"]["indices"]] = saved["components"]["q"]["values"]

import type { Component, Token } from "../engine/types";
import { COMPONENTS, type Edge, edges, emptyResult, isSameHead, placeOf, type Result } from "./result";
import type { Settings, View } from "./settings";

/** Stands for the model that the site brings along, wherever the site is. */
export const BUNDLED_SOURCE = "bundled";

/** What this page writes; a reader of another version says so. */
export const VERSION = 1;

interface SavedEdges {
  indices: number[];
  values: number[];
  /** Standard deviation over the prompt pairs; absent for one pair. */
  spread?: number[];
  /** Which of the indices are first-order estimates. */
  estimates: number[];
}

export interface Saved {
  pathpatch: typeof VERSION;
  /** What the model is called, and how a link names it; null for files of the reader's own. */
  model: { name: string; source: string | null };
  layers: number;
  heads: number;
  cleanMetric: number;
  corruptedMetric: number;
  settings: Settings;
  view: View;
  /** The tokens of each pair. */
  tokens: { clean: Token[]; corrupted: Token[] }[];
  components: Record<Component, SavedEdges>;
}

export type About = Pick<Saved, "model" | "settings" | "view" | "tokens">;

/** All of a result, or of the `strongest` edges and those of the source and the destination in view. */
export function save(result: Result, about: About, strongest = Number.POSITIVE_INFINITY): Saved {
  const { layers, heads, cleanMetric, corruptedMetric } = result;
  const { src, dst } = about.view;
  const kept = edges(result).filter(
    (edge, i) => i < strongest || isSameHead(edge.src, src) || (dst !== null && isSameHead(edge.dst, dst)),
  );
  const component = (name: Component) => saveEdges(result, kept.filter((edge) => edge.component === name));
  return {
    pathpatch: VERSION,
    ...about,
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
  if (sorted.some((edge) => !Number.isNaN(edge.spread))) {
    saved.spread = sorted.map((edge) => (Number.isNaN(edge.spread) ? 0 : short(edge.spread)));
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

function parse(text: string): Saved {
  let saved: Partial<Saved> | null;
  try {
    saved = JSON.parse(text);
  } catch (error) {
    throw new Error(`saved result: expected JSON, got ${(error as Error).message}`);
  }
  const version = saved?.pathpatch;
  if (version !== VERSION) {
    throw new Error(`saved result: expected {"pathpatch": ${VERSION}, …}, got ${JSON.stringify(version) ?? "none"}`);
  }
  const { layers, heads, settings, view, components } = saved!;
  const isWhole = layers && heads && settings && view && COMPONENTS.every((name) => isList(components?.[name]));
  if (!isWhole) throw new Error("saved result: expected layers, heads, settings, view and components, got less");
  return saved as Saved;
}

function isList(edges: SavedEdges | undefined): boolean {
  return Array.isArray(edges?.indices) && edges.indices.length === edges.values?.length && Array.isArray(edges.estimates);
}
