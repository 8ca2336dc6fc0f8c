// The grid of layers x heads: one cell a destination head, coloured by how far the path moves the metric.
//
// A cell without a path is hatched. Cells can be reached by pointer and by arrow keys; choosing one makes
// its head the source.

import { axisLeft, axisTop } from "d3-axis";
import { scaleBand } from "d3-scale";
import { type Selection, select } from "d3-selection";
import type { Grid } from "../engine/types";
import { formatChange, formatValue, headName } from "../lib/format";
import { type Colours, needsLightText } from "../lib/scale";

export interface HeatmapData {
  grid: Grid;
  colours: Colours;
  source: { layer: number; head: number };
}

export interface HeatmapEvents {
  onSource: (layer: number, head: number) => void;
  /** The cell under the pointer or the focus, in words; empty when there is none. */
  onReadout: (text: string) => void;
}

interface Cell {
  layer: number;
  head: number;
  value: number;
  hasPath: boolean;
  isSource: boolean;
}

const MARGIN = { top: 44, right: 8, bottom: 8, left: 52 };
/** Below this width a cell has no room for its number. */
const NUMBER_WIDTH = 34;

export function create(
  container: HTMLElement,
  events: HeatmapEvents,
): (data: HeatmapData) => void {
  const svg = select(container).append("svg").attr("class", "heatmap");
  const hatch = svg.append("defs").append("pattern");
  hatch
    .attr("id", "no-path")
    .attr("width", 6)
    .attr("height", 6)
    .attr("patternUnits", "userSpaceOnUse")
    .attr("patternTransform", "rotate(45)");
  hatch.append("rect").attr("class", "hatch-ground").attr("width", 6).attr("height", 6);
  hatch.append("line").attr("class", "hatch-line").attr("y2", 6);
  const axes = svg.append("g").attr("aria-hidden", "true");
  const body = svg.append("g").attr("role", "grid").attr("aria-label", "Effect on each later head");
  let focused = { layer: 0, head: 0 };

  return ({ grid, colours, source }) => {
    const [layers = 0, heads = 0] = grid.shape;
    const size = Math.min(72, Math.max(26, 560 / heads));
    const width = MARGIN.left + heads * size + MARGIN.right;
    const height = MARGIN.top + layers * size + MARGIN.bottom;
    svg.attr("viewBox", `0 0 ${width} ${height}`).style("max-width", `${width}px`);
    const band = (n: number, start: number) =>
      scaleBand<number>(
        Array.from({ length: n }, (_, i) => i),
        [start, start + n * size],
      ).padding(0.05);
    const x = band(heads, MARGIN.left);
    const y = band(layers, MARGIN.top);
    drawAxes(axes, x, y);

    const cells = (layer: number) =>
      Array.from({ length: heads }, (_, head): Cell => {
        const i = layer * heads + head;
        const isSource = layer === source.layer && head === source.head;
        return { layer, head, value: grid.values[i]!, hasPath: grid.mask[i] === 1, isSource };
      });
    const rows = body
      .selectAll<SVGGElement, number>("g.row")
      .data(Array.from({ length: layers }, (_, layer) => layer))
      .join("g")
      .attr("class", "row")
      .attr("role", "row");
    const cell = rows
      .selectAll<SVGGElement, Cell>("g.cell")
      .data(cells)
      .join((enter) => {
        const g = enter.append("g").attr("class", "cell").attr("role", "gridcell");
        g.append("rect");
        g.append("text");
        return g;
      });

    const describe = (c: Cell) => words(c, colours.baseline);
    cell
      .attr("transform", (c) => `translate(${x(c.head)},${y(c.layer)})`)
      .classed("source", (c) => c.isSource)
      .attr("aria-label", describe)
      .attr("aria-selected", (c) => c.isSource)
      .attr("tabindex", (c) => (isAt(c, focused) ? 0 : -1))
      .on("pointerenter focus", (_, c) => events.onReadout(describe(c)))
      .on("pointerleave blur", () => events.onReadout(""))
      .on("click", (_, c) => {
        focused = { layer: c.layer, head: c.head };
        events.onSource(c.layer, c.head);
      })
      .on("keydown", (event: KeyboardEvent, c) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          events.onSource(c.layer, c.head);
          return;
        }
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const clamp = (value: number, n: number) => Math.min(Math.max(value, 0), n - 1);
        focused = { layer: clamp(c.layer + step[0], layers), head: clamp(c.head + step[1], heads) };
        cell.attr("tabindex", (other) => (isAt(other, focused) ? 0 : -1));
        cell.filter((other) => isAt(other, focused)).node()?.focus();
      });
    cell
      .select("rect")
      .attr("width", x.bandwidth())
      .attr("height", y.bandwidth())
      .attr("rx", 3)
      .attr("fill", (c) => (c.hasPath ? colours.of(c.value) : "url(#no-path)"));
    cell
      .select("text")
      .attr("x", x.bandwidth() / 2)
      .attr("y", y.bandwidth() / 2)
      .attr("dy", "0.35em")
      .classed("on-dark", (c) => c.hasPath && needsLightText(colours.of(c.value)))
      .text((c) => label(c, colours.baseline, x.bandwidth()));
  };
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function isAt(cell: Cell, at: { layer: number; head: number }): boolean {
  return cell.layer === at.layer && cell.head === at.head;
}

function label(cell: Cell, baseline: number, width: number): string {
  if (cell.isSource) return "source";
  if (!cell.hasPath || width < NUMBER_WIDTH) return "";
  return formatChange(cell.value - baseline);
}

/** A cell in words. */
function words(cell: Cell, baseline: number): string {
  const name = `Head ${headName(cell.layer, cell.head)}`;
  if (cell.isSource) return `${name}: the source`;
  if (!cell.hasPath) return `${name}: no path, its layer does not come after the source’s`;
  const change = formatChange(cell.value - baseline);
  return `${name}: ${formatValue(cell.value)} (${change} from the corrupted run)`;
}

type Band = ReturnType<typeof scaleBand<number>>;

function drawAxes(axes: Selection<SVGGElement, unknown, null, undefined>, x: Band, y: Band): void {
  axes.selectAll("*").remove();
  const top = axisTop(x).tickSize(0).tickPadding(6);
  const left = axisLeft(y).tickSize(0).tickPadding(6);
  axes.append("g").attr("transform", `translate(0,${MARGIN.top})`).call(top);
  axes.append("g").attr("transform", `translate(${MARGIN.left},0)`).call(left);
  axes.selectAll(".domain").remove();
  const title = (text: string) => axes.append("text").attr("class", "axis-title").text(text);
  title("head").attr("x", (x.range()[0] + x.range()[1]) / 2).attr("y", 14);
  const middle = (y.range()[0] + y.range()[1]) / 2;
  title("layer").attr("transform", `translate(14,${middle}) rotate(-90)`);
}
