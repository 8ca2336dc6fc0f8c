// How much each node writes and reads in all: the sum of the sizes of its edges' effects, as two grids, and the same
// as a table.

import { label, nodeName, shortLabel } from "../core/node";
import { nodesOf, type NodeTotal, nodeTotals, type Table } from "../core/table";
import { element } from "../lib/dom";
import { formatChange, formatCount, formatEffect, formatValue } from "../lib/format";
import { tint } from "../lib/scale";
import { figure } from "./figure";
import * as gridView from "./grid/grid";

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
  const head = ["Node", "Writes", "Sum with signs", "Edges out", "Reads", "Sum with signs", "Edges in"];
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
    element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Table of nodes" }, table),
  );
  const says = element("p", { class: "note reads-out" });
  container.append(multiples, says, asTable);
  let shown: { totals: Map<string, NodeTotal>; table: Table } | undefined;

  const hover = (name: string | null) => {
    const total = name === null ? undefined : shown?.totals.get(name);
    says.textContent = total ? inWords(total) : HINT;
  };
  const grids = (Object.keys(SIDES) as Side[]).map((side) => {
    const { element: made, body, entitle } = figure();
    entitle(SIDES[side].title);
    multiples.append(made);
    return { side, update: gridView.create(body, { onChoose: events.onNode, onHover: hover }) };
  });
  const fill = () => {
    if (!shown || !asTable.open) return;
    const sorted = [...shown.totals.values()].sort((a, b) => b.writes.size + b.reads.size - a.writes.size - a.reads.size);
    rows.replaceChildren(...sorted.map(rowOf));
  };
  asTable.addEventListener("toggle", fill);
  hover(null);

  return (of, chosen) => {
    const totals = new Map(nodeTotals(of).map((total) => [total.node, total]));
    shown = { totals, table: of };
    for (const { side, update } of grids) {
      const names = nodesOf(of).filter((name) => nodeName(name).kind !== (side === "writes" ? "logits" : "input"));
      const most = Math.max(...names.map((name) => totals.get(name)![side].size), Number.MIN_VALUE);
      const cell = (name: string, width: number): gridView.Shown => {
        const { size, edges } = totals.get(name)![side];
        return {
          fill: edges > 0 ? { colour: tint(size / most), strength: size / most } : null,
          share: 1,
          isFaint: false,
          text: edges > 0 && width >= gridView.NUMBER_WIDTH ? formatChange(size, most).replace("+", "") : "",
          kind: edges > 0 ? "value" : "no-path",
          isSelected: name === chosen,
          edge: null,
          says: `${label(name)} ${flowWords(totals.get(name)!, side)}`,
        };
      };
      update({ names, about: `How much each node ${SIDES[side].verb} in all`, cell });
    }
    fill();
  };
}

const HINT = "Each cell sums the sizes of all effects of a node’s edges that are known, estimates among them. Choose one to see its strongest edge, at either end.";

function flowWords(total: NodeTotal, side: Side): string {
  const { size, net, edges } = total[side];
  if (edges === 0) return `${SIDES[side].verb} nothing that is known`;
  return `${SIDES[side].verb} ${formatValue(size)} in all over ${formatCount(edges)} ${edges === 1 ? "edge" : "edges"}, ${formatEffect(net)} with signs`;
}

const inWords = (total: NodeTotal): string => `${label(total.node)} ${flowWords(total, "writes")}; ${flowWords(total, "reads")}.`;

function rowOf({ node, writes, reads }: NodeTotal): HTMLElement {
  const cells = [writes, reads].flatMap(({ size, net, edges }) =>
    edges > 0 ? [formatValue(size), formatEffect(net), formatCount(edges)] : ["", "", ""],
  );
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, shortLabel(node)),
    ...cells.map((text) => element("td", { class: "number" }, text)),
  );
}
