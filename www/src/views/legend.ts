// The colour scale with its numbers, the same that cells have: changes from the run that is patched. Where the other
// run lies on it is marked, and what either colour says of an edge is written below.

import { select } from "d3-selection";
import type { Table } from "../core/table";
import { formatEffect, METRICS } from "../lib/format";
import { between, type Colours } from "../lib/scale";
import { baseRun, baselineWords, signWords } from "./words";

export interface LegendData {
  colours: Colours;
  table: Table;
  /** Whether nothing moves the metric. */
  isStill: boolean;
}

const WIDTH = 300;
const BAR = { left: 24, width: 252, top: 6, height: 12 };
const STOPS = 21;

let drawn = 0;

export function create(container: HTMLElement): (data: LegendData) => void {
  // A name may be longer than the bar: a line of text can wrap.
  const title = select(container).append("p").attr("class", "scale-title");
  const svg = select(container)
    .append("svg")
    .attr("class", "legend")
    .attr("viewBox", `0 0 ${WIDTH} 44`)
    .attr("role", "img");
  const id = `legend-colours-${++drawn}`;
  const gradient = svg.append("defs").append("linearGradient").attr("id", id);
  const foot = BAR.top + BAR.height;
  svg
    .append("rect")
    .attr("x", BAR.left)
    .attr("y", BAR.top)
    .attr("width", BAR.width)
    .attr("height", BAR.height)
    .attr("rx", 2)
    .attr("fill", `url(#${id})`);
  const axis = svg.append("g");
  const other = svg.append("line").attr("class", "other-mark").attr("y1", BAR.top - 5).attr("y2", foot + 3);
  const words = select(container).append("div");
  const [up, down, note] = ["sign up", "sign down", "note"].map((name) => words.append("p").attr("class", name));

  return ({ colours, table, isStill }) => {
    const { reach } = colours;
    const { metric, direction, cleanMetric, corruptedMetric } = table;
    const at = (t: number) => (2 * t - 1) * reach;
    gradient
      .selectAll("stop")
      .data(Array.from({ length: STOPS }, (_, i) => i / (STOPS - 1)))
      .join("stop")
      .attr("offset", (t) => t)
      .style("stop-color", (t) => colours.of(at(t)));
    const x = between([-reach, reach], [BAR.left, BAR.left + BAR.width]);
    const tick = axis
      .selectAll<SVGGElement, number>("g")
      .data([-reach, 0, reach])
      .join((enter) => {
        const g = enter.append("g").attr("class", "tick");
        g.append("line").attr("y1", foot).attr("y2", foot + 4);
        g.append("text").attr("y", foot + 17).attr("text-anchor", "middle");
        return g;
      })
      .attr("transform", (value) => `translate(${x(value)},0)`);
    tick.select("text").text((value) => formatEffect(value));
    const name = METRICS[metric];
    title.text(`Change of: ${name}`);
    svg.attr("aria-label", `Change of ${name}: from ${formatEffect(-reach)} to ${formatEffect(reach)}, 0 is the ${baseRun(direction)} run`);
    const whole = direction === "denoise" ? cleanMetric - corruptedMetric : corruptedMetric - cleanMetric;
    const isOn = Math.abs(whole) <= reach && whole !== 0;
    other.attr("visibility", isOn ? null : "hidden").attr("x1", x(isOn ? whole : 0)).attr("x2", x(isOn ? whole : 0));
    const signs = signWords(table);
    up?.text(`Blue ${signs.up}.`);
    down?.text(`Red ${signs.down}.`);
    const still = isStill ? "No edge moves the metric: what is left is rounding. " : "";
    const mark = isOn ? ", the mark on the bar" : "";
    note?.text(`${still}${baselineWords(table)}${mark}.`);
  };
}
