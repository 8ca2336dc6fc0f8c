// The edges of one node as a grid: what a sender writes into each receiver of a kind, or what each sender writes into
// one receiver. Colour is the effect, as on the scale.

import { edgeKey, edgeLabel, isSameEdge, label, nodeOf } from "../../core/node";
import { edgeAt, hasPath, noiseOf, type Table } from "../../core/table";
import type { EdgeName } from "../../engine/types";
import { formatCell } from "../../lib/format";
import type { Colours } from "../../lib/scale";
import { edgeLines, edgeWords } from "../words";
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
  size: number;
  above?: number;
  about: string;
  colours: Colours;
  /** Effects below this are faint. */
  least: number;
  selected: EdgeName | null;
  lit: EdgeName | null;
}

export interface EdgeGridEvents {
  onSelect: (edge: EdgeName) => void;
  onHover?: (edge: EdgeName | null) => void;
}

/** How much of its cell an estimate fills. */
const ESTIMATE_SHARE = 0.62;

export function create(container: HTMLElement, role: Role, events: EdgeGridEvents, isStill = false): (data: EdgeGridData) => void {
  let shown: EdgeGridData | undefined;
  const edgeOf = (name: string): EdgeName | null => {
    if (!shown) return null;
    const { table, end } = shown;
    const edge = role === "from" ? { from: end, to: name } : { from: name, to: end };
    return hasPath(table, edge) ? edge : null;
  };
  const update = gridView.create(
    container,
    {
      onChoose: (name) => {
        const edge = edgeOf(name);
        if (edge) events.onSelect(edge);
      },
      onHover: (name) => events.onHover?.(name === null ? null : edgeOf(name)),
    },
    isStill,
  );

  return (data) => {
    shown = data;
    const { table, end, names, size, above, about, colours, least, selected, lit } = data;
    const noise = noiseOf(table);
    const cell = (name: string, letters: number): gridView.Shown => {
      const edge = edgeOf(name);
      const known = edge && edgeAt(table, edge);
      const isOwn = nodeOf(name) === nodeOf(end);
      const text = known?.isExact ? formatCell(known.effect, noise, letters) : "";
      return {
        fill: known && { colour: colours.of(known.effect), strength: colours.strength(known.effect) },
        share: known && !known.isExact ? ESTIMATE_SHARE : 1,
        isFaint: known !== null && Math.abs(known.effect) < least,
        text,
        kind: edge ? "value" : isOwn ? "own" : "no-path",
        isSelected: edge !== null && isSameEdge(edge, selected),
        edge: edge && edgeKey(edge),
        says: edge ? `${edgeLabel(edge)}: ${known ? edgeWords(known, table) : "not known yet"}` : `${label(name)}: ${noPath(name, end, role, isOwn)}`,
        tip: edge
          ? { title: edgeLabel(edge), lines: known ? edgeLines(known, table) : ["not known yet"] }
          : { title: label(name), lines: [noPath(name, end, role, isOwn)] },
      };
    };
    update({ names, size, above, about, cell, lit: lit && edgeKey(lit) });
  };
}

/** Why a cell has no value. */
function noPath(name: string, end: string, role: Role, isOwn: boolean): string {
  if (isOwn) return role === "from" ? "writes these edges" : "reads these edges";
  const [from, to] = role === "from" ? [end, name] : [name, end];
  return `no path, ${label(to)} reads before ${label(from)} writes`;
}
