// Behind a circuit: the layers' numbers, the names of bands of layers, and what stands for a node without an edge.

import { nodeName } from "../../core/node";
import type { Band } from "../../core/props";
import { around, type Group, setBox } from "./box";
import type { Lattice, Shape, Spot } from "./place";

/** Input and logits reach over all columns. */
export const isBar = (name: string): boolean => nodeName(name).layer === null;

export function drawGround(group: Group, nodes: readonly string[], shape: Shape, lattice: Lattice, used: ReadonlySet<string>, bands: readonly Band[]): void {
  const { spots, axis, heightOf } = lattice;
  // Where rows are low, not every one has a number.
  const step = Math.ceil(13 / lattice.rise);
  const layers = Array.from({ length: Math.ceil(shape.layers / step) }, (_, i) => ({ text: String(i * step), y: heightOf(i * step) }));
  const logits = spots.get("logits");
  // A narrow drawing has room for numbers alone.
  if (logits && axis > 30) layers.push({ text: "layer", y: logits.y });
  group
    .selectAll("text.layer")
    .data(layers)
    .join("text")
    .attr("class", "layer")
    .attr("text-anchor", "end")
    .attr("x", axis)
    .attr("y", ({ y }) => y)
    .attr("dy", "0.35em")
    .text(({ text }) => text);
  // A file may call a smaller model by the name of one that has more layers.
  const there = bands.filter(({ to }) => to < shape.layers);
  drawBands(group, lattice.bands === null ? [] : there, lattice.bands ?? 0, lattice.rise, heightOf);
  drawUnused(group, nodes, lattice, used);
}

function drawBands(group: Group, bands: readonly Band[], x: number, rise: number, heightOf: (layer: number) => number): void {
  const placed = bands.map(({ from, to, text }) => ({ text, from: heightOf(from) + 0.42 * rise, to: heightOf(to) - 0.42 * rise }));
  const lines = placed.flatMap(({ text, from, to }) => {
    const fitted = linesWithin(text, from - to);
    return fitted.map((line, i) => ({ line, x: x - 11 - LEADING * (fitted.length - 1 - i), y: (from + to) / 2 }));
  });
  group
    .selectAll("path.band")
    .data(placed)
    .join("path")
    .attr("class", "band")
    .attr("d", ({ from, to }) => `M${x} ${from}H${x - 5}V${to}H${x}`);
  group
    .selectAll("text.band")
    .data(lines)
    .join("text")
    .attr("class", "band")
    .attr("text-anchor", "middle")
    .attr("transform", (line) => `translate(${line.x} ${line.y}) rotate(-90)`)
    .text(({ line }) => line);
}

/** A letter of a band's name is about so wide. */
const LETTER = 6.4;
/** From the foot of one line to the next. */
const LEADING = 12;

/** A band's name in one line or two of this length; cut where it fits neither, and none where that would say nothing. */
export function linesWithin(text: string, length: number): string[] {
  const most = Math.floor(length / LETTER);
  if (text.length <= most) return [text];
  const parts = [...text.matchAll(/[ -]/g)].map(({ index }) => [text.slice(0, index + 1).trimEnd(), text.slice(index + 1)]);
  const halves = parts.find((both) => both.every((part) => part.length <= most));
  if (halves) return halves;
  return most < 5 ? [] : [`${text.slice(0, most - 1).trimEnd()}…`];
}

/** Dots for heads, squares for MLPs: two paths, since there may be a thousand. Bars of which no edge is shown are outlines. */
function drawUnused(group: Group, nodes: readonly string[], { spots, scale }: Lattice, used: ReadonlySet<string>): void {
  const unused = nodes.filter((name) => !used.has(name));
  const radius = 2.5 * Math.min(1.1, Math.max(0.7, scale));
  const dot = ({ x, y }: Spot) => `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
  const square = ({ x, y }: Spot) => `M${x - radius} ${y - radius}h${2 * radius}v${2 * radius}h${-2 * radius}z`;
  const of = (kind: "head" | "mlp") => unused.filter((name) => nodeName(name).kind === kind).map((name) => spots.get(name)!);
  group
    .selectAll("path.dots")
    .data([of("head").map(dot).join(""), of("mlp").map(square).join("")])
    .join("path")
    .attr("class", "dots")
    .attr("d", (d) => d);
  const bars = unused.filter(isBar).map((name) => ({ name, spot: spots.get(name)! }));
  setBox(
    group.selectAll("rect.bar").data(bars).join("rect").attr("class", "bar").attr("rx", 5),
    ({ spot }) => around(spot),
  );
  group
    .selectAll("text.unused")
    .data(bars)
    .join("text")
    .attr("class", "unused")
    .attr("text-anchor", "middle")
    .attr("x", ({ spot }) => spot.x)
    .attr("y", ({ spot }) => spot.y)
    .attr("dy", "0.35em")
    .text(({ name }) => name);
}
