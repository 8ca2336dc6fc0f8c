// The scale of effects: legend, distribution and threshold in one. Every edge is a tick on a signed square-root axis;
// 0 is the run that is patched, the other run has a mark. Two handles, mirrored about 0, set how large an effect has to
// be to be shown; a triangle is the chosen edge.

import { select } from "d3-selection";
import { edgeKey, edgeLabel } from "../core/node";
import { type Shown, shareOf, shownEdges, shownWords } from "../core/shown";
import { baseOf, countsOf, type Edge, edgeAt, hasBaselines, noiseOf, places, reachOf, type Table } from "../core/table";
import type { Look, View } from "../core/view";
import type { EdgeName } from "../engine/types";
import { type Axis, axisOf } from "../lib/axis";
import { element } from "../lib/dom";
import { formatEffect, formatTick, formatValue, unitOf } from "../lib/format";
import type { Colours } from "../lib/scale";
import { MAX_EDGES } from "../lib/settings";
import { tipOf } from "./tip";
import { baselineWords, baseRun, edgeLines, otherRun, runsOf, signWords, stillWords } from "./words";

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

/** From the top: ticks end at the bar, whose numbers are below it, and below those the runs' names. */
const Y = { tick: 11, quiet: 16, foot: 21, bar: 23, barHeight: 6, handle: 34, number: 48, name: 63 };
const HEIGHT = 66;
/** Below this width the words have a line of their own. */
const NARROW = 640;
const PAD = { wide: 70, narrow: 22 };
const ASSUMED_WIDTH = 640;
const STOPS = 24;
/** A key press changes the least effect by so much, and a page key by so much. */
const STEP = { key: 1.12, page: 2 };
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
  const handles = svg.append("g");
  const tip = tipOf(holder);

  let data: ScaleData | undefined;
  let now: { axis: Axis; shown: Shown; noise: number; reach: number } | undefined;
  let found: { table: Table; of: string; at: Float64Array } | undefined;
  let isDragging = false;
  let hovered: Edge | null = null;

  const setLeast = (effect: number) => {
    if (!data || !now) return;
    const least = shareOf(data.table, Math.min(now.reach, Math.max(0, effect)));
    // From now on the least effect decides, and not the number of edges, up to the most that can be drawn.
    if (least !== data.look.least || data.look.edges !== MAX_EDGES) events.onView({ least, edges: MAX_EDGES });
  };

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
    drawAxis(axis, extent.other);
    const names = drawRuns(axis, table, extent.other, width, isNarrow);
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
    drawHandles(axis, shown, isStill);
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

  const drawAxis = ({ x, ticks: values }: Axis, other: number) => {
    const tick = axisPlace
      .selectAll<SVGGElement, number>("g.tick")
      // Where a run has its mark, it has its number too.
      .data(values.filter((value) => value === other || value === 0 || Math.abs(x(value) - x(other)) > 44))
      .join((enter) => {
        const g = enter.append("g").attr("class", "tick");
        g.append("line").attr("y1", Y.bar + Y.barHeight).attr("y2", Y.bar + Y.barHeight + 5);
        g.append("text").attr("y", Y.number).attr("text-anchor", "middle");
        return g;
      })
      .attr("transform", (value) => `translate(${x(value)},0)`);
    tick.classed("zero", (value) => value === 0);
    tick.select("text").text((value) => formatTick(value));
  };

  /** Both runs, with their values where the axis does not have them. */
  const drawRuns = ({ x, hasOther, high, ticks: values }: Axis, table: Table, difference: number, width: number, isNarrow: boolean) => {
    const { metric, direction } = table;
    const { base, other } = runsOf(table);
    const counted = unitOf(table);
    const unit = counted && !isNarrow ? ` ${counted}` : "";
    const isOwn = hasBaselines(table) && metric !== "normalized-logit-diff";
    const named = (run: string, value: number, more = "") => `${run} run${isOwn ? ` ${formatValue(value, noiseOf(table))}${more}` : ""}`;
    const isSame = hasBaselines(table) && Math.abs(difference) <= noiseOf(table);
    const hasTick = values.includes(difference);
    const first = isSame ? `both runs ${formatValue(base)}${unit}` : named(baseRun(direction), base, unit);
    const away = difference > 0 ? "→" : "←";
    const second = hasOther
      ? { at: x(difference), text: named(otherRun(direction), other) }
      : { at: difference > 0 ? x(high) : 0, text: difference > 0 ? `${named(otherRun(direction), other)} ${away}` : `${away} ${named(otherRun(direction), other)}` };
    const placed = [{ at: x(0), text: first, name: "base" }, ...(isSame || !hasBaselines(table) ? [] : [{ ...second, name: "other" }])];
    const spans = spansApart(placed, width);
    runs
      .selectAll("text")
      .data(placed)
      .join("text")
      .attr("class", ({ name }) => name)
      .attr("y", Y.name)
      .attr("text-anchor", "middle")
      .attr("x", (_, i) => (spans[i]!.from + spans[i]!.to) / 2)
      .text(({ text }) => text);
    const mark = hasOther && difference !== 0 && !isSame ? [difference] : [];
    runs
      .selectAll("line")
      .data(mark)
      .join("line")
      .attr("class", "other-mark")
      .attr("y1", Y.tick)
      .attr("y2", Y.bar + Y.barHeight + 5)
      .attr("x1", (effect) => x(effect))
      .attr("x2", (effect) => x(effect));
    const number = mark.length > 0 && !hasTick ? [difference] : [];
    runs
      .selectAll("text.number")
      .data(number)
      .join("text")
      .attr("class", "number")
      .attr("y", Y.number)
      .attr("x", (effect) => x(effect))
      .attr("text-anchor", "middle")
      .text((effect) => formatEffect(effect));
    return spans;
  };

  const drawHandles = ({ x, low, high }: Axis, shown: Shown, isStill: boolean) => {
    const { least } = shown;
    const endOf = (side: 1 | -1) => (side > 0 ? high : -low);
    const sides = isStill ? [] : ([1, -1] as const).filter((side) => endOf(side) >= least && endOf(side) * STUB > high - low);
    // The one at the right is the slider; where effects go down alone it is the other.
    const slider = sides[0];
    const handle = handles
      .selectAll<SVGGElement, 1 | -1>("g.handle")
      .data(sides, (side) => side)
      .join((enter) => {
        const g = enter.append("g").attr("class", "handle");
        g.append("rect").attr("x", -12).attr("y", Y.tick - 4).attr("width", 24).attr("height", Y.handle - Y.tick + 12);
        g.append("line").attr("y1", Y.tick - 2).attr("y2", Y.handle);
        g.append("circle").attr("cy", Y.handle).attr("r", 5);
        return g;
      })
      .attr("transform", (side) => `translate(${x(side * least)},0)`);
    handle.each(function (side) {
      const attributes: Record<string, string> = {
        role: "slider",
        tabindex: "0",
        "aria-label": "Least effect shown",
        "aria-valuemin": "0",
        "aria-valuemax": String(now?.reach ?? 0),
        "aria-valuenow": String(least),
        "aria-valuetext": data ? shownWords(data.table, shown) : "",
      };
      for (const [name, value] of Object.entries(attributes)) {
        if (side === slider) this.setAttribute(name, value);
        else this.removeAttribute(name);
      }
      if (side !== slider) this.setAttribute("aria-hidden", "true");
      else this.removeAttribute("aria-hidden");
    });
    handle
      .on("pointerdown", function (event: PointerEvent) {
        isDragging = true;
        this.setPointerCapture(event.pointerId);
        tip.hide();
      })
      .on("pointermove", (event: PointerEvent) => {
        if (!isDragging || !now) return;
        event.stopPropagation();
        const at = event.clientX - (svg.node()?.getBoundingClientRect().left ?? 0);
        setLeast(Math.abs(now.axis.effect(at)));
      })
      .on("pointerup pointercancel", () => {
        isDragging = false;
      })
      .on("keydown", (event: KeyboardEvent) => {
        const next = now && leastAfter(event.key, now.shown.least, now.noise, now.reach);
        if (next === null || next === undefined) return;
        event.preventDefault();
        setLeast(next);
      });
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
      if (isDragging || event.pointerType === "touch" || !data) return;
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

/** A side of the axis that is so much shorter than the whole has nothing to set a handle to. */
const STUB = 60;

/** The largest effects either way, and that of the other run. */
function extentOf(table: Table, noise: number) {
  const base = baseOf(table);
  const { other, base: own } = runsOf(table);
  let [down, up] = [0, 0];
  // The strongest come first: the first of either sign is the largest.
  for (const place of places(table)) {
    const effect = table.values[place]! - base;
    if (Math.abs(effect) <= noise || (down > 0 && up > 0)) break;
    if (effect > 0) up ||= effect;
    else down ||= -effect;
  }
  return { down, up, other: hasBaselines(table) ? Number((other - own).toPrecision(6)) : 0 };
}

/** Where the ticks of all edges are: those that would be drawn over each other are one. */
function placesOfTicks(table: Table, noise: number, { x }: Axis): Float64Array {
  const base = baseOf(table);
  const found = new Set<number>();
  for (const place of places(table)) {
    const effect = table.values[place]! - base;
    if (Math.abs(effect) <= noise) break;
    found.add(Math.round(2 * x(effect)) / 2);
  }
  return Float64Array.from(found);
}

/** One path for each sign, of the edges that are shown and of the others. */
function pathsOfTicks(at: Float64Array, least: number, { x }: Axis): { name: string; d: string }[] {
  const [zero, from, to] = [x(0), x(-least), x(least)];
  const path = (name: string, y: number, has: (place: number) => boolean) => ({ name, d: [...at].filter(has).map((place) => `M${place} ${y}V${Y.foot}`).join("") });
  return [
    path("down quiet", Y.quiet, (place) => place < zero && place > from + HALF_TICK),
    path("up quiet", Y.quiet, (place) => place >= zero && place < to - HALF_TICK),
    path("down", Y.tick, (place) => place <= from + HALF_TICK),
    path("up", Y.tick, (place) => place >= to - HALF_TICK),
  ];
}

/** Ticks are that far from where their edges are. */
const HALF_TICK = 0.25;

/** The least effect after a key; null for keys that a slider does not have. */
export function leastAfter(key: string, least: number, noise: number, reach: number): number | null {
  const from = Math.max(least, noise);
  const to = {
    ArrowRight: from * STEP.key,
    ArrowUp: from * STEP.key,
    ArrowLeft: from / STEP.key,
    ArrowDown: from / STEP.key,
    PageUp: from * STEP.page,
    PageDown: from / STEP.page,
    Home: noise,
    End: reach,
  }[key];
  if (to === undefined) return null;
  // Two digits can be said; a step is never lost in rounding.
  const rounded = Number(to.toPrecision(2));
  return Math.min(reach, Math.max(noise, rounded === Number(from.toPrecision(2)) ? to : rounded));
}

/** A letter is about so wide. */
const LETTER = 6.2;
/** Between two texts. */
const APART = 12;

interface Span {
  from: number;
  to: number;
}

/** Where a text of this length is, as near to a place as it fits into the picture. */
function spanOf(at: number, length: number, width: number): Span {
  const from = Math.max(2, Math.min(width - 2 - length, at - length / 2));
  return { from, to: from + length };
}

/** Where texts at one or two places are; two that would touch make room for each other. */
export function spansApart(placed: readonly { at: number; text: string }[], width: number): Span[] {
  const spans = placed.map(({ at, text }) => spanOf(at, text.length * LETTER, width));
  const [left, right] = placed.map((_, i) => i).sort((a, b) => placed[a]!.at - placed[b]!.at);
  if (left === undefined || right === undefined) return spans;
  const [a, b] = [spans[left]!, spans[right]!];
  const over = a.to + APART - b.from;
  if (over <= 0) return spans;
  const [first, second] = [a.to - a.from, b.to - b.from];
  const from = Math.max(2, Math.min(a.from - over / 2, width - 2 - first - APART - second));
  spans[left] = { from, to: from + first };
  spans[right] = { from: from + first + APART, to: from + first + APART + second };
  return spans;
}

/** The first place, from the left, where a text of this length touches none of these; null where there is none. */
export function gapFor(taken: readonly Span[], length: number, width: number): number | null {
  let from = 2;
  for (const span of [...taken].sort((a, b) => a.from - b.from)) {
    if (from + length + APART <= span.from) return from;
    from = Math.max(from, span.to + APART);
  }
  return from + length <= width ? from : null;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
