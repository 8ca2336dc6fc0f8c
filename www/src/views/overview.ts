// How much each node writes and reads in all: the sum of the sizes of its edges' effects, as two grids, and the same
// as a table.

import { label, nodeName, shortLabel } from "../core/node";
import { nodesOf, noiseOf, type NodeTotal, nodeTotals, shapeOf, type Table } from "../core/table";
import { element } from "../lib/dom";
import { formatCell, formatCount, formatEffect, formatValue } from "../lib/format";
import { tint } from "../lib/scale";
import * as gridView from "./grid/grid";
import { sizesOf } from "./grid/sizes";

export interface OverviewEvents {
  /** A node was chosen. */
  onNode: (node: string) => void;
}

const SIDES = {
  writes: { title: "Writes in all", verb: "writes" },
  reads: { title: "Reads in all", verb: "reads" },
} as const;
type Side = keyof typeof SIDES;

export function create(container: HTMLElement, events: OverviewEvents): (table: Table, chosen: string | null) => void {
  const multiples = element("div", { class: "beside" });
  const rows = element("tbody");
  const head = ["Part", "Writes", "Sum with signs", "Edges out", "Reads", "Sum with signs", "Edges in"];
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
    rows,
  );
  const asTable = element(
    "details",
    {},
    element("summary", {}, "The same as a table, largest first"),
    element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Table of parts" }, table),
  );
  container.append(element("p", { class: "note" }, HINT), multiples, asTable);
  let shown: { totals: Map<string, NodeTotal>; table: Table; chosen: string | null } | undefined;

  const grids = (Object.keys(SIDES) as Side[]).map((side) => {
    const body = element("div");
    multiples.append(element("div", { class: "grid-of" }, element("h3", {}, SIDES[side].title), body));
    return { side, update: gridView.create(body, { onChoose: events.onNode, onHover: () => undefined }) };
  });
  const fill = () => {
    if (!shown || !asTable.open) return;
    const sorted = [...shown.totals.values()].sort((a, b) => b.writes.size + b.reads.size - a.writes.size - a.reads.size);
    const noise = noiseOf(shown.table);
    rows.replaceChildren(...sorted.map((total) => rowOf(total, noise)));
  };
  asTable.addEventListener("toggle", fill);

  const draw = () => {
    if (!shown) return;
    const { totals, table: of, chosen } = shown;
    const noise = noiseOf(of);
    const { size, isStacked } = sizesOf(Math.floor(multiples.clientWidth) || ASSUMED_WIDTH, shapeOf(of).heads, 2);
    multiples.classList.toggle("stacked", isStacked);
    for (const { side, update } of grids) {
      const names = nodesOf(of).filter((name) => nodeName(name).kind !== (side === "writes" ? "logits" : "input"));
      const most = Math.max(...names.map((name) => totals.get(name)![side].size), Number.MIN_VALUE);
      const cell = (name: string, letters: number): gridView.Shown => {
        const total = totals.get(name)!;
        const { size: sum, edges } = total[side];
        const share = most > noise ? sum / most : 0;
        return {
          fill: edges > 0 ? { colour: tint(share), strength: 0 } : null,
          share: 1,
          isFaint: false,
          text: edges > 0 ? formatCell(sum, edges * noise, letters + 1).replace("+", "") : "",
          kind: edges > 0 ? "value" : "no-path",
          isSelected: name === chosen,
          edge: null,
          says: `${label(name)} ${flowWords(total, side, noise)}`,
          tip: { title: label(name), lines: [flowWords(total, "writes", noise), flowWords(total, "reads", noise)] },
        };
      };
      // One row more above or below, so that layers are level.
      update({ names, size: Math.min(size, MOST), above: side === "writes" && !isStacked ? 1 : 0, about: `How much each part ${SIDES[side].verb} in all`, cell, lit: null });
    }
  };
  new ResizeObserver(() => {
    if (multiples.clientWidth > 0) draw();
  }).observe(multiples);

  return (of, chosen) => {
    shown = { totals: new Map(nodeTotals(of).map((total) => [total.node, total])), table: of, chosen };
    draw();
    fill();
  };
}

const ASSUMED_WIDTH = 900;
/** Sums need less room than effects. */
const MOST = 44;

const HINT = "Each cell sums the sizes of the effects of a part’s edges, exact or estimated. Choose one to see its strongest edge.";

/** Sums as they are written: each edge may bring its rounding. */
export function sumsOf({ size, net, edges }: Sum, noise: number): { size: string; net: string } {
  return { size: formatValue(size, edges * noise), net: formatEffect(net, edges * noise) };
}

type Sum = Pick<NodeTotal["writes"], "size" | "net" | "edges">;

/** `writes 1.23 in all over 1,000 edges, −0.50 with signs`. */
export function flowWords(total: NodeTotal, side: Side, noise: number): string {
  const { edges } = total[side];
  if (edges === 0) return `${SIDES[side].verb} nothing that is known`;
  const { size, net } = sumsOf(total[side], noise);
  return `${SIDES[side].verb} ${size} in all over ${formatCount(edges)} ${edges === 1 ? "edge" : "edges"}, ${net} with signs`;
}

function rowOf({ node, writes, reads }: NodeTotal, noise: number): HTMLElement {
  const cells = [writes, reads].flatMap((sum) => {
    if (sum.edges === 0) return ["", "", ""];
    const { size, net } = sumsOf(sum, noise);
    return [size, net, formatCount(sum.edges)];
  });
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, shortLabel(node)),
    ...cells.map((text) => element("td", { class: "number" }, text)),
  );
}
