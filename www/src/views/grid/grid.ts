// A grid of nodes with a value each: see layout.ts for where they stand.
//
// Cells are reached by pointer and by arrow keys. An exact value fills its cell, an estimate a smaller square; a cell
// without a path is hatched.

import { type Selection, select } from "d3-selection";
import { STRONG } from "../../lib/scale";
import { type GridCell, type GridLayout, layOut, step } from "./layout";

/** What a cell shows. */
export interface Shown {
  /** The colour of its value, and how strong that is; null where there is none. */
  fill: { colour: string; strength: number } | null;
  /** How much of the cell the value fills, from 0 to 1. */
  share: number;
  isFaint: boolean;
  text: string;
  kind: "value" | "own" | "no-path";
  isSelected: boolean;
  /** The edge that it stands for; null where it stands for none. */
  edge: string | null;
  /** For a reader who does not see it. */
  says: string;
}

export interface GridData {
  names: readonly string[];
  /** As how many cells wide it is drawn, so that grids beside each other have one scale; by its own where absent. */
  across?: number;
  /** What the grid is of. */
  about: string;
  /** What a cell shows, by its name, and how wide it is. */
  cell: (name: string, width: number) => Shown;
}

export interface GridEvents {
  onChoose: (name: string) => void;
  /** Null where the pointer or the focus has gone. */
  onHover: (name: string | null) => void;
}

const MARGIN = { top: 22, right: 4, bottom: 4, left: 44 };
const SIZE = { least: 22, most: 64, together: 288 };
const PADDING = 0.06;
/** Below this width a cell has no room for a number. */
export const NUMBER_WIDTH = 40;

let drawn = 0;

export function create(container: HTMLElement, events: GridEvents): (data: GridData) => void {
  const svg = select(container).append("svg").attr("class", "heatmap");
  const hatch = `hatch-${++drawn}`;
  addHatch(svg, hatch);
  const axes = svg.append("g").attr("aria-hidden", "true");
  const body = svg.append("g").attr("role", "grid");
  let focused = "";

  return ({ names, across, about, cell: shownOf }) => {
    const layout = layOut(names);
    const { columns, rows } = layout;
    const cells = Math.max(layout.width, across ?? 0);
    const size = Math.min(SIZE.most, Math.max(SIZE.least, SIZE.together / cells));
    const width = MARGIN.left + cells * size + MARGIN.right;
    const height = MARGIN.top + rows.length * size + MARGIN.bottom;
    svg.attr("viewBox", `0 0 ${width} ${height}`).style("max-width", `${width}px`);
    drawAxes(axes, columns, rows.map(({ title }) => title), size);
    body.attr("aria-label", about);

    const inner = size * (1 - PADDING);
    const widthOf = ({ columns: taken }: GridCell) => taken * size - size * PADDING;
    const placed = rows.map(({ cells }, row) => cells.map((cell) => ({ ...cell, row, shown: shownOf(cell.name, widthOf(cell)) })));
    type Placed = (typeof placed)[number][number];
    const all = placed.flat();
    if (!all.some(({ name }) => name === focused)) focused = (all.find(({ shown }) => shown.isSelected) ?? all[0])?.name ?? "";
    const cell = body
      .selectAll<SVGGElement, Placed[]>("g.row")
      .data(placed)
      .join("g")
      .attr("class", "row")
      .attr("role", "row")
      .selectAll<SVGGElement, Placed>("g.cell")
      .data((row) => row)
      .join((enter) => {
        const g = enter.append("g").attr("class", "cell").attr("role", "gridcell");
        g.append("rect").attr("class", "ground");
        g.append("rect").attr("class", "value");
        g.append("text");
        return g;
      })
      .attr("transform", ({ column, row }) => `translate(${MARGIN.left + (column + PADDING / 2) * size},${MARGIN.top + (row + PADDING / 2) * size})`)
      .attr("data-node", ({ name }) => name)
      .attr("data-edge", ({ shown }) => shown.edge)
      .attr("aria-label", ({ shown }) => shown.says)
      .attr("aria-selected", ({ shown }) => shown.isSelected)
      .attr("tabindex", ({ name }) => (name === focused ? 0 : -1))
      .classed("own", ({ shown }) => shown.kind === "own")
      .classed("no-path", ({ shown }) => shown.kind === "no-path")
      .classed("selected", ({ shown }) => shown.isSelected)
      .on("pointerenter focus", (_, { name }) => events.onHover(name))
      .on("pointerleave blur", () => events.onHover(null))
      .on("click", (_, { name }) => {
        focused = name;
        events.onChoose(name);
      })
      .on("keydown", (event: KeyboardEvent, { name }) => {
        const next = step(layout, name, event.key);
        if (next) {
          focused = next.name;
          cell.attr("tabindex", (other) => (other.name === focused ? 0 : -1));
          cell.filter((other) => other.name === focused).node()?.focus();
        } else if (event.key === "Enter" || event.key === " ") events.onChoose(name);
        else return;
        event.preventDefault();
      });
    cell
      .select("rect.ground")
      .attr("width", widthOf)
      .attr("height", inner)
      .attr("rx", 3)
      .attr("fill", `url(#${hatch})`);
    cell
      .select("rect.value")
      .attr("width", (c) => c.shown.share * widthOf(c))
      .attr("height", ({ shown }) => shown.share * inner)
      .attr("x", (c) => ((1 - c.shown.share) * widthOf(c)) / 2)
      .attr("y", ({ shown }) => ((1 - shown.share) * inner) / 2)
      .attr("rx", 3)
      .attr("visibility", ({ shown }) => (shown.fill === null ? "hidden" : null))
      .attr("opacity", ({ shown }) => (shown.isFaint ? 0.12 : null))
      .style("fill", ({ shown }) => shown.fill?.colour ?? null);
    cell
      .select("text")
      .attr("x", (c) => widthOf(c) / 2)
      .attr("y", inner / 2)
      .attr("dy", "0.35em")
      .classed("on-strong", ({ shown }) => (shown.fill?.strength ?? 0) >= STRONG)
      .text(({ shown }) => shown.text);
  };
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

function drawAxes(axes: Selection<SVGGElement, unknown, null, undefined>, columns: GridLayout["columns"], rows: string[], size: number): void {
  const middle = (i: number) => (i + 0.5) * size;
  axes
    .selectAll("text.column")
    .data(columns)
    .join("text")
    .attr("class", "column")
    .attr("text-anchor", "middle")
    .attr("x", ({ at }) => MARGIN.left + middle(at))
    .attr("y", MARGIN.top - 6)
    .text(({ title }) => title);
  axes
    .selectAll("text.row")
    .data(rows)
    .join("text")
    .attr("class", "row")
    .attr("text-anchor", "end")
    .attr("x", MARGIN.left - 5)
    .attr("y", (_, i) => MARGIN.top + middle(i))
    .attr("dy", "0.35em")
    .text((title) => title);
}
