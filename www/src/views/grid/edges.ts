// The edges of one node as a grid: what a sender writes into each receiver of a kind, or what each sender writes into
// one receiver. Colour is the effect, as in the legend.

import { edgeKey, edgeLabel, isSameEdge, label, nodeOf } from "../../core/node";
import { edgeAt, hasPath, type Table } from "../../core/table";
import type { EdgeName } from "../../engine/types";
import { formatChange } from "../../lib/format";
import type { Colours } from "../../lib/scale";
import { edgeWords } from "../words";
import * as gridView from "./grid";

/** Which end of the edges is the same for all of them. */
export type Role = "from" | "into";

export interface EdgeGridData {
  table: Table;
  /** The one end: a sender, or a receiver. */
  end: string;
  /** The other ends. */
  names: readonly string[];
  /** As the grid's. */
  across: number;
  about: string;
  colours: Colours;
  /** Effects below this are faint. */
  least: number;
  selected: EdgeName | null;
}

export interface EdgeGridEvents {
  onSelect: (edge: EdgeName) => void;
  onHover: (edge: EdgeName | null) => void;
}

/** How much of its cell an estimate fills. */
const ESTIMATE_SHARE = 0.62;

export function create(container: HTMLElement, role: Role, events: EdgeGridEvents): (data: EdgeGridData) => void {
  let shown: EdgeGridData | undefined;
  const edgeOf = (name: string): EdgeName | null => {
    if (!shown) return null;
    const { table, end } = shown;
    const edge = role === "from" ? { from: end, to: name } : { from: name, to: end };
    return hasPath(table, edge) ? edge : null;
  };
  const update = gridView.create(container, {
    onChoose: (name) => {
      const edge = edgeOf(name);
      if (edge) events.onSelect(edge);
    },
    onHover: (name) => events.onHover(name === null ? null : edgeOf(name)),
  });

  return (data) => {
    shown = data;
    const { table, end, names, across, about, colours, least, selected } = data;
    const cell = (name: string, width: number): gridView.Shown => {
      const edge = edgeOf(name);
      const known = edge && edgeAt(table, edge);
      const isOwn = nodeOf(name) === nodeOf(end);
      const isFaint = known !== null && Math.abs(known.effect) < least;
      const hasRoom = width >= gridView.NUMBER_WIDTH;
      const text = known?.isExact && !isFaint && hasRoom ? formatChange(known.effect, colours.reach) : "";
      return {
        fill: known && { colour: colours.of(known.effect), strength: isFaint ? 0 : colours.strength(known.effect) },
        share: known && !known.isExact ? ESTIMATE_SHARE : 1,
        isFaint,
        text: isOwn ? "●" : text,
        kind: edge ? "value" : isOwn ? "own" : "no-path",
        isSelected: isSameEdge(edge, selected) && edge !== null,
        edge: edge && edgeKey(edge),
        says: edge ? `${edgeLabel(edge)}: ${known ? edgeWords(known, table) : "not known yet"}` : noPath(name, end, role, isOwn),
      };
    };
    update({ names, across, about, cell });
  };
}

/** Why a cell has no value. */
function noPath(name: string, end: string, role: Role, isOwn: boolean): string {
  if (isOwn) return `${label(name)}: ${role === "from" ? "writes these edges" : "reads these edges"}`;
  const [from, to] = role === "from" ? [end, name] : [name, end];
  return `${label(name)}: no path, ${label(to)} reads before ${label(from)} writes`;
}
