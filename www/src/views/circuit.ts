// The strongest edges as a circuit, every node in its place: see lattice/place.ts.
//
// Pointing at a part keeps its edges and lets the rest fade; a click on an edge chooses it, on a part its strongest
// edge. What is meant is the nearest, of lines that lie beside each other and under a finger. By keyboard the parts with
// edges are a grid and one tab stop: arrow keys go from one to the next, Enter chooses, Escape lets go.

import { select } from "d3-selection";
import { edgeKey, isSameEdge, nodeOf } from "../core/node";
import type { Band } from "../core/props";
import { shownEdges, withChosen } from "../core/shown";
import { type Edge, nodesOf, noiseOf, reachOf, shapeOf, type Table } from "../core/table";
import type { Look } from "../core/view";
import type { EdgeName } from "../engine/types";
import { element, ONE_COLUMN } from "../lib/dom";
import { formatStrongest } from "../lib/format";
import { drawGround } from "./lattice/ground";
import { DENSE, drawLines, widthsOf } from "./lattice/lines";
import { distanceTo, distanceToBox, type Pieces, piecesOf } from "./lattice/nearest";
import { boxOf, drawParts, edgeTip, type Part, partsOf, partTip } from "./lattice/parts";
import { type Route, routes } from "./lattice/paths";
import { type Lattice, place, type Point } from "./lattice/place";
import { neighbour, rowsOf } from "./lattice/walk";
import { tipOf } from "./tip";
import { stillWords } from "./words";

export interface CircuitData {
  table: Table;
  look: Look;
  /** Whether more values are on their way. */
  isRunning?: boolean;
  /** Names for some layers. */
  bands?: readonly Band[];
  /** What parts are known for, by their names. */
  roles?: ReadonlyMap<string, { name: string }>;
  /** What the logits are read for: `lamp − spoon`. */
  compares?: string | null;
  /** An edge that is pointed at elsewhere. */
  lit?: EdgeName | null;
}

export interface CircuitEvents {
  onSelect: (edge: EdgeName) => void;
  onHover?: (edge: EdgeName | null) => void;
}

export interface CircuitOptions {
  /** As high as what it stands in, or as its layers need; where neither is said, the latter in a narrow page. */
  height?: "fill" | "own";
  /** A picture alone, without pointer and keyboard. */
  isStill?: boolean;
}

/** While values come, edges take their places no more often. */
const LAYOUT_PAUSE_MS = 1500;
/** Where there is nothing to measure, as before the page is laid out. */
const ASSUMED = { width: 640, height: 480 };
/** How far from a line or a part a mouse, and a finger, may be. */
const NEAR = { mouse: 7, touch: 24 };

/** So much is seen around a chosen edge. */
const MARGIN = 24;

/** What is pointed at. */
type Target = { part: Part } | { edge: Edge } | null;

interface Drawn {
  data: CircuitData;
  /** The table's. */
  version: number;
  edges: Edge[];
  lattice: Lattice;
  parts: Part[];
  paths: Map<string, Route>;
  /** Made when something is first pointed at. */
  pieces?: { edge: Edge; pieces: Pieces; half: number }[];
}

