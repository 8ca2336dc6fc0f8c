// A result to explore: the circuit, the grids of one node, the nodes' totals and the table of edges, linked.
//
// What is under the pointer or the focus lights up wherever else it is drawn. Colours keep one scale over all
// grids: that of the whole run, that of the grids that are shown, or one that the reader has held. What is no
// more than rounding has no colour, and is no edge of the circuit or the table.

import { edgeKey, edgeLabel, isSameEdge, label, nodeName, nodeOf, PORT_NAMES, PORTS, shortLabel } from "../core/node";
import type { BoardData, BoardEvents } from "../core/props";
import {
  countAbove,
  countsOf,
  type Edge,
  edgeAt,
  edgesOf,
  incoming,
  nodesOf,
  noiseOf,
  outgoing,
  portsOf,
  reachOf,
  shapeOf,
  type Table,
} from "../core/table";
import type { Look } from "../core/view";
import type { EdgeName, EdgesCheck } from "../engine/types";
import { element } from "../lib/dom";
import { formatCount, formatEffect, formatShare, formatValue } from "../lib/format";
import { type Colours, colours } from "../lib/scale";
import { MAX_EDGES } from "../lib/settings";
import { type Figure, figure } from "./figure";
import * as edgeGridView from "./grid/edges";
import * as latticeView from "./lattice/lattice";
import * as legendView from "./legend";
import * as overviewView from "./overview";
import * as tableView from "./table";
import { edgeWords } from "./words";

/** The parts that can be left out. */
export const PARTS = ["from", "into", "legend", "circuit", "overview", "table"] as const;
export type Part = (typeof PARTS)[number];

/** While values come, the circuit is laid out no more often. */
const LAYOUT_PAUSE_MS = 1500;
const LEAST_EDGES = 5;
const HINT = "Point at a line or a cell, or reach it with the arrow keys, to read its value.";

export function create(
  container: HTMLElement,
  hidden: ReadonlySet<Part>,
  events: BoardEvents,
): (data: BoardData) => void {
  const board = element("div", { class: "board" });
  container.append(board);
  const readout = element("p", { class: "readout" }, HINT);
  let shown: BoardData | undefined;

  let hovered: EdgeName | null = null;
  const hover = (edge: EdgeName | null) => {
    hovered = edge;
    for (const lit of board.querySelectorAll(".lit")) lit.classList.remove("lit");
    const known = edge && shown ? edgeAt(shown.table, edge) : null;
    readout.textContent = known && shown ? `${edgeLabel(known)}: ${edgeWords(known, shown.table)}` : HINT;
    if (!edge) return;
    for (const lit of board.querySelectorAll(`[data-edge="${edgeKey(edge)}"]`)) lit.classList.add("lit");
  };
  const linked = { onSelect: ({ from, to }: EdgeName) => events.onView({ from, to }), onHover: hover };

  const tools = element("div", { class: "tools" });
  const scale = hidden.has("legend") ? undefined : legend(board, tools, readout, () => shown && show(shown));
  const strength = leastSlider(events);
  tools.append(strength.element);
  if (scale) board.append(tools);
  const circuit = hidden.has("circuit") ? undefined : circuitSection(board, linked, events);
  const grids = (["from", "into"] as const)
    .filter((role) => !hidden.has(role))
    .map((role) => rowOfGrids(board, role, linked, events));
  const overview = hidden.has("overview") ? undefined : overviewSection(board, events);
  const table = hidden.has("table") ? undefined : tableSection(board, linked);

  const show = (data: BoardData) => {
    shown = data;
    const { table: of, look } = data;
    const noise = noiseOf(of);
    const whole = reachOf(of);
    const reach = scale?.reach(data, whole) ?? whole;
    const scaled = colours(reach, noise);
    const least = Math.max(look.least * whole, noise);
    scale?.update({ colours: scaled, table: of, isStill: whole <= noise && countsOf(of).estimates === 0 });
    strength.update(look.least, least);
    const count = countAbove(of, least);
    circuit?.({ data, count, reach: whole });
    for (const update of grids) update(data, scaled, look.least * whole);
    overview?.(data);
    if (table) {
      const edges = edgesOf(of).slice(0, count);
      table({ edges, selected: look.edge, hasStdDev: edges.some(({ stdDev }) => !Number.isNaN(stdDev)) });
    }
    // What was pointed at is drawn anew, and its value may be another.
    if (hovered) hover(hovered);
  };
  return show;
}

type Linked = edgeGridView.EdgeGridEvents;

