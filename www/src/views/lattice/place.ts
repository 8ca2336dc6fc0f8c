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

/** What there is to draw in. */
export interface Room {
  width: number;
  /** Null where it is as high as its layers need. */
  height: number | null;
  /** Whether rows have names at the left. */
  hasBands?: boolean;
}

export interface Lattice {
  width: number;
  height: number;
  layers: number;
  /** From one column of heads to the next, and from one layer to the next. */
  pitch: number;
  rise: number;
  /** How large nodes, ports and lines are, beside those of a drawing of middle size. */
  scale: number;
  /** Letters of names, and of ports; 0 where ports have no room for one. */
  font: number;
  portFont: number;
  /** Halfway between the left and the right. */
  middle: number;
  /** By node name. */
  spots: Map<string, Spot>;
  /** The height of a layer's heads, whether or not there are any. */
  heightOf: (layer: number) => number;
  /** The height of a head's ports, below its box. */
  port: number;
  /** How far ports reach up into the box. */
  tuck: number;
  /** Between a row's boxes and the ports of the row above. */
  gapAbove: number;
  /** Whether a head's label has room for its layer. */
  hasLayer: boolean;
  /** Left of the head columns, the layers' numbers end here. */
  axis: number;
  /** Left of those, the brackets of bands stand here; null where there is no room. */
  bands: number | null;
  /** Before each column of heads, before that of the MLPs, and after it: the middle, and how wide it is between boxes. */
  gaps: { x: number; width: number }[];
}

/** From here on down the drawing is one for a narrow screen. */
const NARROW = 560;
/** From here on up there is room for larger letters. */
const WIDE = 1100;
/** With few heads there is room for large ones. */
const FEW = 6;
const PITCH = { least: 15, few: 320, most: 150 };
const RISE = { least: 15, most: 280 };
const SCALE = { least: 0.6, most: 1.5 };
const SCALE_OF_FEW = { least: 0.95, most: 2 };
/** A drawing of middle size: its columns and rows are so far apart; few of them stand in more room. */
const MIDDLE = { pitch: 62, rise: 40 };
const MIDDLE_OF_FEW = { pitch: 155, rise: 130 };
/** Columns narrower than this show a head's number alone. */
const LAYER_PITCH = 34;
const BAR = 24;
const BESIDE_BAR = 14;
/** The gap on the left of all columns, which the bars reach over. */
const OUTER = 12;
const BANDS = 34;
/** Narrower drawings, as on a phone, have no brackets. */
const BRACKETED = 400;
/** A letter's width, beside its height. */
const LETTER = 0.62;

/** The places of all nodes of a model. */
export function place(nodes: readonly string[], shape: Shape, { width: available, height: wanted, hasBands = false }: Room): Lattice {
  const { layers, heads } = shape;
  const isNarrow = available < NARROW;
  const isFew = layers <= FEW && heads <= FEW;
  const hasMlps = nodes.some((node) => nodeName(node).kind === "mlp");
  // Left of the columns the layers' numbers and a gap; right of them a gap, the MLPs and another gap.
  const side = isNarrow ? { numbers: 18, beforeMlp: 10, afterMlp: 14 } : { numbers: 34, beforeMlp: 32, afterMlp: 40 };
  const mlpRoom = !hasMlps ? 0 : isNarrow ? 25 : available < WIDE ? 36 : 52;
  const after = hasMlps ? side.beforeMlp + mlpRoom + side.afterMlp + 1 : OUTER;
  // In a narrow drawing brackets are there only where every head's label keeps its layer beside them.
  const fit = !isNarrow || (available >= BRACKETED && (available - BANDS - side.numbers - OUTER - after) / heads >= LAYER_PITCH);
  const bands = hasBands && fit ? BANDS : 0;
  const before = bands + side.numbers + OUTER;
  const pitch = within((available - before - after) / heads, PITCH.least, isFew ? PITCH.few : PITCH.most);
  const columns = pitch * heads;
  const width = Math.max(available, before + columns + after);
  const left = before + (width - before - columns - after) / 2;

  const ends = 2 * (BAR + BESIDE_BAR);
  // Rows beside a bracket leave its words room.
  const own = isNarrow ? within(336 / layers, 27, bands > 0 ? 84 : 64) : within(560 / layers, 36, 104);
  const rise = wanted === null ? own : within((wanted - ends - 8) / layers, RISE.least, RISE.most);
  const [middle, limits] = isFew ? [MIDDLE_OF_FEW, SCALE_OF_FEW] : [MIDDLE, SCALE];
  const scale = within(Math.min(pitch / middle.pitch, rise / middle.rise), limits.least, limits.most);
  const hasLayer = pitch >= LAYER_PITCH;
  const letters = (count: number) => (hasLayer ? String(layers - 1).length : 0) + String(heads - 1).length + count;
  const font = Math.min(hasLayer ? within(12.5 * scale, 10, 20) : within(pitch * 0.55, 9, 12), rise - 5.5);
  const box = {
    width: Math.min(pitch - (isNarrow ? 3 : 5), Math.max(42 * scale, font * LETTER * letters(hasLayer ? 0.5 : 0) + 8)),
    height: Math.min(Math.max(19 * scale, font + 3), rise - 4.5),
  };
  const tuck = hasLayer ? Math.min(2.5 * scale, box.height / 8) : 0;
  const port = Math.min(12 * scale, rise - box.height + tuck - 1);
  const [top, bottom] = [BAR + BESIDE_BAR, BAR + BESIDE_BAR + Math.min(port, 8)];
  const height = top + layers * rise + bottom;
  const rowOf = (layer: number) => height - bottom - rise * (layer + 0.5) + rise * 0.1;
  const mlp = {
    x: left + columns + side.beforeMlp + mlpRoom / 2,
    width: Math.min(mlpRoom, Math.max(34 * scale, font * LETTER * (String(layers - 1).length + 1.3) + 6)),
  };
  const bars = { from: left - OUTER / 2, to: hasMlps ? mlp.x + mlpRoom / 2 + side.afterMlp : left + columns + OUTER / 2 };
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
  const lastHead = left + columns - (pitch - box.width) / 2;
  const afterHeads = hasMlps
    ? [gap(lastHead, mlp.x - mlp.width / 2), gap(mlp.x + mlp.width / 2, bars.to - CORNER)]
    : [gap(lastHead, bars.to)];
  return {
    width,
    height,
    layers,
    pitch,
    rise,
    scale,
    font,
    portFont: box.width >= LETTERED.width && port >= LETTERED.height ? within(10.5 * scale, 8, 16) : 0,
    middle: (bars.from + bars.to) / 2,
    spots: new Map(nodes.map((node) => [node, spotOf(node)])),
    heightOf: rowOf,
    port,
    tuck,
    gapAbove: Math.min(rise - box.height - port + tuck, MOST_GAP),
    hasLayer,
    axis: bars.from - 6,
    bands: bands > 0 ? bars.from - side.numbers : null,
    gaps: [...between, ...afterHeads],
  };
}

/** A bar's corner is round: nothing ends there. */
const CORNER = 6;
/** Lines keep close to the row that they begin in. */
const MOST_GAP = 28;
/** Smaller ports have no room for a letter. */
const LETTERED = { width: 22, height: 7.5 };

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
