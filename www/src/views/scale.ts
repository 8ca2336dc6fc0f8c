// The scale of effects: legend, distribution and threshold in one. Every edge is a tick on a signed square-root axis;
// 0 is the run that is patched, the other run has a mark. Two handles, mirrored about 0, set how large an effect has to
// be to be shown; a triangle is the chosen edge.

import { select } from "d3-selection";
import { edgeKey, edgeLabel } from "../core/node";
import { shareOf, shownEdges, shownWords } from "../core/shown";
import { countsOf, type Edge, edgeAt, noiseOf, reachOf, type Table } from "../core/table";
import type { Look, View } from "../core/view";
import type { EdgeName } from "../engine/types";
import { type Axis, axisOf } from "../lib/axis";
import { element } from "../lib/dom";
import { formatEffect } from "../lib/format";
import type { Colours } from "../lib/scale";
import { MAX_EDGES } from "../lib/settings";
import { drawAxis, drawRuns } from "./scale/axis";
import * as handlesView from "./scale/handles";
import { HEIGHT, Y } from "./scale/rows";
import { gapFor, LETTER } from "./scale/spans";
import { extentOf, pathsOfTicks, placesOfTicks } from "./scale/ticks";
import { tipOf } from "./tip";
import { baselineWords, edgeLines, signWords, stillWords } from "./words";

export interface ScaleData {
  table: Table;
  look: Look;
  /** Those of the cells, which the bar repeats. */
  colours: Colours;
  /** An edge that is pointed at elsewhere. */
  lit?: EdgeName | null;
}

export interface ScaleEvents {
  /** An edge was chosen, or how large an effect has to be. */
  onView: (change: Partial<View>) => void;
  onHover?: (edge: EdgeName | null) => void;
}

/** Below this width the words have a line of their own. */
const NARROW = 640;
const PAD = { wide: 70, narrow: 22 };
const ASSUMED_WIDTH = 640;
const STOPS = 24;
/** As near as this a tick is meant. */
const NEAR = 6;

let drawn = 0;

