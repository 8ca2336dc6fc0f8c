// A result as grids: what the chosen sender writes, what the chosen receiver reads, and how much each part does in all.

import { countsOf, type Table } from "../core/table";
import type { Look, View } from "../core/view";
import type { EdgeName } from "../engine/types";
import { element } from "../lib/dom";
import type { Colours } from "../lib/scale";
import * as triptychView from "./grid/triptych";
import * as overviewView from "./overview";

export interface GridsData {
  table: Table;
  look: Look;
  colours: Colours;
  /** Effects below this are faint. */
  least: number;
  lit: EdgeName | null;
}

export interface GridsEvents {
  onView: (change: Partial<View>) => void;
  onHover?: (edge: EdgeName | null) => void;
}

/** `scale` is the choice of what colours go up to. */
export function create(container: HTMLElement, scale: HTMLElement, events: GridsEvents): (data: GridsData) => void {
  const place = element("div", { class: "grids scrolls", tabindex: 0, role: "group", "aria-label": "Grids" }, scale);
  container.append(place);
  const linked = { ...events, onSelect: ({ from, to }: EdgeName) => events.onView({ from, to }) };
  const triptychs = (["from", "into"] as const).map((role) => triptychView.create(place, role, linked));
  const nodes = element("div", { class: "overview-part", role: "group", "aria-label": "Parts" }, element("h2", {}, "How much each part writes and reads in all"));
  place.append(nodes);
  const overview = overviewView.create(nodes, { onNode: (node) => events.onView({ node }) });
  return (data) => {
    for (const update of triptychs) update(data);
    // A figure with the strongest edges alone has no sums of all.
    nodes.hidden = countsOf(data.table).unknown > 0;
    if (!nodes.hidden) overview(data.table, data.look.node);
  };
}
