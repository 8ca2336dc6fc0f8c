// The edges of a circuit as lines. Width is the size of an effect, colour its sign. An exact value is filled, an
// estimate an outline, or dashed where it is thin. Each line has a rim of the ground's colour, so that of two that cross
// one sees which is which.

import { edgeKey, isSameEdge, nodeOf } from "../../core/node";
import type { Edge } from "../../core/table";
import type { EdgeName } from "../../engine/types";
import { between } from "../../lib/scale";
import type { Group } from "./box";
import { arrow, type Route } from "./paths";

export interface Lines {
  /** Strongest first. */
  edges: readonly Edge[];
  paths: Map<string, Route>;
  /** The largest effect, whose line is the widest. */
  reach: number;
  /** Effects up to this are rounding. */
  noise: number;
  scale: number;
  selected: EdgeName | null;
}

/** How wide lines are, from no effect to the largest, in a drawing of middle size. */
const LINE = { least: 1.2, more: 9 };
/** Lines at least as wide as this have room for an outline; thinner ones are dashed. */
const OUTLINED = 2.6;
const RIM = 2.4;
const HALO = 9;
/** More edges than this are drawn thinner, so that those beside each other can be told apart. */
export const DENSE = 120;

/** How wide the line of an effect is; that of rounding is the least. */
export function widthsOf({ reach, noise, scale, edges }: Pick<Lines, "reach" | "noise" | "scale" | "edges">): (edge: Pick<Edge, "effect">) => number {
  const more = LINE.more * Math.min(1.5, scale) * (edges.length > DENSE ? 0.6 : 1);
  const width = between([0, reach || 1], [LINE.least, LINE.least + more]);
  return ({ effect }) => (Math.abs(effect) <= noise ? LINE.least : width(Math.abs(effect)));
}

export function drawLines(group: Group, data: Lines): void {
  const { edges, paths, noise, selected } = data;
  const widthOf = widthsOf(data);
  const routeOf = (edge: Edge) => paths.get(edgeKey(edge))!;
  const line = group
    .selectAll<SVGGElement, Edge>("g.edge")
    // The strongest are drawn over the others, and the chosen one over all.
    .data(edges.toReversed().sort((a, b) => Number(isSameEdge(a, selected)) - Number(isSameEdge(b, selected))), edgeKey)
    .join((enter) => {
      const g = enter.append("g");
      for (const name of ["halo", "rim", "line", "hollow", "arrow"]) g.append("path").attr("class", name);
      return g;
    })
    .order()
    .attr("data-edge", edgeKey)
    .each(function (edge) {
      const { classList } = this;
      const isNothing = Math.abs(edge.effect) <= noise;
      classList.add("edge");
      classList.toggle("down", edge.effect < 0 && !isNothing);
      classList.toggle("nothing", isNothing);
      classList.toggle("selected", isSameEdge(edge, selected));
      // What feeds the chosen edge, and what it feeds, stays strong.
      classList.toggle("near", selected !== null && (nodeOf(edge.to) === selected.from || nodeOf(selected.to) === edge.from));
      classList.toggle("dashed", !edge.isExact && widthOf(edge) < OUTLINED);
      classList.toggle("outlined", !edge.isExact && widthOf(edge) >= OUTLINED);
    });
  for (const name of ["halo", "rim", "line", "hollow"]) line.select(`path.${name}`).attr("d", (edge) => routeOf(edge).d);
  line.select("path.halo").attr("stroke-width", (edge) => widthOf(edge) + HALO);
  line.select("path.rim").attr("stroke-width", (edge) => widthOf(edge) + RIM);
  line.select("path.line").attr("stroke-width", widthOf);
  line.select("path.hollow").attr("stroke-width", (edge) => Math.max(0, widthOf(edge) - 1.8));
  line.select("path.arrow").attr("d", (edge) => arrow(routeOf(edge).tip, widthOf(edge)));
}
