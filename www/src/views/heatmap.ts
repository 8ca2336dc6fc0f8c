// A grid of layers x heads around one head: what it writes into each later head, or what each earlier head
// writes into it.
//
// Colour is the effect. An exact value fills its cell, an estimate a smaller square; a cell without a path is
// hatched. Cells can be reached by pointer and by arrow keys; choosing one chooses its edge.

import { axisLeft, axisTop } from "d3-axis";
import { scaleBand } from "d3-scale";
import { type Selection, select } from "d3-selection";
import type { Component } from "../engine/types";
import { COMPONENT_NAMES, formatChange, formatHead, words } from "../lib/format";
import { type Edge, type EdgeId, edgeAt, edgeKey, type Head, hasPath, isSameEdge, isSameHead, type Result } from "../lib/result";
import { type Colours, needsLightText } from "../lib/scale";

/** Whether the head is the source, or the destination, of the edges that are shown. */
export type Role = "from" | "into";

export interface HeatmapData {
  result: Result;
  colours: Colours;
  head: Head;
  /** Effects below this are faint. */
  least: number;
  selected: EdgeId | null;
}

export interface HeatmapEvents {
  onSelect: (edge: EdgeId) => void;
  onHover: (edge: EdgeId | null) => void;
}

interface Cell extends EdgeId {
  at: Head;
  isHead: boolean;
  hasPath: boolean;
  edge: Edge | null;
}

const MARGIN = { top: 40, right: 4, bottom: 4, left: 44 };
const SIZE = { least: 22, most: 64, together: 264 };
/** Below this width a cell has no room for its number. */
const NUMBER_WIDTH = 40;
/** How much of its cell an estimate fills. */
const ESTIMATE_SHARE = 0.62;

let drawn = 0;

export function create(
  container: HTMLElement,
  role: Role,
  component: Component,
  events: HeatmapEvents,
): (data: HeatmapData) => void {
  const svg = select(container).append("svg").attr("class", "heatmap");
  const hatch = `hatch-${++drawn}`;
  addHatch(svg, hatch);
  const axes = svg.append("g").attr("aria-hidden", "true");
  const body = svg.append("g").attr("role", "grid");
  let focused: Head = { layer: 0, head: 0 };

  return ({ result, colours, head, least, selected }) => {
    const { layers, heads } = result;
    const size = Math.min(SIZE.most, Math.max(SIZE.least, SIZE.together / heads));
    const width = MARGIN.left + heads * size + MARGIN.right;
    const height = MARGIN.top + layers * size + MARGIN.bottom;
    svg.attr("viewBox", `0 0 ${width} ${height}`).style("max-width", `${width}px`);
    const band = (n: number, start: number) =>
      scaleBand<number>(
        Array.from({ length: n }, (_, i) => i),
        [start, start + n * size],
      ).padding(0.06);
    const x = band(heads, MARGIN.left);
    const y = band(layers, MARGIN.top);
    drawAxes(axes, x, y);
    const name = COMPONENT_NAMES[component];
    const about = role === "from" ? `From head ${formatHead(head)} into each later head’s ${name}` : `Into the ${name} of head ${formatHead(head)}`;
    body.attr("aria-label", about);

    const cellOf = (at: Head): Cell => {
      const id: EdgeId = role === "from" ? { src: head, dst: at, component } : { src: at, dst: head, component };
      return { ...id, at, isHead: isSameHead(at, head), hasPath: hasPath(id), edge: hasPath(id) ? edgeAt(result, id) : null };
    };
    const rows = body
      .selectAll<SVGGElement, number>("g.row")
      .data(Array.from({ length: layers }, (_, layer) => layer))
      .join("g")
      .attr("class", "row")
      .attr("role", "row");
    const cell = rows
      .selectAll<SVGGElement, Cell>("g.cell")
      .data((layer) => Array.from({ length: heads }, (_, i) => cellOf({ layer, head: i })))
      .join((enter) => {
        const g = enter.append("g").attr("class", "cell").attr("role", "gridcell");
        g.append("rect").attr("class", "ground");
        g.append("rect").attr("class", "value");
        g.append("text");
        return g;
      });
    if (focused.layer >= layers || focused.head >= heads) focused = { layer: 0, head: 0 };

    const choose = (c: Cell) => {
      focused = c.at;
      if (c.hasPath) events.onSelect({ src: c.src, dst: c.dst, component });
    };
    cell
      .attr("transform", (c) => `translate(${x(c.at.head)},${y(c.at.layer)})`)
      .classed("head", (c) => c.isHead)
      .classed("no-path", (c) => !c.hasPath && !c.isHead)
      .classed("selected", (c) => isSameEdge(c, selected))
      .attr("data-edge", (c) => (c.hasPath ? edgeKey(c) : null))
      .attr("aria-label", (c) => describe(c, role, result))
      .attr("aria-selected", (c) => isSameEdge(c, selected))
      .attr("tabindex", (c) => (isSameHead(c.at, focused) ? 0 : -1))
      .on("pointerenter focus", (_, c) => events.onHover(c.edge))
      .on("pointerleave blur", () => events.onHover(null))
      .on("click", (_, c) => choose(c))
      .on("keydown", (event: KeyboardEvent, c) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(c);
          return;
        }
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const clamp = (value: number, n: number) => Math.min(Math.max(value, 0), n - 1);
        focused = { layer: clamp(c.at.layer + step[0], layers), head: clamp(c.at.head + step[1], heads) };
        cell.attr("tabindex", (other) => (isSameHead(other.at, focused) ? 0 : -1));
        cell.filter((other) => isSameHead(other.at, focused)).node()?.focus();
      });
    const whole = x.bandwidth();
    const share = (c: Cell) => (c.edge && !c.edge.isExact ? ESTIMATE_SHARE : 1) * whole;
    cell
      .select("rect.ground")
      .attr("width", whole)
      .attr("height", whole)
      .attr("rx", 3)
      .attr("fill", `url(#${hatch})`);
    cell
      .select("rect.value")
      .attr("width", share)
      .attr("height", share)
      .attr("x", (c) => (whole - share(c)) / 2)
      .attr("y", (c) => (whole - share(c)) / 2)
      .attr("rx", 3)
      .attr("visibility", (c) => (c.edge ? null : "hidden"))
      .attr("opacity", (c) => (c.edge && Math.abs(c.edge.effect) < least ? 0.12 : null))
      .attr("fill", (c) => (c.edge ? colours.of(c.edge.effect) : null));
    cell
      .select("text")
      .attr("x", whole / 2)
      .attr("y", whole / 2)
      .attr("dy", "0.35em")
      .classed("on-dark", (c) => c.edge !== null && needsLightText(colours.of(c.edge.effect)))
      .text((c) => label(c, role, least, whole, colours.reach));
  };
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function label(cell: Cell, role: Role, least: number, width: number, reach: number): string {
  if (cell.isHead) return width < NUMBER_WIDTH ? "●" : role === "from" ? "source" : "dest.";
  if (!cell.edge || width < NUMBER_WIDTH || !cell.edge.isExact || Math.abs(cell.edge.effect) < least) return "";
  return formatChange(cell.edge.effect, reach);
}

