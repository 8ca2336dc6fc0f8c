// What the colours of cells go up to: the largest effect of all, that of the grids that are shown, or what the reader
// has held to compare runs of one metric.

import { nodeOf } from "../core/node";
import { incoming, outgoing, reachOf, type Table } from "../core/table";
import type { Look } from "../core/view";
import { element } from "../lib/dom";

const SCALES = { all: "all edges", grids: "these grids", held: "held as it is" };
type Scale = keyof typeof SCALES;

export interface ColourScale {
  element: HTMLElement;
  /** The effect at either end of the colours. */
  reach: (table: Table, look: Look) => number;
  /** Whether small effects of these grids are to be seen, whatever else there is. */
  isOfGrids: () => boolean;
}

export function create(onChange: () => void): ColourScale {
  const choice = element("select", { "aria-label": "Colour scale" });
  choice.append(...Object.entries(SCALES).map(([value, name]) => element("option", { value }, name)));
  choice.addEventListener("change", onChange);
  let last = { reach: 0, of: "" };
  const reach = (table: Table, look: Look): number => {
    const of = keyOf(table);
    const scale = choice.value as Scale;
    if (scale === "held" && last.of === of) return last.reach;
    if (scale === "held") choice.value = "all";
    last = { reach: scale === "grids" ? reachOfGrids(table, look) : reachOf(table), of };
    return last.reach;
  };
  return { element: element("label", { class: "colour-scale" }, "Colours go up to the largest of ", choice), reach, isOfGrids: () => choice.value === "grids" };
}

/** What has to be the same for effects of two runs to be compared: what is measured, how it is patched, and of what size of model. */
export const keyOf = ({ metric, metricName = "", direction, patch, senders, receivers }: Table): string =>
  JSON.stringify([metric, metricName, direction, patch, senders.length, receivers.length]);

/** The largest effect in the grids that are shown. */
function reachOfGrids(table: Table, { from, to }: Look): number {
  const best = [outgoing(table, from)[0], to === null ? undefined : incoming(table, nodeOf(to))[0]];
  return Math.max(0, ...best.map((edge) => Math.abs(edge?.effect ?? 0)));
}