/** What a sender writes into every receiver, or what every sender writes into a node; and the choice of it. */
function rowOfGrids(board: HTMLElement, role: edgeGridView.Role, linked: Linked, events: BoardEvents) {
  const isFrom = role === "from";
  const pick = element("select", { "aria-label": isFrom ? "Sender" : "Receiver" });
  pick.addEventListener("change", () => events.onView(isFrom ? { from: pick.value } : { to: pick.value }));
  const by = element("span");
  const title = isFrom ? element("h3", {}, "From ", pick, " into each …") : element("h3", {}, "From every part into ", pick, by);
  const multiples = element("div", { class: "beside" });
  board.append(element("div", { class: `grids ${role}`, role: "group", "aria-label": isFrom ? "From one node" : "Into one node" }, title, multiples));
  const drawings: (Figure & { update: (data: edgeGridView.EdgeGridData) => void })[] = [];
  const drawing = (i: number) => {
    if (!drawings[i]) {
      const made = figure();
      multiples.append(made.element);
      drawings[i] = { ...made, update: edgeGridView.create(made.body, role, linked) };
    }
    return drawings[i]!;
  };
  return ({ table, look }: BoardData, scaled: Colours, least: number) => {
    const node = isFrom ? look.from : look.to && nodeOf(look.to);
    options(pick, isFrom ? table.senders : readersOf(table), node ?? "");
    by.textContent = node !== null && nodeName(node).kind === "head" ? " by its …" : "";
    const grids = node === null ? [] : isFrom ? gridsFrom(table, node) : gridsInto(table, node);
    grids.forEach(({ title: text, end, names, about }, i) => {
      const { entitle, update } = drawing(i);
      entitle(text, about);
      update({ table, end, names, across: shapeOf(table).heads, about, colours: scaled, least, selected: look.edge });
    });
    drawings.forEach(({ element: made }, i) => {
      made.hidden = i >= grids.length;
    });
  };
}

interface GridOf {
  title: string;
  end: string;
  names: string[];
  about: string;
}

/** A grid for the query, key and value of all heads, and one for the MLPs and the logits. */
function gridsFrom({ receivers }: Table, from: string): GridOf[] {
  const into = (title: string, others: string, isShown: (name: string) => boolean) => ({
    title,
    end: from,
    names: receivers.filter(isShown),
    about: `From ${label(from)} into ${others}`,
  });
  const heads = PORTS.map((port) => into(PORT_NAMES[port], `each head’s ${PORT_NAMES[port]}`, (name) => nodeName(name).port === port));
  const rest = into("MLP, logits", "the MLPs and the logits", (name) => nodeName(name).port === null);
  // A saved grid of heads has no other parts.
  return [...heads, rest].filter(({ names }) => names.length > 0);
}

/** A grid of all senders for each input of the node. */
function gridsInto(table: Table, node: string): GridOf[] {
  return (portsOf(table).get(node) ?? []).map((receiver) => {
    const { port } = nodeName(receiver);
    return { title: port ? PORT_NAMES[port] : shortLabel(receiver), end: receiver, names: table.senders, about: `Into ${label(receiver)}` };
  });
}

/** The nodes that read. */
const readersOf = ({ receivers }: Table): string[] => [...new Set(receivers.map(nodeOf))];

const SCALES = { sweep: "of the whole run", grids: "of the grids shown", held: "held as it is" };
type Scale = keyof typeof SCALES;

/** The colour scale, what is pointed at, and what the scale is of. */
function legend(board: HTMLElement, tools: HTMLElement, readout: HTMLElement, redraw: () => void) {
  const key = element("div", { class: "key" });
  board.append(element("div", { role: "group", "aria-label": "Colours" }, readout, key));
  const update = legendView.create(key);
  const choice = element("select", { "aria-label": "Colour scale" });
  choice.append(...Object.entries(SCALES).map(([value, name]) => element("option", { value }, name)));
  tools.append(element("label", {}, "Colours: the scale ", choice));
  let last = { reach: 0, metric: "" };
  choice.addEventListener("change", redraw);
  const reach = ({ table, look }: BoardData, whole: number): number => {
    const scale = choice.value as Scale;
    // A range of another metric's units says nothing here.
    if (scale === "held" && last.metric === table.metric) return last.reach;
    if (scale === "held") choice.value = "sweep";
    last = { reach: scale === "grids" ? reachOfGrids(table, look) : whole, metric: table.metric };
    return last.reach;
  };
  return { update, reach };
}

/** The largest effect in the grids that are shown. */
function reachOfGrids(table: Table, { from, to }: Look): number {
  const best = [outgoing(table, from)[0], to === null ? undefined : incoming(table, nodeOf(to))[0]];
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
  /** How many edges are strong enough to be shown. */
  count: number;
  reach: number;
}

