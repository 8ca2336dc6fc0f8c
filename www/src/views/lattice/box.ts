// Rectangles of a drawing.

import type { Selection } from "d3-selection";
import type { Box } from "./nearest";
import type { Spot } from "./place";

export type Group = Selection<SVGGElement, unknown, null, undefined>;

/** A box around a spot, so much wider and higher. */
export const around = ({ x, y, width, height }: Spot, more = 0): Box => ({
  x: x - (width + more) / 2,
  y: y - (height + more) / 2,
  width: width + more,
  height: height + more,
});

/** What d3 selects, as far as a box needs it. */
interface HasAttributes<Datum> {
  attr: (name: string, value: (datum: Datum) => number) => unknown;
}

export function setBox<Datum>(selection: HasAttributes<Datum>, boxOf: (datum: Datum) => Box): void {
  for (const name of ["x", "y", "width", "height"] as const) selection.attr(name, (datum) => boxOf(datum)[name]);
}
