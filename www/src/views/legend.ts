// The colour scale with its numbers, and what hatching means.

import { axisBottom } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { formatValue } from "../lib/format";
import type { Colours } from "../lib/scale";

export interface LegendData {
  colours: Colours;
  /** What the numbers are. */
  title: string;
  cleanMetric: number;
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
  const note = select(container).append("p").attr("class", "note");

  return ({ colours, title: text, cleanMetric }) => {
    const { baseline, reach } = colours;
    const ends = [baseline - reach, baseline + reach] as const;
    const at = (t: number) => ends[0] + t * (ends[1] - ends[0]);
    gradient
      .selectAll("stop")
      .data(Array.from({ length: STOPS }, (_, i) => i / (STOPS - 1)))
      .join("stop")
      .attr("offset", (t) => t)
      .attr("stop-color", (t) => colours.of(at(t)));
    const x = scaleLinear(ends, [BAR.left, BAR.left + BAR.width]);
    axis.call(
      axisBottom(x)
        .tickValues([ends[0], baseline, ends[1]])
        .tickFormat((value) => formatValue(Number(value)))
        .tickSize(4),
    );
    axis.select(".domain").remove();
    title.text(text);
    svg.attr("aria-label", `${text}: from ${formatValue(ends[0])} to ${formatValue(ends[1])}`);
    const runs = `White: the corrupted run, ${formatValue(baseline)}.`;
    note.text(
      `${runs} The clean run has ${formatValue(cleanMetric)}. A small square is an estimate, a full one exact. Hatched: no path.`,
    );
  };
}