export function create(container: HTMLElement, events: ScaleEvents): (data: ScaleData) => void {
  const words = element("p", { class: "scale-words" });
  const holder = element("div", { class: "scale", role: "group", "aria-label": "Effect scale" });
  const svg = select(holder).append("svg");
  holder.append(words);
  container.append(holder);
  const id = `scale-colours-${++drawn}`;
  const gradient = svg.append("defs").append("linearGradient").attr("id", id);
  const picture = svg.append("g").attr("role", "img");
  const bar = picture.append("rect").attr("class", "bar").attr("y", Y.bar).attr("height", Y.barHeight).attr("fill", `url(#${id})`);
  const ticks = picture.append("g").attr("class", "effects");
  const veil = picture.append("rect").attr("class", "veil").attr("y", Y.tick - 1).attr("height", Y.bar + Y.barHeight - Y.tick + 1);
  const axisPlace = picture.append("g");
  const runs = picture.append("g");
  const ends = picture.append("g");
  const litMark = picture.append("path").attr("class", "lit-mark");
  const chosenMark = picture.append("path").attr("class", "chosen-mark");
  const handlesPlace = svg.append("g");
  const tip = tipOf(holder);

  let data: ScaleData | undefined;
  let now: handlesView.Measured | undefined;
  let found: { table: Table; of: string; at: Float64Array } | undefined;
  let hovered: Edge | null = null;

  const setLeast = (effect: number) => {
    if (!data || !now) return;
    const least = shareOf(data.table, Math.min(now.reach, Math.max(0, effect)));
    // From now on the least effect decides, and not the number of edges, up to the most that can be drawn.
    if (least !== data.look.least || data.look.edges !== MAX_EDGES) events.onView({ least, edges: MAX_EDGES });
  };

  const handles = handlesView.create(handlesPlace, { onGrab: tip.hide, onLeast: setLeast });

  const draw = () => {
    if (!data) return;
    const { table, look, colours } = data;
    const width = Math.floor(holder.clientWidth) || ASSUMED_WIDTH;
    const isNarrow = width < NARROW;
    const pad = isNarrow ? PAD.narrow : PAD.wide;
    const noise = noiseOf(table);
    const reach = reachOf(table);
    const extent = extentOf(table, noise);
    const axis = axisOf(extent, pad, width - pad);
    const shown = shownEdges(table, look);
    now = { axis, shown, noise, reach };
    const { x } = axis;
    const [low, high] = [x(axis.low), x(axis.high)];
    svg.attr("width", width).attr("height", HEIGHT).attr("viewBox", `0 0 ${width} ${HEIGHT}`);
    bar.attr("x", low).attr("width", high - low);
    gradient
      .selectAll("stop")
      .data(Array.from({ length: STOPS + 1 }, (_, i) => i / STOPS))
      .join("stop")
      .attr("offset", (share) => share)
      .style("stop-color", (share) => colours.of(axis.effect(low + share * (high - low))));
    const isStill = reach <= noise;
    ticks
      .selectAll("path")
      .data(isStill ? [] : pathsOfTicks(ticksFor(table, noise, axis), shown.least, axis))
      .join("path")
      .attr("class", ({ name }) => name)
      .attr("d", ({ d }) => d);
    veil.attr("x", x(-shown.least)).attr("width", Math.max(0, Math.min(high, x(shown.least)) - Math.max(low, x(-shown.least))));
    if (x(-shown.least) < low) veil.attr("x", low);
    drawAxis(axisPlace, axis, extent.other);
    const names = drawRuns(runs, axis, table, extent.other, width, isNarrow);
    const sides = isNarrow ? [] : [
      { text: "lowers", at: low - 10, anchor: "end", name: "down" },
      { text: "raises", at: high + 10, anchor: "start", name: "up" },
    ];
    ends
      .selectAll("text")
      .data(sides)
      .join("text")
      .attr("class", ({ name }) => name)
      .attr("x", ({ at }) => at)
      .attr("y", Y.bar + Y.barHeight)
      .attr("text-anchor", ({ anchor }) => anchor)
      .text(({ text }) => text);
    handles.draw(now, shownWords(table, shown));
    const known = look.edge && edgeAt(table, look.edge);
    chosenMark.attr("d", known ? `M${x(known.effect) - 6} 1h12l-6 9z` : null);
    const says = isStill && countsOf(table).exact > 0 ? stillWords(table) : `${capital(shownWords(table, shown))}${isNarrow ? `. ${signWords(table.metric)}` : ""}`;
    words.textContent = says;
    placeWords(isNarrow ? null : gapFor(names, says.length * LETTER, width));
    picture.attr("aria-label", `Effects of the edges from ${formatEffect(axis.low)} to ${formatEffect(axis.high)}. ${capital(baselineWords(table))}. ${signWords(table.metric)}`);
    drawLit();
  };

  /** The same as long as neither the table nor the axis has changed: there may be millions of edges. */
  const ticksFor = (table: Table, noise: number, axis: Axis) => {
    const of = `${table.version} ${axis.low} ${axis.high} ${axis.x(axis.low)} ${axis.x(axis.high)}`;
    if (found?.table !== table || found.of !== of) found = { table, of, at: placesOfTicks(table, noise, axis) };
    return found.at;
  };

  /** Beside the names of the runs where there is room, so that the scale is no higher; below them where there is none. */
  const placeWords = (at: number | null) => {
    words.classList.toggle("below", at === null);
    words.style.insetInlineStart = `${at ?? 2}px`;
  };

  const drawLit = () => {
    const known = data?.lit ? edgeAt(data.table, data.lit) : null;
    const at = known && now ? now.axis.x(known.effect) : null;
    litMark.attr("d", at === null ? null : `M${at - 5} 2h10l-5 8z`);
  };

  /** The edge whose tick is nearest, among those that are shown. */
  const edgeNear = (event: PointerEvent): Edge | null => {
    if (!now) return null;
    const box = svg.node()?.getBoundingClientRect();
    if (!box || event.clientY - box.top > Y.bar + Y.barHeight) return null;
    const at = event.clientX - box.left;
    const { axis, shown } = now;
    let best: { edge: Edge; distance: number } | null = null;
    for (const edge of shown.edges) {
      const distance = Math.abs(axis.x(edge.effect) - at);
      if (distance <= NEAR && (!best || distance < best.distance)) best = { edge, distance };
    }
    return best?.edge ?? null;
  };

  const point = (edge: Edge | null) => {
    if ((edge && edgeKey(edge)) === (hovered && edgeKey(hovered))) return;
    hovered = edge;
    svg.classed("over", edge !== null);
    events.onHover?.(edge);
  };
  const letGo = () => {
    tip.hide();
    point(null);
  };
  svg
    .on("pointermove", (event: PointerEvent) => {
      if (handles.isDragging() || event.pointerType === "touch" || !data) return;
      const edge = edgeNear(event);
      if (!edge) return letGo();
      point(edge);
      tip.at(event, { title: edgeLabel(edge), lines: edgeLines(edge, data.table) });
    })
    .on("pointerleave", letGo)
    .on("click", (event: PointerEvent) => {
      const edge = edgeNear(event);
      if (edge) events.onView({ from: edge.from, to: edge.to });
    });
  new ResizeObserver(draw).observe(holder);

  return (next) => {
    const before = data;
    data = next;
    const isLitAlone = before && next.lit !== before.lit && next.table === before.table && next.look === before.look;
    if (isLitAlone && hovered === null) drawLit();
    else if (!isLitAlone) draw();
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
