// The lines of the lattice: an edge leaves its sender's top and enters its receiver at the foot, a head at the port
// of the input that it is read by (query left, key in the middle, value right).

import { edgeKey, nodeName, nodeOf } from "../../core/node";
import type { Component, EdgeName } from "../../engine/types";
import { type Lane, lanesOf, type LaneRequest } from "./lanes";
import type { Lattice, Point, Spot } from "./place";

export interface Route {
  /** The path of an SVG. */
  d: string;
  /** Where the arrow's tip is; it points straight up. */
  tip: Point;
}

/** A line ends this far below the arrow's tip, within the arrow. */
const WITHIN_ARROW = 4;
/** Two lines in one gap are this far apart where there is room. */
const TRACK = 9;
/** How far from the end of a lane its line has come to its node, in rows. */
const TURN = { logits: 0.95, input: 0.8, past: 0.6 };

/** The line of each edge, by its key; those that come first have the first choice of a lane. */
export function routes(edges: readonly EdgeName[], lattice: Lattice): Map<string, Route> {
  const lanes = lanesOf(edges.flatMap((edge) => requestOf(edge, lattice)));
  return new Map(edges.map((edge) => [edgeKey(edge), routeOf(edge, lattice, lanes.get(edgeKey(edge)))]));
}

/** Where an edge begins and ends. The bars of input and logits are met above, or below, the other end. */
function endsOf({ from, to }: EdgeName, { spots, port, tuck }: Lattice): { start: Point; end: Point } {
  const [source, target] = [spots.get(from)!, spots.get(nodeOf(to))!];
  const { port: name } = nodeName(to);
  const step = { q: -target.width / 3, k: 0, v: target.width / 3 };
  const foot = target.y + target.height / 2;
  const end = { x: target.x + (name ? step[name] : 0), y: name ? foot + port - tuck : foot + 1 };
  const start = { x: source.x, y: source.y - source.height / 2 };
  if (to === "logits") end.x = start.x;
  if (from === "input") start.x = end.x;
  return { start, end };
}

/** Whether an edge of a bar has nothing between its two ends: a node of the last layer, or one of the first. */
function isBeside({ from, to }: EdgeName, { layers }: Lattice): boolean {
  return from === "input" ? nodeName(to).layer === 0 : nodeName(from).layer === layers - 1;
}

/** From one MLP to another, past those between. */
function isPastMlps({ from, to }: EdgeName): boolean {
  const [source, target] = [nodeName(from), nodeName(to)];
  return source.kind === "mlp" && target.kind === "mlp" && target.layer! - source.layer! > 1;
}

/** The lane that an edge of a bar needs, and one past other MLPs; none for the others. */
function requestOf(edge: EdgeName, lattice: Lattice): LaneRequest[] {
  const { from, to } = edge;
  const { start, end } = endsOf(edge, lattice);
  if (isPastMlps(edge)) return [{ key: edgeKey(edge), gaps: [lattice.gaps.length - 1, lattice.gaps.length - 2], span: [start.y, end.y] }];
  if ((from !== "input" && to !== "logits") || isBeside(edge, lattice)) return [];
  const node = from === "input" ? nodeOf(to) : from;
  // Beside all columns.
  if (node === "logits") return [{ key: edgeKey(edge), gaps: [lattice.gaps.length - 1], span: [start.y, end.y] }];
  const spot = lattice.spots.get(node)!;
  const after = lattice.gaps.findIndex(({ x }) => x > spot.x);
  // Heads turn outward, away from most other lines. An MLP is reached on its left, and left on its right.
  const isMlp = nodeName(node).kind === "mlp";
  const isLeft = isMlp ? from === "input" : spot.x < lattice.middle;
  const gaps = isLeft ? [after - 1, after] : [after, after - 1];
  return [{ key: edgeKey(edge), gaps, span: [start.y, end.y] }];
}

function routeOf(edge: EdgeName, lattice: Lattice, lane: Lane | undefined): Route {
  const { start, end } = endsOf(edge, lattice);
  const { rise } = lattice;
  if (lane) {
    const x = laneX(lane, lattice);
    if (isPastMlps(edge)) return { d: alongLane(start, end, x, rise), tip: end };
    if (edge.from === "input") start.x = x;
    if (edge.to === "logits") end.x = x;
    if (edge.from === "input" && edge.to === "logits") return { d: path(start, upTo(end)), tip: end };
    if (edge.to === "logits") return { d: intoLane(start, end, rise), tip: end };
    return { d: outOfLane(start, end, rise), tip: end };
  }
  if (start.x === end.x && (edge.from === "input" || edge.to === "logits")) return { d: path(start, upTo(end)), tip: end };
  if (isWithinLayer(edge)) return { d: alongRow(start, end, lattice.gapAbove), tip: end };
  return { d: curve(start, end, lattice), tip: end };
}