export function create(container: HTMLElement, events: CircuitEvents, options: CircuitOptions = {}): (data: CircuitData) => void {
  const { height, isStill = false } = options;
  const holder = element("div", { class: `circuit-holder ${height ?? "fill"}` });
  const still = element("p", { class: "still" });
  still.hidden = true;
  container.append(holder);
  holder.append(still);
  const svg = select(holder).append("svg").attr("class", "circuit");
  const ground = svg.append("g").attr("aria-hidden", "true");
  const lines = svg.append("g").attr("aria-hidden", "true");
  const grid = svg.append("g");
  if (!isStill) grid.attr("role", "grid").attr("aria-label", GRID);
  const tip = tipOf(holder);

  let data: CircuitData | undefined;
  let drawn: Drawn | undefined;
  let signature = "";
  let laidOut = Number.NEGATIVE_INFINITY;
  let focused = "";
  /** The chosen edge that was last looked for. */
  let inView: EdgeName | null = null;
  let pointed: Target = null;

  const room = () => {
    const width = Math.floor(holder.clientWidth) || ASSUMED.width;
    // A narrow page scrolls: what does not fill its place there need not be as high, nor as low.
    const isOwn = height === "own" || (height === undefined && matchMedia(ONE_COLUMN).matches);
    holder.classList.toggle("own", isOwn);
    holder.classList.toggle("fill", !isOwn);
    return { width, height: isOwn ? null : Math.floor(holder.clientHeight) || ASSUMED.height };
  };

  const draw = (now: CircuitData) => {
    const { table, look, bands = [], compares = null } = now;
    const shown = shownEdges(table, look);
    const edges = withChosen(table, shown, look.edge);
    const [nodes, shape, noise, reach] = [nodesOf(table), shapeOf(table), noiseOf(table), reachOf(table)];
    // Lines stay where they are while the same edges are shown: values may change many times a second.
    const { width, height: high } = room();
    const asked = [width, high, bands.length, nodes.length, ...edges.map(edgeKey).sort()].join(" ");
    if (!drawn || signature !== asked) {
      const lattice = place(nodes, shape, { width, height: high, hasBands: bands.length > 0 });
      drawn = { data: now, version: table.version, edges, lattice, parts: [], paths: routes(edges, lattice) };
      signature = asked;
    }
    const { lattice, paths } = drawn;
    const parts = partsOf(nodes, edges, lattice);
    drawn = { data: now, version: table.version, edges, lattice, parts, paths };
    svg.attr("viewBox", `0 0 ${lattice.width} ${lattice.height}`).attr("width", lattice.width).attr("height", lattice.height);
    svg.classed("dense", edges.length > DENSE).classed("chosen", look.edge !== null);
    drawGround(ground, nodes, shape, lattice, new Set(parts.map(({ name }) => name)), bands);
    drawLines(lines, { edges, paths, reach, noise, scale: lattice.scale, selected: look.edge });
    // Until the reader has moved, the keyboard enters at the chosen edge, or at the strongest.
    const wanted = [focused, look.edge?.from, edges[0]?.from];
    const entry = isStill ? null : (wanted.map((name) => parts.find((part) => part.name === name)).find(Boolean) ?? null);
    keepFocus(() => drawParts(grid, { rows: rowsOf(parts), lattice, measured: table, noise, selected: look.edge, compares, entry }), entry);
    still.hidden = shown.edges.length > 0 || edges.some(({ isExact }) => !isExact);
    still.textContent = still.hidden ? "" : stillWords(table);
    if (isStill) svg.attr("role", "img").attr("aria-label", stillLabel(shown.edges.length, edges.length));
    pointAgain();
    // It may be an edge that this model does not have, of the run before.
    const chosen = edges.find((edge) => isSameEdge(edge, look.edge)) ?? null;
    if (!isSameEdge(inView, chosen)) {
      inView = chosen;
      if (inView) intoView([inView.from, nodeOf(inView.to)], lattice);
    }
  };

  /** A drawing of many layers is higher than its place: what is chosen is looked for in it. */
  const intoView = (names: readonly string[], { spots }: Lattice) => {
    const ys = names.map((name) => spots.get(name)!.y);
    const [top, bottom] = [Math.min(...ys) - MARGIN, Math.max(...ys) + MARGIN];
    const { scrollTop, clientHeight } = holder;
    if (top < scrollTop || bottom > scrollTop + clientHeight) holder.scrollTop = (top + bottom - clientHeight) / 2;
  };

  /** What had the focus may be no part of the circuit any more, or may have been moved in the drawing. */
  const keepFocus = (act: () => void, entry: Part | null) => {
    const root = container.getRootNode() as Document | ShadowRoot;
    const hasFocus = () => grid.node()?.contains(root.activeElement) ?? false;
    const had = hasFocus();
    act();
    if (had && !hasFocus() && entry) focusOn(entry);
  };

  const focusOn = (part: Part) => {
    focused = part.name;
    const cells = grid.selectAll<SVGGElement, Part>("g.part").attr("tabindex", ({ name }) => (name === focused ? 0 : -1));
    cells.filter(({ name }) => name === focused).node()?.focus();
  };

  /** Keep these edges, with the nodes at their ends, and let the rest fade; all stay where there are none. */
  const light = (lit: readonly EdgeName[], at?: Part) => {
    const keys = new Set(lit.map(edgeKey));
    const names = new Set(lit.flatMap(({ from, to }) => [from, nodeOf(to)]));
    svg.classed("pointed", lit.length > 0 || at !== undefined);
    lines.selectAll<SVGGElement, Edge>("g.edge").classed("on", (edge) => keys.has(edgeKey(edge)));
    grid.selectAll<SVGGElement, Part>("g.part").classed("on", ({ name }) => names.has(name) || name === at?.name);
  };

  const lightElsewhere = () => light(data?.lit ? [data.lit] : []);

  /** What was pointed at is drawn anew, if it is there still. */
  const pointAgain = () => {
    const before = pointed;
    if (!before || !drawn) return lightElsewhere();
    const { parts, edges } = drawn;
    const part = "part" in before ? parts.find(({ name }) => name === before.part.name) : undefined;
    const edge = "edge" in before ? edges.find((each) => isSameEdge(each, before.edge)) : undefined;
    pointed = null;
    if (part) pointAt({ part });
    else if (edge) pointAt({ edge });
    else letGo();
  };

  const letGo = () => {
    tip.hide();
    if (!pointed) return lightElsewhere();
    pointed = null;
    lightElsewhere();
    svg.classed("over", false);
    events.onHover?.(null);
  };

  const pointAt = (target: NonNullable<Target>) => {
    if (isSameTarget(target, pointed)) return;
    pointed = target;
    if ("part" in target) light(target.part.edges, target.part);
    else light([target.edge]);
    svg.classed("over", true);
    events.onHover?.("part" in target ? target.part.edges[0]! : target.edge);
  };

  const tipFor = (target: NonNullable<Target>, { table, roles }: CircuitData) =>
    "part" in target ? partTip(target.part, table, roles?.get(target.part.name)?.name) : edgeTip(target.edge, table);

  /** What is nearest to a place in the window, if it is near enough. */
  const targetAt = ({ clientX, clientY, pointerType }: PointerEvent): Target => {
    const node = svg.node();
    if (!drawn || !node) return null;
    const { lattice, parts } = drawn;
    const { left, top, width } = node.getBoundingClientRect();
    const unit = lattice.width / (width || lattice.width);
    const point: Point = { x: (clientX - left) * unit, y: (clientY - top) * unit };
    const near = (pointerType === "touch" ? NEAR.touch : NEAR.mouse) * unit;
    const part = least(parts, (each) => distanceToBox(boxOf(each, lattice), point));
    // The pointer is on it, or a finger means it.
    if (part && part.distance === 0) return { part: part.of };
    const edge = least(piecesDrawn(), ({ pieces, half }) => Math.max(0, distanceTo(pieces, point) - half));
    if (pointerType === "touch" && part && part.distance <= near && part.distance <= (edge?.distance ?? near)) return { part: part.of };
    return edge && edge.distance <= near ? { edge: edge.of.edge } : null;
  };

  const piecesDrawn = () => {
    if (!drawn) return [];
    const { edges, paths, lattice, data: of } = drawn;
    const widthOf = widthsOf({ reach: reachOf(of.table), noise: noiseOf(of.table), scale: lattice.scale, edges });
    drawn.pieces ??= edges.map((edge) => ({ edge, pieces: piecesOf(paths.get(edgeKey(edge))!.d), half: widthOf(edge) / 2 }));
    return drawn.pieces;
  };

  const choose = (target: NonNullable<Target>) => {
    if ("part" in target) focused = target.part.name;
    events.onSelect("part" in target ? target.part.edges[0]! : target.edge);
  };

  const onKey = (event: KeyboardEvent, part: Part) => {
    const next = neighbour(rowsOf(drawn?.parts ?? []), part, event.key);
    if (next) focusOn(next);
    else if (event.key === "Enter" || event.key === " ") choose({ part });
    else if (event.key === "Escape") letGo();
    else return;
    event.preventDefault();
  };

  const partOf = (event: Event): Part | undefined => select<Element, Part | undefined>(event.target as Element).datum();

  if (!isStill) {
    svg
      .on("pointermove", (event: PointerEvent) => {
        if (event.pointerType === "touch") return;
        const target = targetAt(event);
        if (!target || !drawn) return letGo();
        pointAt(target);
        tip.at(event, tipFor(target, drawn.data));
      })
      .on("pointerleave", letGo)
      .on("click", (event: PointerEvent) => {
        const target = targetAt(event);
        if (target) choose(target);
      })
      .on("focusin", (event: FocusEvent) => {
        const part = partOf(event);
        if (!part || !drawn || !(event.target as Element).matches(":focus-visible")) return;
        pointAt({ part });
        tip.on(event.target as Element, tipFor({ part }, drawn.data));
      })
      .on("focusout", letGo)
      .on("keydown", (event: KeyboardEvent) => {
        const part = partOf(event);
        if (part) onKey(event, part);
      });
  }
  const resized = new ResizeObserver(() => {
    if (data && holder.clientWidth > 0) draw(data);
  });
  resized.observe(holder);
  return (next) => {
    const before = data;
    data = next;
    if (before && drawn?.version === next.table.version && isSameButLit(before, next)) {
      if (!pointed) lightElsewhere();
      return;
    }
    const isSoon = performance.now() - laidOut < LAYOUT_PAUSE_MS;
    if (next.isRunning && isSoon && before?.look === next.look) return;
    laidOut = performance.now();
    draw(next);
  };
}

