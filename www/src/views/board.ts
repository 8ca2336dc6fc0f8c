// A result to explore: the grids of one source and one destination, the circuit and the table, linked.
//
// What is under the pointer or the focus lights up wherever else it is drawn. Colours keep one scale over all
// grids: that of the whole sweep, that of the grids that are shown, or one that the reader has held. What is no
// more than rounding has no colour, and is no edge of the circuit or the table.

import type { Component } from "../engine/types";
import { element } from "../lib/dom";
import type { BoardData as TableData, BoardEvents as TableEvents } from "../core/props";
import { COMPONENT_NAMES, formatCount, formatEdge, formatEffect, formatHead, formatShare, METRICS, words } from "../lib/format";
import {
  allHeads,
  COMPONENTS,
  edgeAt,
  type EdgeId,
  edgeKey,
  edges,
  type Head,
  hasPath,
  isSameEdge,
  noiseOf,
  reachOf,
  type Result,
  strongestOf,
} from "../lib/result";
import { colours } from "../lib/scale";
import { MAX_EDGES } from "../lib/settings";
import * as circuitView from "./circuit";
import { figure } from "./figure";
import { headLook, headResult, type Look, viewOf } from "./heads";
import * as heatmapView from "./heatmap";
import * as legendView from "./legend";
import * as tableView from "./table";

/** The parts that can be left out. */
export const PARTS = ["from", "into", "legend", "circuit", "table"] as const;
export type Part = (typeof PARTS)[number];

interface BoardData {
  result: Result;
  view: Look;
  /** Whether more values are on their way. */
  isRunning: boolean;
}

interface BoardEvents {
  onView: (change: Partial<Look>) => void;
}

/** While values come, the circuit is laid out no more often. */
const LAYOUT_PAUSE_MS = 1500;
const LEAST_EDGES = 10;
const HINT = "Point at a cell or a line, or reach it with the arrow keys, to read its value.";

export function create(
  container: HTMLElement,
  hidden: ReadonlySet<Part>,
  tableEvents: TableEvents,
): (data: TableData) => void {
  const events: BoardEvents = { onView: (change) => tableEvents.onView(viewOf(change)) };
  const board = element("div", { class: "board" });
  container.append(board);
  const readout = element("p", { class: "readout" }, HINT);
  let shown: BoardData | undefined;

  let hovered: EdgeId | null = null;
  const hover = (edge: EdgeId | null) => {
    hovered = edge;
    for (const lit of board.querySelectorAll(".lit")) lit.classList.remove("lit");
    const known = edge && shown ? edgeAt(shown.result, edge) : null;
    readout.textContent = known && shown ? `${formatEdge(known)}: ${words(known, shown.result.metric)}` : HINT;
    if (!edge) return;
    for (const lit of board.querySelectorAll(`[data-edge="${edgeKey(edge)}"]`)) lit.classList.add("lit");
  };
  const select = ({ src, dst, component }: EdgeId) => events.onView({ src, dst, component });
  const linked = { onSelect: select, onHover: hover };

  const grids = (["from", "into"] as const)
    .filter((role) => !hidden.has(role))
    .map((role) => rowOfGrids(board, role, linked, events));
  const tools = element("div", { class: "tools" });
  const scale = hidden.has("legend") ? undefined : legend(board, tools, readout, () => shown && show(shown));
  const strength = leastSlider(events);
  tools.append(strength.element);
  if (scale) board.append(tools);

  const circuit = hidden.has("circuit") ? undefined : circuitSection(board, linked, events);
  const table = hidden.has("table") ? undefined : tableSection(board, linked);

  const show = (data: BoardData) => {
    shown = data;
    const { result, view } = data;
    const noise = noiseOf(result);
    const whole = reachOf(result);
    const reach = scale?.reach(data, whole) ?? whole;
    const scaled = colours(reach, noise);
    const least = Math.max(view.least * whole, noise);
    const selected = view.dst && hasPath({ src: view.src, dst: view.dst }) ? { src: view.src, dst: view.dst, component: view.component } : null;
    for (const update of grids) update({ ...data, colours: scaled, least: view.least * whole, selected });
    const { metric, cleanMetric, corruptedMetric } = result;
    scale?.update({ colours: scaled, title: METRICS[metric], cleanMetric, corruptedMetric, isStill: whole <= noise });
    strength.update(view.least, least);
    const strong = edges(result).filter(({ effect }) => Math.abs(effect) >= least);
    circuit?.({ data, strong, reach: whole, selected });
    table?.({ edges: strong, selected, hasSpread: strong.some(({ spread }) => !Number.isNaN(spread)) });
    // What was pointed at is drawn anew, and its value may be another.
    if (hovered) hover(hovered);
  };
  return ({ table, look, isRunning }) => show({ result: headResult(table), view: headLook(look), isRunning });
}

type Linked = heatmapView.HeatmapEvents;
type GridData = BoardData & Pick<heatmapView.HeatmapData, "colours" | "least" | "selected">;

