// Edges as a table that spreadsheets and pandas read.

import { csvFormat } from "d3-dsv";
import { formatHead } from "./format";
import type { Edge } from "./result";

export function csv(edges: Edge[]): string {
  const rows = edges.map((edge) => ({
    src_layer: edge.src.layer,
    src_head: edge.src.head,
    dst_layer: edge.dst.layer,
    dst_head: edge.dst.head,
    edge: `${formatHead(edge.src)}->${formatHead(edge.dst)}.${edge.component}`,
    component: edge.component,
    value: edge.value,
    effect: edge.effect,
    spread: Number.isNaN(edge.spread) ? "" : edge.spread,
    exact: edge.isExact ? 1 : 0,
  }));
  return csvFormat(rows, [
    "edge",
    "src_layer",
    "src_head",
    "dst_layer",
    "dst_head",
    "component",
    "value",
    "effect",
    "spread",
    "exact",
  ]);
}
