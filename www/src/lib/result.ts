// The edges of a full sweep: what is known of each, from the first estimate to the last exact value.

import type { Component, Metric } from "../engine/types";

export const COMPONENTS = ["q", "k", "v"] as const satisfies readonly Component[];

export interface Head {
  layer: number;
  head: number;
}

/** A path from one head into a later head's query, key or value. */
export interface EdgeId {
  src: Head;
  dst: Head;
  component: Component;
}

export interface Edge extends EdgeId {
  value: number;
  /** The value less that of the corrupted run. */
  effect: number;
  /** Standard deviation of the effect over the prompt pairs; NaN for one pair, or an estimate. */
  spread: number;
  isExact: boolean;
}

/** A component's grid, `[layers, heads, layers, heads]`, source first. */
export interface Values {
  /** NaN where there is no path, or nothing is known yet. */
  values: Float32Array;
  /** 1 for an exact value. */
  exact: Uint8Array;
  spread: Float32Array;
}

export interface Result {
  layers: number;
  heads: number;
  metric: Metric;
  cleanMetric: number;
  corruptedMetric: number;
  components: Record<Component, Values>;
}

/** A result of which nothing is known but its shape and the two runs. */
export function emptyResult(shape: Omit<Result, "components">): Result {
  const size = (shape.layers * shape.heads) ** 2;
  const nothing = (): Values => ({
    values: new Float32Array(size).fill(Number.NaN),
    exact: new Uint8Array(size),
    spread: new Float32Array(size).fill(Number.NaN),
  });
  return { ...shape, components: { q: nothing(), k: nothing(), v: nothing() } };
}

export const isSameHead = (a: Head, b: Head): boolean => a.layer === b.layer && a.head === b.head;

export function isSameEdge(a: EdgeId | null, b: EdgeId | null): boolean {
  if (!a || !b) return a === b;
  return a.component === b.component && isSameHead(a.src, b.src) && isSameHead(a.dst, b.dst);
}

/** A name for an edge that is no other's. */
export const edgeKey = ({ src, dst, component }: EdgeId): string =>
  `${src.layer}.${src.head}-${dst.layer}.${dst.head}-${component}`;

export const hasPath = ({ src, dst }: Pick<EdgeId, "src" | "dst">): boolean => dst.layer > src.layer;

/** What is known of an edge; null where nothing is. */
export function edgeAt(result: Result, id: EdgeId): Edge | null {
  const place = placeOf(result, id.src) * result.layers * result.heads + placeOf(result, id.dst);
  const { values, exact, spread } = result.components[id.component];
  const value = values[place];
  if (value === undefined || Number.isNaN(value)) return null;
  const effect = value - result.corruptedMetric;
  return { ...id, value, effect, spread: spread[place]!, isExact: exact[place] === 1 };
}

/** Every edge of which anything is known, largest effect first. */
export function edges(result: Result): Edge[] {
  const all: Edge[] = [];
  const heads = allHeads(result);
  for (const component of COMPONENTS) {
    const { values, exact, spread } = result.components[component];
    // GPT-2 small has 28,512 of them, and this is done anew with every drawing: one walk over the arrays.
    values.forEach((value, place) => {
      if (Number.isNaN(value)) return;
      const src = heads[Math.floor(place / heads.length)]!;
      const dst = heads[place % heads.length]!;
      const effect = value - result.corruptedMetric;
      all.push({ src, dst, component, value, effect, spread: spread[place]!, isExact: exact[place] === 1 });
    });
  }
  return all.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}

/** The strongest edge among those of a source, a destination or a component; null where nothing is known of any. */
export function strongestOf(result: Result, { src, dst, component }: Partial<EdgeId>): Edge | null {
  let best: EdgeId | null = null;
  let most = -1;
  const heads = allHeads(result);
  for (const of of component ? [component] : COMPONENTS) {
    const { values } = result.components[of];
    for (const from of src ? [src] : heads) {
      const row = placeOf(result, from) * heads.length;
      for (const to of dst ? [dst] : heads) {
        // Where nothing is known the value is NaN, and no comparison holds.
        const size = Math.abs(values[row + placeOf(result, to)]! - result.corruptedMetric);
        if (size > most && to.layer > from.layer) {
          most = size;
          best = { src: from, dst: to, component: of };
        }
      }
    }
  }
  return best && edgeAt(result, best);
}

/** How large logits and their differences are at least; what is measured in shares or nats has a size of its own. */
const UNITS: Record<Metric, number> = {
  "logit-diff": 1,
  "normalized-logit-diff": 1,
  "log-prob": 1,
  prob: 0,
  kl: 0.1,
};
/** What float32 leaves of a number after a model's depth of sums. */
const ROUNDING = 1e-5;

/** An effect below this is rounding: two runs of the same numbers differ by as much. */
export function noiseOf({ metric, cleanMetric, corruptedMetric }: Result): number {
  return ROUNDING * Math.max(UNITS[metric], Math.abs(cleanMetric), Math.abs(corruptedMetric));
}

/** The largest distance from the corrupted run, either way. */
export function reachOf(result: Result): number {
  let reach = 0;
  for (const component of COMPONENTS) {
    for (const value of result.components[component].values) {
      const effect = Math.abs(value - result.corruptedMetric);
      if (effect > reach) reach = effect;
    }
  }
  return reach;
}

export function allHeads({ layers, heads }: Pick<Result, "layers" | "heads">): Head[] {
  return Array.from({ length: layers * heads }, (_, i) => ({ layer: Math.floor(i / heads), head: i % heads }));
}

export const placeOf = ({ heads }: Pick<Result, "heads">, { layer, head }: Head): number => layer * heads + head;
