// Where the nodes of the lattice stand: a column per head and a row per layer, layers upward, the MLPs in a column
// of their own half a row higher (they read after their layer's heads), the input below and the logits above.
//
// A node has the same place in every circuit of a model, so that a circuit is a shape that one recognises.

import { nodeName } from "../../core/node";

export interface Point {
  x: number;
  y: number;
}

/** A node's box, by its middle. */
export interface Spot extends Point {
  width: number;
  height: number;
}

export interface Shape {
  layers: number;
  heads: number;
}

export interface Lattice {
  width: number;
  height: number;
  /** From one column of heads to the next, and from one layer to the next. */
  pitch: number;
  rise: number;
  /** How large nodes, ports, lines and letters are, beside those of a drawing of middle size. */
  scale: number;
  /** Halfway between the left and the right. */
  middle: number;
  /** By node name. */
  spots: Map<string, Spot>;
  /** The height of a head's ports, below its box. */
  port: number;
  /** How far ports reach up into the box. */
  tuck: number;
  /** Whether a head's label has room for its layer. */
  hasLayer: boolean;
  /** Left of the head columns, the layers' numbers end here. */
  axis: number;
  /** Before each column of heads, before that of the MLPs, and after it: the middle, and how wide it is between boxes. */
  gaps: { x: number; width: number }[];
}

/** From here on down the drawing is one for a narrow screen. */
const NARROW = 560;
/** With few heads there is room for large ones. */
const FEW = 6;
const PITCH = { least: 15, most: 150 };
/** Columns narrower than this show a head's number alone. */
const LAYER_PITCH = 34;
const BAR = 24;
/** The gap on the left of all columns, which the bars reach over. */
const OUTER = 12;

/** The places of all nodes of a model, in a drawing of the width that is available. */
export function place(nodes: readonly string[], { layers, heads }: Shape, available: number): Lattice {
  const isNarrow = available < NARROW;
  const isFew = layers <= FEW && heads <= FEW;
  const scale = isNarrow ? (isFew ? 0.9 : 0.68) : isFew ? 1.15 : 0.9;
  const mlpWidth = isNarrow ? 25 : 34 * scale;
  // Left of the columns the layers' numbers and a gap; right of them a gap, the MLPs and another gap.
  const side = isNarrow ? { numbers: 18, beforeMlp: 9, afterMlp: 11 } : { numbers: 26, beforeMlp: 24, afterMlp: 22 };
  const [before, after] = [side.numbers + OUTER, side.beforeMlp + mlpWidth + side.afterMlp + 1];
  const pitch = within((available - before - after) / heads, PITCH.least, PITCH.most);
  const columns = pitch * heads;
  const width = Math.max(available, before + columns + after);
  const left = before + (width - before - columns - after) / 2;
  const rise = isNarrow ? within(336 / layers, 27, 84) : within(560 / layers, 36, 104);
  const box = { width: Math.min(pitch - 3, 42 * scale), height: 19 * scale };
  const port = 12 * scale;
  const [top, bottom] = [BAR + 14, BAR + 14 + port];
  const height = top + layers * rise + bottom;
  const rowOf = (layer: number) => height - bottom - rise * (layer + 0.5) + rise * 0.1;
  const mlp = { x: left + columns + side.beforeMlp + mlpWidth / 2, width: mlpWidth };
  const bars = { from: left - OUTER / 2, to: mlp.x + mlpWidth / 2 + side.afterMlp };
  const bar = (y: number): Spot => ({ x: (bars.from + bars.to) / 2, y, width: bars.to - bars.from, height: BAR });
  const spotOf = (node: string): Spot => {
    const { kind, layer, head } = nodeName(node);
    if (kind === "input") return bar(height - BAR / 2 - 1);
    if (kind === "logits") return bar(BAR / 2 + 1);
    if (kind === "mlp") return { ...mlp, y: rowOf(layer!) - rise * 0.4, height: box.height };
    return { x: left + pitch * (head! + 0.5), y: rowOf(layer!), ...box };
  };
  const between = Array.from({ length: heads }, (_, i) => ({
    x: left + pitch * i,
    // The first has the layers' numbers on its other side.
    width: i === 0 ? OUTER : Math.max(4, pitch - box.width),
  }));
  const gap = (from: number, to: number) => ({ x: (from + to) / 2, width: to - from });
  const beforeMlp = gap(left + columns - (pitch - box.width) / 2, mlp.x - mlpWidth / 2);
  return {
    width,
    height,
    pitch,
    rise,
    scale,
    middle: (bars.from + bars.to) / 2,
    spots: new Map(nodes.map((node) => [node, spotOf(node)])),
    port,
    tuck: pitch < LAYER_PITCH ? 0 : 2.5 * scale,
    hasLayer: pitch >= LAYER_PITCH,
    axis: bars.from - 6,
    gaps: [...between, beforeMlp, gap(mlp.x + mlpWidth / 2, bars.to)],
  };
}

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