/** The three grids of a source, or of a destination, and the choice of it. */
function rowOfGrids(board: HTMLElement, role: heatmapView.Role, linked: Linked, events: BoardEvents) {
  const isFrom = role === "from";
  const pick = element("select", { "aria-label": isFrom ? "Source head" : "Destination head" });
  pick.addEventListener("change", () => {
    const [layer, at] = pick.value.split(".").map(Number);
    const head = layer === undefined || at === undefined ? null : { layer, head: at };
    if (head) events.onView(isFrom ? { src: head } : { dst: head });
  });
  const title = isFrom
    ? element("h3", {}, "From head ", pick, " into each later head’s …")
    : element("h3", {}, "From each earlier head into head ", pick, ", by its …");
  const multiples = element("div", { class: "multiples" });
  board.append(element("div", { class: `grids ${role}`, role: "group", "aria-label": isFrom ? "From one head" : "Into one head" }, title, multiples));
  const drawings = COMPONENTS.map((component: Component) => {
    // The file of a drawing is named after what it shows.
    const about = () => (isFrom ? `from ${pick.value} into ${COMPONENT_NAMES[component]}` : `into ${pick.value} ${COMPONENT_NAMES[component]}`);
    const { element: made, body } = figure(COMPONENT_NAMES[component], about);
    multiples.append(made);
    return heatmapView.create(body, role, component, linked);
  });
  const none = element("p", { class: "note" }, "No head comes after the source’s layer: choose a destination here, or another source.");
  board.lastElementChild?.append(none);
  return ({ result, view, colours: scaled, least, selected }: GridData) => {
    const head = isFrom ? view.src : view.dst;
    heads(pick, result, head);
    none.hidden = head !== null;
    multiples.hidden = head === null;
    if (!head) return;
    for (const update of drawings) update({ result, colours: scaled, head, least, selected });
  };
}

const SCALES = { sweep: "of the whole sweep", grids: "of the grids shown", held: "held as it is" };
type Scale = keyof typeof SCALES;

/** The colour scale, what is pointed at, and what the scale is of. */
function legend(board: HTMLElement, tools: HTMLElement, readout: HTMLElement, redraw: () => void) {
  const place = element("div", { class: "key", role: "group", "aria-label": "Colours" }, readout);
  board.append(place);
  const update = legendView.create(place);
  const choice = element("select", { "aria-label": "Colour scale" });
  choice.append(...Object.entries(SCALES).map(([value, name]) => element("option", { value }, name)));
  tools.append(element("label", {}, "Colours: the scale ", choice));
  let last = { reach: 0, metric: "" };
  choice.addEventListener("change", redraw);
  const reach = ({ result, view }: BoardData, whole: number): number => {
    const scale = choice.value as Scale;
    // A range of another metric's units says nothing here.
    if (scale === "held" && last.metric === result.metric) return last.reach;
    if (scale === "held") choice.value = "sweep";
    last = { reach: scale === "grids" ? reachOfGrids(result, view) : whole, metric: result.metric };
    return last.reach;
  };
  return { update, reach };
}

/** The largest effect in the six grids that are shown. */
function reachOfGrids(result: Result, { src, dst }: Look): number {
  const best = [strongestOf(result, { src }), dst && strongestOf(result, { dst })];
  return Math.max(0, ...best.map((edge) => Math.abs(edge?.effect ?? 0)));
}

function leastSlider(events: BoardEvents) {
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.01 });
  const says = element("output");
  slider.addEventListener("input", () => events.onView({ least: Number(slider.value) }));
  return {
    element: element("label", {}, "Hide effects below ", slider, says),
    update: (share: number, least: number) => {
      slider.value = String(share);
      says.textContent = share === 0 ? " none hidden" : ` ${formatShare(share)} of the largest: ${formatEffect(least).replace("+", "")}`;
    },
  };
}

interface CircuitShown {
  data: BoardData;
  strong: circuitView.CircuitData["edges"];
  reach: number;
  selected: EdgeId | null;
}

function circuitSection(board: HTMLElement, linked: Linked, events: BoardEvents) {
  const slider = element("input", { type: "range", min: LEAST_EDGES, max: MAX_EDGES, step: 5 });
  slider.addEventListener("input", () => events.onView({ edges: Number(slider.value) }));
  const says = element("output");
  const title = "The strongest edges, layers upward";
  const { element: made, body } = figure(title, () => title);
  const scrolls = element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Circuit, scrolls sideways" });
  body.append(scrolls);
  const key = element(
    "p",
    { class: "note" },
    element("span", { class: "dash q" }, "query, enters left"),
    element("span", { class: "dash k" }, "key, in the middle"),
    element("span", { class: "dash v" }, "value, right"),
    " Blue moves the metric up, red down; the wider, the more. Faint lines are estimates.",
  );
  board.append(
    element(
      "div",
      { class: "circuit-part", role: "group", "aria-label": "Circuit" },
      element("h3", {}, "Circuit"),
      element("div", { class: "tools" }, element("label", {}, "Edges shown ", slider, says)),
      made,
      key,
    ),
  );
  const update = circuitView.create(scrolls, linked);
  let laidOut = Number.NEGATIVE_INFINITY;
  let last: EdgeId | null = null;
  return ({ data: { result, view, isRunning }, strong, reach, selected }: CircuitShown) => {
    const shown = strong.slice(0, view.edges);
    slider.max = String(Math.min(MAX_EDGES, Math.max(LEAST_EDGES, 5 * Math.ceil(strong.length / 5))));
    slider.value = String(view.edges);
    says.textContent = ` ${shown.length} of ${formatCount(strong.length)}`;
    const isSoon = performance.now() - laidOut < LAYOUT_PAUSE_MS;
    if (isRunning && isSoon && isSameEdge(selected, last)) return;
    update({ edges: shown, reach, metric: result.metric, selected });
    laidOut = performance.now();
    last = selected;
  };
}

function tableSection(board: HTMLElement, linked: Linked) {
  const place = element("div", { class: "table-part", role: "group", "aria-label": "Edges" }, element("h3", {}, "Strongest edges"));
  board.append(place);
  return tableView.create(place, linked);
}

/** All heads to choose from, made anew only for another shape. */
function heads(select: HTMLSelectElement, result: Result, chosen: Head | null): void {
  const names = allHeads(result).map(formatHead);
  if (select.length !== names.length) {
    select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  }
  select.value = chosen ? formatHead(chosen) : "";
}
