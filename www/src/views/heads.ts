// The edges between heads of a table, as the grids, the circuit and the table of edges draw them.

import { headName, nodeName, parseName } from "../core/node";
import { hasPath, placeOf, shapeOf, STATE, type Table } from "../core/table";
import type { Look as TableLook, View as TableView } from "../core/view";
import type { Component, EdgeName } from "../engine/types";
import { COMPONENTS, type EdgeId, emptyResult, type Head, type Result, allHeads, placeOf as headPlace } from "../lib/result";

/** What is looked at, between heads. */
export interface Look {
  src: Head;
  dst: Head | null;
  component: Component;
  edges: number;
  least: number;
  pair: number;
}

/** Values between heads. */
export function headResult(table: Table): Result {
  const { metric, cleanMetric, corruptedMetric } = table;
  const result = emptyResult({ ...shapeOf(table), metric, cleanMetric, corruptedMetric });
  const heads = allHeads(result);
  for (const component of COMPONENTS) {
    const into = result.components[component];
    for (const src of heads) {
      for (const dst of heads) {
        const edge = edgeName({ src, dst, component });
        if (!hasPath(table, edge)) continue;
        const [place, at] = [placeOf(table, edge), headPlace(result, src) * heads.length + headPlace(result, dst)];
        into.values[at] = table.values[place]!;
        into.exact[at] = table.state[place] === STATE.exact ? 1 : 0;
        into.spread[at] = table.stdDev[place]!;
      }
    }
  }
  return result;
}

export function headLook({ from, to, edges, least, pair }: TableLook): Look {
  return { src: headOf(from) ?? { layer: 0, head: 0 }, dst: to ? headOf(to) : null, component: (to && nodeName(to).port) || "q", edges, least, pair };
}

/** An edge between heads by numbers; null for any other. */
export function edgeId(edge: EdgeName): EdgeId | null {
  const [src, dst, component] = [headOf(edge.from), headOf(edge.to), parseName(edge.to)?.port];
  return src && dst && component ? { src, dst, component } : null;
}

export const edgeName = ({ src, dst, component }: EdgeId): EdgeName => ({
  from: headName(src.layer, src.head),
  to: headName(dst.layer, dst.head, component),
});

/** A choice by numbers, as the page's view has it. */
export function viewOf(change: Partial<Look>): Partial<TableView> {
  const { src, dst, component, ...rest } = change;
  return {
    ...rest,
    ...(src && { from: headName(src.layer, src.head) }),
    ...(dst && { to: headName(dst.layer, dst.head, component ?? null) }),
  };
}

function headOf(name: string): Head | null {
  const { layer, head } = nodeName(name);
  return layer === null || head === null ? null : { layer, head };
}