/** A cell in words. */
function describe(cell: Cell, role: Role, result: Result): string {
  const name = `Head ${formatHead(cell.at)}`;
  if (cell.isHead) return `${name}: the ${role === "from" ? "source" : "destination"}`;
  if (!cell.hasPath) {
    const why = role === "from" ? "does not come after the source’s" : "does not come before the destination’s";
    return `${name}: no path, its layer ${why}`;
  }
  return `${name}: ${cell.edge ? words(cell.edge, result.metric) : "not known yet"}`;
}

type Svg = Selection<SVGSVGElement, unknown, null, undefined>;

/** The pattern of cells without a path. */
function addHatch(svg: Svg, id: string): void {
  const hatch = svg.append("defs").append("pattern");
  hatch
    .attr("id", id)
    .attr("width", 6)
    .attr("height", 6)
    .attr("patternUnits", "userSpaceOnUse")
    .attr("patternTransform", "rotate(45)");
  hatch.append("rect").attr("class", "hatch-ground").attr("width", 6).attr("height", 6);
  hatch.append("line").attr("class", "hatch-line").attr("y2", 6);
}

type Band = ReturnType<typeof scaleBand<number>>;

function drawAxes(axes: Selection<SVGGElement, unknown, null, undefined>, x: Band, y: Band): void {
  axes.selectAll("*").remove();
  const top = axisTop(x).tickSize(0).tickPadding(5);
  const left = axisLeft(y).tickSize(0).tickPadding(5);
  axes.append("g").attr("transform", `translate(0,${MARGIN.top})`).call(top);
  axes.append("g").attr("transform", `translate(${MARGIN.left},0)`).call(left);
  axes.selectAll(".domain").remove();
  const title = (text: string) => axes.append("text").attr("class", "axis-title").text(text);
  title("head").attr("x", (x.range()[0] + x.range()[1]) / 2).attr("y", 13);
  const middle = (y.range()[0] + y.range()[1]) / 2;
  title("layer").attr("transform", `translate(13,${middle}) rotate(-90)`);
}
