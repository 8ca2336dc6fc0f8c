// A grid of nodes with a value each: see layout.ts for where they stand.
//
// Cells are reached by pointer and by arrow keys. An exact value fills its cell, an estimate a smaller square; a cell
// without a path is a dot. Cells are as large as they are asked to be.

import { select } from "d3-selection";
import { STRONG } from "../../lib/scale";
import { type TipContent, tipOf } from "../tip";
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
  tip: TipContent;
}

export interface GridData {
  names: readonly string[];
  /** A cell's width and height. */
  size: number;
  /** Empty rows above, so that layers are level with those of a grid beside it. */
  above?: number;
  /** What the grid is of. */
  about: string;
  /** What a cell shows, by its name, and how many letters it has room for. */
  cell: (name: string, letters: number) => Shown;
  /** The cell that is pointed at elsewhere, by its edge. */
  lit: string | null;
}

export interface GridEvents {
  onChoose: (name: string) => void;
  /** Null where the pointer or the focus has gone. */
  onHover: (name: string | null) => void;
}

/** Left of the cells are the layers' numbers, below them the heads'. */
export const MARGIN = { left: 22, bar: 44, right: 3, top: 3, bottom: 18 };
const PADDING = 0.06;
/** A digit is so wide, and smaller cells have no room for any. */
const FONT = { large: 12, small: 10.5, from: 40, digit: 0.6, least: 26 };

/** A bar over several cells has its name in it; one cell has it at its left. */
const leftOf = (cells: number): number => (cells < 2 ? MARGIN.bar : MARGIN.left);