const GRID =
  "Circuit: the parts with an edge, layer by layer. Arrow keys go from part to part, Enter chooses a part’s strongest edge.";

/** `Circuit of the 40 strongest edges and the chosen one, from …` */
const stillLabel = (strongest: number, all: number): string =>
  `Circuit of the ${formatStrongest(strongest)} ${strongest === 1 ? "edge" : "edges"}${all > strongest ? " and the chosen one" : ""}, from the input at the bottom to the logits at the top`;

const isSameTarget = (a: NonNullable<Target>, b: Target): boolean => {
  if (b === null) return false;
  if ("part" in a) return "part" in b && a.part.name === b.part.name;
  return "edge" in b && isSameEdge(a.edge, b.edge);
};

/** Whether two updates differ in nothing but the edge that is pointed at elsewhere. */
function isSameButLit({ lit: _a, ...a }: CircuitData, { lit: _b, ...b }: CircuitData): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof typeof a)[];
  return keys.every((key) => a[key] === b[key]);
}

function least<T>(all: readonly T[], distance: (each: T) => number): { of: T; distance: number } | null {
  let best: { of: T; distance: number } | null = null;
  for (const each of all) {
    const at = distance(each);
    if (!best || at < best.distance) best = { of: each, distance: at };
  }
  return best;
}
