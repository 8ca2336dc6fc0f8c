// A figure's drawings, one below the other: the circuit with its scale, grids, totals and the table. What is pointed
// at in one of them lights up in the others.

import type { PictureData, PictureEvents } from "../core/props";
import { leastOf, shownEdges } from "../core/shown";
import { countsOf, noiseOf, reachOf } from "../core/table";
import type { EdgeName } from "../engine/types";
import { element } from "../lib/dom";
import { colours } from "../lib/scale";
import * as circuitView from "../views/circuit";
import * as triptychView from "../views/grid/triptych";
import * as overviewView from "../views/overview";
import * as scaleView from "../views/scale";
import * as tableView from "../views/table";

/** The parts that can be left out. */
export const PARTS = ["from", "into", "legend", "circuit", "overview", "table"] as const;
export type Part = (typeof PARTS)[number];

export function create(container: HTMLElement, hidden: ReadonlySet<Part>, events: PictureEvents): (data: PictureData) => void {
  let data: PictureData | undefined;
  let lit: EdgeName | null = null;
  const linked = {
    onView: events.onView,
    onSelect: ({ from, to }: EdgeName) => events.onView({ from, to }),
    onHover: (edge: EdgeName | null) => {
      if (edge === lit) return;
      lit = edge;
      show();
    },
  };
  const part = (name: Part) => {
    const place = element("div", { class: `part-${name}` });
    if (!hidden.has(name)) container.append(place);
    return hidden.has(name) ? null : place;
  };
  const made = <T>(name: Part, create: (place: HTMLElement) => T): T | undefined => {
    const place = part(name);
    return place ? create(place) : undefined;
  };
  const showCircuit = made("circuit", (place) => circuitView.create(place, linked, { height: "own" }));
  const showScale = made("legend", (place) => scaleView.create(place, linked));
  const triptychs = (["from", "into"] as const).map((role) => made(role, (place) => triptychView.create(place, role, linked)));
  const totals = part("overview");
  const showTotals = totals && overviewView.create(totals, { onNode: (node) => events.onView({ node }) });
  const showTable = made("table", (place) => tableView.create(place, linked));

  const show = () => {
    if (!data) return;
    const { table, look, isSamePrompts } = data;
    const scaled = colours(reachOf(table), noiseOf(table));
    showCircuit?.({ ...data, lit });
    showScale?.({ table, look, colours: scaled, isSamePrompts, lit });
    for (const update of triptychs) update?.({ table, look, colours: scaled, least: leastOf(table, look.least), lit });
    if (totals && showTotals) {
      // With the strongest edges alone there are no sums of all.
      totals.hidden = countsOf(table).unknown > 0;
      if (!totals.hidden) showTotals(table, look.node);
    }
    showTable?.({ table, look, isSamePrompts, least: shownEdges(table, look).least, lit });
  };
  return (next) => {
    data = next;
    show();
  };
}
