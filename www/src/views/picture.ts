// A result in one of three ways, and the scale below it. What is pointed at in one of them lights up in the other.

import type { PictureData, PictureEvents } from "../core/props";
import { leastOf, shownEdges } from "../core/shown";
import { noiseOf, reachOf } from "../core/table";
import type { Show } from "../core/view";
import type { EdgeName } from "../engine/types";
import { colours } from "../lib/scale";
import * as circuitView from "./circuit";
import * as colourScaleView from "./colour-scale";
import * as gridsView from "./grids";
import * as scaleView from "./scale";
import * as tableView from "./table";

/** Where each is drawn. */
export type Places = Record<Show | "scale", HTMLElement>;

export function create(places: Places, events: PictureEvents): (data: PictureData) => void {
  let data: PictureData | undefined;
  let lit: EdgeName | null = null;
  const onSelect = ({ from, to }: EdgeName) => events.onView({ from, to });
  const onHover = (edge: EdgeName | null) => {
    if (edge === lit) return;
    lit = edge;
    show();
  };
  const redraw = () => show();
  const scale = colourScaleView.create(redraw);
  const showCircuit = circuitView.create(places.circuit, { onSelect, onHover });
  const showGrids = gridsView.create(places.grids, scale.element, { onView: events.onView, onHover });
  const showTable = tableView.create(places.table, { onSelect, onHover });
  const showScale = scaleView.create(places.scale, { onView: events.onView, onHover });

  const show = () => {
    if (!data) return;
    const { table, look } = data;
    // The choice stands beside the grids, and is theirs.
    const scaled = colours(look.show === "grids" ? scale.reach(table, look) : reachOf(table), noiseOf(table));
    const asked = leastOf(table, look.least);
    switch (look.show) {
      case "circuit":
        showCircuit({ ...data, lit });
        break;
      case "grids":
        showGrids({ table, look, colours: scaled, least: scale.isOfGrids() ? 0 : asked, lit });
        break;
      case "table":
        showTable({ table, look, least: shownEdges(table, look).least, lit });
        break;
    }
    showScale({ table, look, colours: scaled, lit });
  };
  return (next) => {
    data = next;
    show();
  };
}
