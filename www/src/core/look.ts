// What is looked at: the reader's choice, and by the result what the reader left open.

import type { Component } from "../engine/types";
import { type EdgeId, type Head, hasPath, type Result, strongestOf } from "../lib/result";
import type { View } from "../lib/settings";

/** A view with nothing left open, but for a head that has no partner. */
export interface Look extends View {
  src: Head;
  component: Component;
}

/**
 * What a view shows of a result. What is not chosen comes from the strongest edge that fits the choice; without any
 * choice from `lead`, which does not move while values still come.
 */
export function lookAt(view: View, result: Result, lead: EdgeId | null): Look {
  const isOpen = !view.src && !view.dst;
  const isLead = isOpen && lead !== null && (view.component === null || view.component === lead.component);
  const fits = {
    ...(view.src && { src: view.src }),
    ...(view.dst && { dst: view.dst }),
    ...(view.component && { component: view.component }),
  };
  const best = isLead ? lead : strongestOf(result, fits);
  const component = view.component ?? best?.component ?? lead?.component ?? "q";
  const src = view.src ?? best?.src ?? lead?.src ?? { layer: 0, head: 0 };
  return { ...view, component, src, dst: view.dst ?? best?.dst ?? null };
}

/** The edge that is looked at; null where the two heads have no path. */
export function edgeOf({ src, dst, component }: Look): EdgeId | null {
  return dst && hasPath({ src, dst }) ? { src, dst, component } : null;
}

/**
 * The view after something else was chosen in what is shown. A choice keeps its source and component; an end that
 * the new one does not reach is left to the result again.
 */
export function choose(view: View, shown: Look | null, change: Partial<View>): View {
  const now: View = { ...view, ...change };
  const isEdge = "src" in change || "dst" in change || "component" in change;
  if (!shown || !isEdge) return now;
  if (!("component" in change)) now.component ??= shown.component;
  if (!("src" in change)) now.src ??= shown.src;
  const { src, dst } = now;
  if (!src || !dst || hasPath({ src, dst })) return now;
  return change.dst ? { ...now, src: null } : { ...now, dst: null };
}

/** A view of heads that a model has. */
export function within({ layers, heads }: { layers: number; heads: number }, view: View): View {
  const isThere = (head: Head | null) => !head || (head.layer < layers && head.head < heads);
  const [src, dst] = [isThere(view.src) ? view.src : null, isThere(view.dst) ? view.dst : null];
  return src === view.src && dst === view.dst ? view : { ...view, src, dst };
}
