// The colour scale with its numbers, the same that cells have: changes from the corrupted run. Where the clean run
// lies on it is marked.

import { axisBottom } from "d3-axis";
import { scalePoint } from "d3-scale";
import { select } from "d3-selection";
import { formatEffect, formatValue } from "../lib/format";
import { between, type Colours } from "../lib/scale";

export interface LegendData {
  colours: Colours;
  /** What is measured. */
  title: string;
  cleanMetric: number;
  corruptedMetric: number;
  /** Whether nothing moves the metric. */
  isStill: boolean;
}

const WIDTH = 300;
const BAR = { left: 24, width: 252, top: 20, height: 12 };
const STOPS = 21;

let drawn = 0;

export function create(container: HTMLElement): (data: LegendData) => void {
  const svg = select(container)
    .append("svg")
    .attr("class", "legend")
    .attr("viewBox", `0 0 ${WIDTH} 58`)
    .attr("role", "img");
  const id = `legend-colours-${++drawn}`;
  const gradient = svg.append("defs").append("linearGradient").attr("id", id);
  const title = svg.append("text").attr("class", "axis-title").attr("x", WIDTH / 2).attr("y", 12);
  svg
    .append("rect")
    .attr("x", BAR.left)
    .attr("y", BAR.top)
    .attr("width", BAR.width)
    .attr("height", BAR.height)
    .attr("rx", 2)
    .attr("fill", `url(#${id})`);
  const axis = svg.append("g").attr("transform", `translate(0,${BAR.top + BAR.height})`);
  const clean = svg.append("line").attr("class", "clean-mark").attr("y1", BAR.top - 5).attr("y2", BAR.top + BAR.height + 3);
  const note = select(container).append("p").attr("class", "note");

  return ({ colours, title: text, cleanMetric, corruptedMetric, isStill }) => {
    const { reach } = colours;
    const at = (t: number) => (2 * t - 1) * reach;
    gradient
      .selectAll("stop")
      .data(Array.from({ length: STOPS }, (_, i) => i / (STOPS - 1)))
      .join("stop")
      .attr("offset", (t) => t)
      .attr("stop-color", (t) => colours.of(at(t)));
    const ends: [number, number] = [BAR.left, BAR.left + BAR.width];
    const x = between([-reach, reach], ends);
    axis.call(axisBottom(scalePoint([-reach, 0, reach], ends)).tickFormat(formatEffect).tickSize(4));
    axis.select(".domain").remove();
    title.text(`Change of: ${text}`);
    svg.attr("aria-label", `Change of ${text}: from ${formatEffect(-reach)} to ${formatEffect(reach)}`);
    const whole = cleanMetric - corruptedMetric;
    const isOn = Math.abs(whole) <= reach && whole !== 0;
    clean.attr("visibility", isOn ? null : "hidden").attr("x1", x(isOn ? whole : 0)).attr("x2", x(isOn ? whole : 0));
    const still = isStill ? "No edge moves the metric: what is left is rounding. " : "";
    const runs = `0 is the corrupted run (${formatValue(corruptedMetric)}); the clean run (${formatValue(cleanMetric)}) is ${formatEffect(whole)} from it`;
    note.text(`${still}${runs}${isOn ? ", the mark on the bar" : ""}. A small square is an estimate, a full one exact. Hatched: no path.`);
  };
}
