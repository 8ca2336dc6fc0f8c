// Where the edges of a scale are: how far the axis has to reach, and a tick for every edge.

import { baselinesOf } from "../../core/direction";
import { baseOf, hasBaselines, places, type Table } from "../../core/table";
import type { Axis, Extent } from "../../lib/axis";
import { Y } from "./rows";

/** The largest effects either way, and that of the other run. */
export function extentOf(table: Table, noise: number): Extent {
  const base = baseOf(table);
  const { other, base: own } = baselinesOf(table);
  let [down, up] = [0, 0];
  // The strongest come first: the first of either sign is the largest.
  for (const place of places(table)) {
    const effect = table.values[place]! - base;
    if (Math.abs(effect) <= noise || (down > 0 && up > 0)) break;
    if (effect > 0) up ||= effect;
    else down ||= -effect;
  }
  return { down, up, other: hasBaselines(table) ? Number((other - own).toPrecision(6)) : 0 };
}

/** Where the ticks of all edges are: those that would be drawn over each other are one. */
export function placesOfTicks(table: Table, noise: number, { x }: Axis): Float64Array {
  const base = baseOf(table);
  const found = new Set<number>();
  for (const place of places(table)) {
    const effect = table.values[place]! - base;
    if (Math.abs(effect) <= noise) break;
    found.add(Math.round(2 * x(effect)) / 2);
  }
  return Float64Array.from(found);
}

/** One path for each sign, of the edges that are shown and of the others. */
export function pathsOfTicks(at: Float64Array, least: number, { x }: Axis): { name: string; d: string }[] {
  const [zero, from, to] = [x(0), x(-least), x(least)];
  const path = (name: string, y: number, has: (place: number) => boolean) => ({ name, d: [...at].filter(has).map((place) => `M${place} ${y}V${Y.foot}`).join("") });
  return [
    path("down quiet", Y.quiet, (place) => place < zero && place > from + HALF_TICK),
    path("up quiet", Y.quiet, (place) => place >= zero && place < to - HALF_TICK),
    path("down", Y.tick, (place) => place <= from + HALF_TICK),
    path("up", Y.tick, (place) => place >= to - HALF_TICK),
  ];
}

/** Ticks are that far from where their edges are. */
const HALF_TICK = 0.25;