function laneX({ gap, track, tracks }: Lane, { gaps, scale }: Lattice): number {
  const { x, width } = gaps[gap]!;
  const step = Math.min(TRACK * scale, width / tracks);
  return x + (track - (tracks - 1) / 2) * step;
}

const upTo = ({ x, y }: Point): Point => ({ x, y: y + WITHIN_ARROW });

const path = (a: Point, b: Point): string => `M${text(a)}L${text(b)}`;

/** From a node into its lane, and up to the logits. */
function intoLane(start: Point, end: Point, rise: number): string {
  const turn = Math.max(start.y - rise * TURN.logits, end.y + 8);
  const half = (start.y + turn) / 2;
  return `M${text(start)}C${text({ x: start.x, y: half })} ${text({ x: end.x, y: half })} ${text({ x: end.x, y: turn })}V${round(end.y + WITHIN_ARROW)}`;
}

/** Up from the input along a lane, and over to a node's foot. */
function outOfLane(start: Point, end: Point, rise: number): string {
  const turn = Math.min(start.y, end.y + rise * TURN.input);
  const bend = (turn - end.y) / 2;
  return `M${text(start)}V${round(turn)}C${text({ x: start.x, y: turn - bend })} ${text({ x: end.x, y: end.y + bend })} ${text(upTo(end))}`;
}

/** From an MLP's top out into its lane, up along it, and in to another one's foot. */
function alongLane(start: Point, end: Point, x: number, rise: number): string {
  const turn = Math.min(rise * TURN.past, (start.y - end.y) / 2);
  const [out, back] = [start.y - turn, end.y + turn];
  const half = turn / 2;
  const leave = `C${text({ x: start.x, y: start.y - half })} ${text({ x, y: out + half })} ${text({ x, y: out })}`;
  return `M${text(start)}${leave}V${round(back)}C${text({ x, y: back - half })} ${text({ x: end.x, y: end.y + half })} ${text(upTo(end))}`;
}

/** From a head to the MLP of its own layer. */
function isWithinLayer({ from, to }: EdgeName): boolean {
  const [source, target] = [nodeName(from), nodeName(to)];
  return target.kind === "mlp" && source.kind === "head" && source.layer === target.layer;
}

/** In the middle of the gap above the heads between, so that the line is not taken for theirs; where rows are low, into the MLP's side. */
function alongRow(start: Point, end: Point, gapAbove: number): string {
  const level = Math.min(end.y + WITHIN_ARROW + 2, start.y - Math.max(3, gapAbove / 2));
  const turn = Math.min(14, (end.x - start.x) / 2);
  return `M${text(start)}Q${text({ x: start.x, y: level })} ${text({ x: start.x + turn, y: level })}H${round(end.x - turn)}Q${text({ x: end.x, y: level })} ${text(upTo(end))}`;
}

/** A free line: it leaves upward and arrives upward, and swings out where it would cross its own column. */
function curve(start: Point, end: Point, { pitch, rise, gaps, middle }: Lattice): string {
  const climb = start.y - end.y;
  const reach = Math.max(14, climb * 0.48);
  const isOwnColumn = Math.abs(start.x - end.x) < pitch * 0.4 && climb > rise * 0.9;
  // Into the gap beside it, heads outward and MLPs to the right. A curve comes three quarters as far as it is pulled.
  const isLeft = start.x < middle;
  const beside = isLeft ? gaps.findLast(({ x }) => x < start.x) : gaps.find(({ x }) => x > start.x);
  const swing = isOwnColumn && beside ? (beside.x - start.x) / 0.75 : 0;
  const [a, b] = [
    { x: start.x + swing, y: start.y - reach },
    { x: end.x + swing, y: end.y + reach + WITHIN_ARROW },
  ];
  return `M${text(start)}C${text(a)} ${text(b)} ${text(upTo(end))}`;
}

/** An arrow with its tip at a point, for a line of this width. */
export function arrow({ x, y }: Point, width: number): string {
  const half = Math.max(3.2, width / 2 + 2);
  return `M${round(x - half)} ${round(y + half * 1.35)}L${round(x)} ${round(y)}L${round(x + half)} ${round(y + half * 1.35)}Z`;
}

/** The boxes of a head's ports, left to right. */
export function portBox({ x, y, width, height }: Spot, port: Component, lattice: Lattice) {
  const third = width / 3;
  const left = x - width / 2 + { q: 0, k: third, v: 2 * third }[port];
  return { x: left + 0.5, y: y + height / 2 - lattice.tuck, width: third - 1, height: lattice.port };
}

const text = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;

const round = (value: number): number => Math.round(value * 10) / 10;
