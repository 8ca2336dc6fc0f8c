// What a figure shows only where its author asks for it: the scale of effects, grids, the table of edges.

import { leastOf } from "../core/shown";
import { noiseOf, reachOf, type Table } from "../core/table";
import type { Look, View } from "../core/view";
import type { EdgeName } from "../engine/types";
import { element } from "../lib/dom";
import type { Extra } from "../lib/figure-parts";
import { colours } from "../lib/scale";
import controls from "../styles/controls.css?inline";
import styles from "../styles/extras.css?inline";
import * as triptychView from "../views/grid/triptych";
import * as scaleView from "../views/scale";
import * as tableView from "../views/table";
import { adopt } from "../lib/sheets";

export interface ExtrasData {
  table: Table;
  look: Look;
}

/** Draws those that are asked for, in the order of `EXTRAS`. */
export function create(container: HTMLElement, extras: ReadonlySet<Extra>, onView: (change: Partial<View>) => void): (data: ExtrasData) => void {
  adopt(container, controls, styles);
  const onSelect = ({ from, to }: EdgeName) => onView({ from, to });
  const updates: ((data: ExtrasData) => void)[] = [];
  const add = (name: Extra, make: (place: HTMLElement) => (data: ExtrasData) => void) => {
    if (!extras.has(name)) return;
    const place = element("div", { class: `extra ${name}-part` });
    container.append(place);
    updates.push(make(place));
  };
  const coloursOf = (table: Table) => colours(reachOf(table), noiseOf(table));
  add("scale", (place) => {
    const update = scaleView.create(place, { onView });
    return (data) => update({ ...data, colours: coloursOf(data.table) });
  });
  add("grids", (place) => {
    const both = (["from", "into"] as const).map((role) => triptychView.create(place, role, { onSelect, onView }));
    return ({ table, look }) => {
      for (const update of both) update({ table, look, colours: coloursOf(table), least: look.least * reachOf(table) });
    };
  });
  add("table", (place) => {
    const update = tableView.create(place, { onSelect });
    return (data) => update({ ...data, least: leastOf(data.table, data.look.least) });
  });
  return (data) => {
    for (const update of updates) update(data);
  };
}