function circuitSection(board: HTMLElement, linked: Linked, events: BoardEvents) {
  const slider = element("input", { type: "range", min: LEAST_EDGES, max: MAX_EDGES, step: 5 });
  slider.addEventListener("input", () => events.onView({ edges: Number(slider.value) }));
  const says = element("output");
  const stronger = element("button", { type: "button", "aria-label": "Next stronger edge" }, "‹");
  const weaker = element("button", { type: "button", "aria-label": "Next weaker edge" }, "›");
  const rank = element("output", { class: "rank" });
  let edges: Edge[] = [];
  let selected: EdgeName | null = null;
  const walk = (step: 1 | -1) => {
    const at = edges.findIndex((edge) => isSameEdge(edge, selected));
    const next = at < 0 ? edges[0] : edges[at + step];
    if (next) linked.onSelect(next);
  };
  stronger.addEventListener("click", () => walk(-1));
  weaker.addEventListener("click", () => walk(1));
  const title = "The strongest edges, from the input up to the logits";
  const { element: made, body, entitle } = figure();
  entitle(title);
  const checked = element("p", { class: "note" });
  board.append(
    element(
      "div",
      { class: "circuit-part", role: "group", "aria-label": "Circuit" },
      element("h3", {}, "Circuit"),
      element(
        "div",
        { class: "tools" },
        element("label", {}, "Edges shown ", slider, says),
        element("span", { class: "steppers", role: "group", "aria-label": "Edges by strength" }, stronger, weaker, rank),
      ),
      made,
      element("p", { class: "note" }, READING),
      checked,
    ),
  );
  const update = latticeView.create(body, { ...linked, onLeave: () => weaker.focus() });
  let laidOut = Number.NEGATIVE_INFINITY;
  return ({ data: { table, look, isRunning, check }, count, reach }: CircuitShown) => {
    const most = Math.min(count, look.edges);
    slider.max = String(Math.min(MAX_EDGES, Math.max(LEAST_EDGES, 5 * Math.ceil(count / 5))));
    slider.value = String(look.edges);
    says.textContent = ` ${formatCount(most)} of ${formatCount(count)}`;
    checked.textContent = checkWords(check);
    checked.hidden = check === null;
    const isSoon = performance.now() - laidOut < LAYOUT_PAUSE_MS;
    if (isRunning && isSoon && isSameEdge(selected, look.edge)) return;
    laidOut = performance.now();
    const strongest = edgesOf(table).slice(0, most);
    selected = look.edge;
    // What is chosen is drawn, however weak.
    const chosen = selected && !strongest.some((edge) => isSameEdge(edge, selected)) ? edgeAt(table, selected) : null;
    edges = chosen ? [...strongest, chosen] : strongest;
    const at = edges.findIndex((edge) => isSameEdge(edge, selected));
    rank.textContent = at < 0 ? "" : chosen ? `${edgeLabel(chosen)}, weaker than those shown` : `${edgeLabel(edges[at]!)}, ${at + 1} of ${most} by strength`;
    // They keep the focus at the ends.
    stronger.setAttribute("aria-disabled", String(edges.length === 0 || at === 0));
    weaker.setAttribute("aria-disabled", String(edges.length === 0 || at === edges.length - 1));
    update({ nodes: nodesOf(table), shape: shapeOf(table), edges, reach, measured: table, selected });
  };
}

const READING =
  "An edge leaves a part’s top and enters at the foot of another, a head by its query (q, left), key (k) or value (v, right). The wider, the larger the effect; an outline, or a dashed line, is an estimate. Squares are MLPs, dots have no edge of this size.";

/** How good the estimates of the edges that were not run are. */
function checkWords(check: EdgesCheck | null): string {
  if (!check) return "";
  if (check.bound === 0) return `All other edges were run, too: the largest error of their estimates is ${formatValue(check.largestError)}.`;
  const { edges, largestError, bound } = check;
  return `Of the edges that were only estimated, ${formatCount(edges)} taken at random were run: the largest error is ${formatValue(largestError)}. With 95% confidence at most ${formatShare(bound)} of those that were not run are further off.`;
}

function overviewSection(board: HTMLElement, events: BoardEvents) {
  const place = element("div", { class: "overview-part", role: "group", "aria-label": "Nodes" }, element("h3", {}, "How much each node writes and reads"));
  board.append(place);
  const update = overviewView.create(place, { onNode: (node) => events.onView({ node }) });
  return ({ table, look }: BoardData) => {
    // A figure with the strongest edges alone has no sums of all.
    place.hidden = countsOf(table).unknown > 0;
    if (!place.hidden) update(table, look.node);
  };
}

function tableSection(board: HTMLElement, linked: Linked) {
  const place = element("div", { class: "table-part", role: "group", "aria-label": "Edges" }, element("h3", {}, "Edges"));
  board.append(place);
  return tableView.create(place, linked);
}

/** Nodes to choose from, made anew only for another model. */
function options(select: HTMLSelectElement, names: readonly string[], chosen: string): void {
  if (select.length !== names.length || select.options[0]?.value !== names[0]) {
    select.replaceChildren(...names.map((name) => element("option", { value: name }, shortLabel(name))));
  }
  select.value = chosen;
}