export function create(container: HTMLElement, events: GridEvents, isStill = false): (data: GridData) => void {
  // What is within says what it is.
  const svg = select(container).append("svg").attr("class", "heatmap").attr("role", "presentation");
  const axes = svg.append("g").attr("class", "axes").attr("aria-hidden", "true");
  const body = svg.append("g").attr("role", isStill ? "img" : "grid");
  const tip = tipOf(container);
  let focused = "";

  return ({ names, size, above = 0, about, cell: shownOf, lit }) => {
    const layout = layOut(names);
    const { rows } = layout;
    const left = leftOf(layout.width);
    const top = MARGIN.top + above * size;
    const [width, height] = [left + layout.width * size + MARGIN.right, top + rows.length * size + MARGIN.bottom];
    svg.attr("viewBox", `0 0 ${width} ${height}`).attr("width", width).attr("height", height);
    drawAxes(layout, left, top, size);
    body.attr("aria-label", about);

    const inner = size * (1 - PADDING);
    const font = size >= FONT.from ? FONT.large : FONT.small;
    const cellWidth = ({ columns: taken }: GridCell) => taken * size - size * PADDING;
    const isBar = ({ columns: taken }: GridCell) => taken > 1;
    const lettersOf = (cell: GridCell) => (size < FONT.least && !isBar(cell) ? 0 : Math.floor((cellWidth(cell) - 3) / (font * FONT.digit)));
    const placed = rows.map(({ title, cells }, row) => ({
      title,
      cells: cells.map((cell) => ({ ...cell, row, shown: shownOf(cell.name, lettersOf(cell)) })),
    }));
    type Placed = (typeof placed)[number]["cells"][number];
    const all = placed.flatMap(({ cells }) => cells);
    if (!all.some(({ name }) => name === focused)) focused = (all.find(({ shown }) => shown.isSelected) ?? all[0])?.name ?? "";
    const cell = body
      .selectAll<SVGGElement, (typeof placed)[number]>("g.row")
      .data(placed)
      .join("g")
      .attr("class", "row")
      .attr("role", isStill ? null : "row")
      .attr("aria-label", ({ title }) => (/^\d/.test(title) ? `layer ${title}` : title))
      .selectAll<SVGGElement, Placed>("g.cell")
      .data(({ cells }) => cells)
      .join((enter) => {
        const g = enter.append("g");
        for (const name of ["ground", "value", "mark"]) g.append("rect").attr("class", name).attr("rx", 2);
        g.append("text").attr("class", "number");
        g.append("text").attr("class", "name");
        return g;
      })
      .attr("class", ({ shown }) => `cell ${shown.kind}${shown.isSelected ? " selected" : ""}${lit !== null && shown.edge === lit ? " lit" : ""}`)
      .attr("role", isStill ? null : "gridcell")
      .attr("transform", ({ column, row }) => `translate(${left + (column + PADDING / 2) * size},${top + (row + PADDING / 2) * size})`)
      .attr("data-node", ({ name }) => name)
      .attr("data-edge", ({ shown }) => shown.edge);
    const isDot = ({ shown }: Placed) => shown.kind === "no-path";
    const dot = Math.min(4, size / 4);
    cell
      .select("rect.ground")
      .attr("width", (c) => (isDot(c) ? dot : cellWidth(c)))
      .attr("height", (c) => (isDot(c) ? dot : inner))
      .attr("x", (c) => (isDot(c) ? (cellWidth(c) - dot) / 2 : 0))
      .attr("y", (c) => (isDot(c) ? (inner - dot) / 2 : 0));
    cell
      .select("rect.value")
      .attr("width", (c) => c.shown.share * cellWidth(c))
      .attr("height", ({ shown }) => shown.share * inner)
      .attr("x", (c) => ((1 - c.shown.share) * cellWidth(c)) / 2)
      .attr("y", ({ shown }) => ((1 - shown.share) * inner) / 2)
      .attr("visibility", ({ shown }) => (shown.fill === null ? "hidden" : null))
      .attr("fill-opacity", ({ shown }) => (shown.isFaint ? 0.3 : null))
      .style("fill", ({ shown }) => shown.fill?.colour ?? null);
    cell
      .select("rect.mark")
      .attr("x", -1)
      .attr("y", -1)
      .attr("width", (c) => cellWidth(c) + 2)
      .attr("height", inner + 2);
    const isOn = (least: number) => ({ shown }: Placed) => !shown.isFaint && shown.share === 1 && (shown.fill?.strength ?? 0) >= least;
    cell
      .select("text.number")
      .attr("text-anchor", (c) => (isBar(c) ? "end" : "middle"))
      .attr("x", (c) => (isBar(c) ? cellWidth(c) - 6 : cellWidth(c) / 2))
      .attr("y", inner / 2)
      .attr("dy", "0.35em")
      .style("font-size", `${font}px`)
      .classed("strong", isOn(STRONG.dark))
      .classed("strongest", isOn(STRONG.light))
      .text(({ shown }) => shown.text);
    cell
      .select("text.name")
      .attr("x", 6)
      .attr("y", inner / 2)
      .attr("dy", "0.35em")
      .style("font-size", `${Math.min(FONT.large, size - 5)}px`)
      .classed("strong", isOn(STRONG.dark))
      .classed("strongest", isOn(STRONG.light))
      .text((c) => (isBar(c) ? c.name : ""));
    if (isStill) return;

    const focusOn = (name: string) => {
      focused = name;
      cell.attr("tabindex", (other) => (other.name === focused ? 0 : -1));
      cell.filter((other) => other.name === focused).node()?.focus();
    };
    const letGo = () => {
      tip.hide();
      events.onHover(null);
    };
    cell
      .attr("aria-label", ({ shown }) => shown.says)
      .attr("aria-selected", ({ shown }) => shown.isSelected)
      .attr("tabindex", ({ name }) => (name === focused ? 0 : -1))
      .on("pointermove", (event: PointerEvent, { name, shown }) => {
        if (event.pointerType === "touch") return;
        tip.at(event, shown.tip);
        events.onHover(name);
      })
      .on("focus", (event: FocusEvent, { name, shown }) => {
        if (!(event.target as Element).matches(":focus-visible")) return;
        tip.on(event.target as Element, shown.tip);
        events.onHover(name);
      })
      .on("pointerleave blur", letGo)
      .on("click", (_, { name }) => {
        focused = name;
        events.onChoose(name);
      })
      .on("keydown", (event: KeyboardEvent, { name }) => {
        const next = step(layout, name, event.key);
        if (next) focusOn(next.name);
        else if (event.key === "Enter" || event.key === " ") events.onChoose(name);
        else return;
        event.preventDefault();
      });
  };

  function drawAxes({ columns, rows, width }: GridLayout, left: number, top: number, size: number): void {
    // Where cells are narrow, not every one has its number.
    const every = Math.ceil(14 / size);
    const isNamed = width < 2;
    axes
      .selectAll("text.column")
      .data(columns.filter(({ title }, i) => !/^\d+$/.test(title) || i % every === 0))
      .join("text")
      .attr("class", "column")
      .attr("text-anchor", "middle")
      .attr("x", ({ at }) => left + (at + 0.5) * size)
      .attr("y", top + rows.length * size + 13)
      .text(({ title }) => title);
    axes
      .selectAll("text.row")
      .data(rows.map(({ title }, i) => ({ title, i })).filter(({ title }) => (/^\d+$/.test(title) ? Number(title) % every === 0 : isNamed)))
      .join("text")
      .attr("class", "row")
      .attr("text-anchor", "end")
      .attr("x", left - 5)
      .attr("y", ({ i }) => top + (i + 0.5) * size)
      .attr("dy", "0.35em")
      .text(({ title }) => title);
  }
}
