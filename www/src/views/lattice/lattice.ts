// The strongest edges as a circuit, every node in its place: see place.ts.
//
// Width is the size of an effect, colour its sign. An exact value is filled, an estimate an outline, or dashed where it
// is thin. Nodes without an edge are dots. Pointing at a part keeps its edges and lets the rest fade; a click on an edge
// chooses it, on a part its strongest edge. By keyboard the parts with edges are a grid: arrow keys go from one to the
// next, Enter chooses, Escape leaves. Edges are walked by the steppers above, and repeated by the table.

import { select, type Selection } from "d3-selection";
import { edgeKey, edgeLabel, headName, isAt, isSameEdge, label, nodeName, nodeOf, PORTS, shortLabel } from "../../core/node";
import type { Edge } from "../../core/table";
import type { Component, EdgeName } from "../../engine/types";
import { element } from "../../lib/dom";
import { formatEffect } from "../../lib/format";
import { between } from "../../lib/scale";
import { edgeWords, type Measured } from "../words";
import { arrow, portBox, type Route, routes } from "./paths";
import { type Lattice, place, type Shape, type Spot } from "./place";
import { neighbour, rowsOf } from "./walk";

export interface LatticeData {
  /** All nodes of the model. */
  nodes: readonly string[];
  shape: Shape;
  /** Those to show, strongest first. */
  edges: readonly Edge[];
  /** The largest effect, whose line is the widest. */
  reach: number;
  /** What effects are of. */
  measured: Measured;
  selected: EdgeName | null;
}

export interface LatticeEvents {
  onSelect: (edge: EdgeName) => void;
  onHover: (edge: EdgeName | null) => void;
  /** Escape was pressed: the focus goes elsewhere. */
  onLeave: () => void;
}

/** A node with an edge. */
interface Part {
  name: string;
  spot: Spot;
  /** Strongest first. */
  edges: Edge[];
}

/** Where there is nothing to measure, as before the page is laid out. */
const ASSUMED_WIDTH = 640;
/** How wide lines are, from no effect to the largest, in a drawing of middle size. */
const LINE = { least: 1.2, more: 10 };
/** Lines at least as wide as this have room for an outline; thinner ones are dashed. */
const OUTLINED = 2.6;
/** More edges than this are drawn fainter, so that those over each other can be told apart. */
const DENSE = 120;
/** A finger finds at least this much. */
const TARGET = 24;

type Group = Selection<SVGGElement, unknown, null, undefined>;

export function create(container: HTMLElement, events: LatticeEvents): (data: LatticeData) => void {
  const scrolls = element("div", { class: "scrolls" });
  const tip = element("div", { class: "tip", "aria-hidden": "true" });
  tip.hidden = true;
  const holder = element("div", { class: "lattice-holder" }, scrolls, tip);
  container.append(holder);
  const svg = select(scrolls).append("svg").attr("class", "circuit");
  const ground = svg.append("g").attr("aria-hidden", "true");
  const lines = svg.append("g").attr("aria-hidden", "true");
  const grid = svg.append("g").attr("role", "grid");
  grid.attr(
    "aria-label",
    "Circuit: the parts with an edge, layer by layer. Arrow keys go from part to part, Enter chooses a part’s strongest edge, Escape leaves.",
  );

  let shown: LatticeData | undefined;
  let drawn: { signature: string; lattice: Lattice; paths: Map<string, Route> } | undefined;
  let focused = "";

  const draw = () => {
    if (!shown) return;
    const { nodes, shape, edges, reach } = shown;
    const width = Math.floor(scrolls.clientWidth) || ASSUMED_WIDTH;
    // Lines stay where they are while the same edges are shown: values may change many times a second.
    const signature = [width, shape.layers, shape.heads, ...edges.map(edgeKey).sort()].join(" ");
    if (drawn?.signature !== signature) {
      const lattice = place(nodes, shape, width);
      drawn = { signature, lattice, paths: routes(edges, lattice) };
    }
    const { lattice, paths } = drawn;
    svg.attr("viewBox", `0 0 ${lattice.width} ${lattice.height}`);
    svg.classed("dense", edges.length > DENSE).style("width", `${lattice.width}px`).style("height", `${lattice.height}px`);
    const parts = partsOf(nodes, edges, lattice);
    drawGround(ground, nodes, shape, lattice, new Set(parts.map(({ name }) => name)));
    const lineWidth = between([0, reach || 1], [LINE.least, LINE.least + LINE.more * lattice.scale]);
    drawLines(edges, paths, (edge) => lineWidth(Math.abs(edge.effect)));
    drawParts(parts, lattice);
  };

  /** Keep these edges, with the nodes at their ends, and let the rest fade; all stay where there are none. */
  const light = (lit: readonly EdgeName[]) => {
    const keys = new Set(lit.map(edgeKey));
    const names = new Set(lit.flatMap(({ from, to }) => [from, nodeOf(to)]));
    svg.classed("pointed", lit.length > 0);
    lines.selectAll<SVGGElement, Edge>("g.edge").classed("on", (edge) => keys.has(edgeKey(edge)));
    grid.selectAll<SVGGElement, Part>("g.part").classed("on", ({ name }) => names.has(name));
    tip.hidden = true;
  };

  const point = (event: PointerEvent, text: string) => {
    tip.textContent = text;
    tip.hidden = false;
    const { left, top, width } = holder.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    tip.style.left = `${Math.max(0, Math.min(x + 14, width - tip.offsetWidth))}px`;
    tip.style.top = `${y - tip.offsetHeight - 12}px`;
  };

  const leave = () => {
    light([]);
    events.onHover(null);
  };

  const drawLines = (edges: readonly Edge[], paths: Map<string, Route>, widthOf: (edge: Edge) => number) => {
    const selected = shown?.selected ?? null;
    const line = lines
      .selectAll<SVGGElement, Edge>("g.edge")
      // The strongest are drawn over the others, and the chosen one over all.
      .data(edges.toReversed().sort((a, b) => Number(isSameEdge(a, selected)) - Number(isSameEdge(b, selected))), edgeKey)
      .join((enter) => {
        const g = enter.append("g");
        for (const name of ["halo", "line", "hollow", "arrow", "reach"]) g.append("path").attr("class", name);
        return g;
      })
      .order()
      .attr("data-edge", edgeKey)
      .each(function (edge) {
        const { classList } = this;
        classList.add("edge");
        classList.toggle("down", edge.effect < 0);
        classList.toggle("selected", isSameEdge(edge, selected));
        // What feeds the chosen edge, and what it feeds, stays strong.
        classList.toggle("near", selected !== null && (nodeOf(edge.to) === selected.from || nodeOf(selected.to) === edge.from));
        classList.toggle("dashed", !edge.isExact && widthOf(edge) < OUTLINED);
      })
      .on("pointerenter", (event: PointerEvent, edge) => {
        light([edge]);
        point(event, tipOf(edge));
        events.onHover(edge);
      })
      .on("pointermove", (event: PointerEvent, edge) => point(event, tipOf(edge)))
      .on("pointerleave", leave)
      .on("click", (_, edge) => events.onSelect(edge));
    const routeOf = (edge: Edge) => paths.get(edgeKey(edge))!;
    for (const name of ["halo", "line", "hollow", "reach"]) line.select(`path.${name}`).attr("d", (edge) => routeOf(edge).d);
    line.select("path.halo").attr("stroke-width", (edge) => widthOf(edge) + 9);
    line.select("path.line").attr("stroke-width", widthOf);
    line
      .select("path.hollow")
      .attr("stroke-width", (edge) => Math.max(0, widthOf(edge) - 1.8))
      .attr("visibility", (edge) => (edge.isExact || widthOf(edge) < OUTLINED ? "hidden" : null));
    line.select("path.arrow").attr("d", (edge) => arrow(routeOf(edge).tip, widthOf(edge)));
  };

  const drawParts = (parts: Part[], lattice: Lattice) => {
    if (!shown) return;
    const { selected, measured } = shown;
    const root = container.getRootNode() as Document | ShadowRoot;
    const hadFocus = grid.node()?.contains(root.activeElement) ?? false;
    const rows = rowsOf(parts);
    // Until the reader has moved, the keyboard enters at the chosen edge, or at the strongest.
    const wanted = [focused, selected?.from, shown.edges[0]?.from];
    const entry = wanted.map((name) => parts.find((part) => part.name === name)).find(Boolean);
    const part = grid
      .selectAll<SVGGElement, Part[]>("g.row")
      .data(rows, ([first]) => rowLabel(first!.name))
      .join((enter) => enter.append("g").attr("class", "row").attr("role", "row"))
      .attr("aria-label", ([first]) => rowLabel(first!.name))
      .selectAll<SVGGElement, Part>("g.part")
      .data((row) => row, ({ name }) => name)
      .join((enter) => {
        const g = enter.append("g").attr("role", "gridcell");
        for (const name of ["mask", "box"]) g.append("rect").attr("class", name);
        g.append("text").attr("class", "name").attr("dy", "0.36em");
        g.append("g").attr("class", "ports");
        g.append("rect").attr("class", "target");
        return g;
      })
      .attr("data-node", ({ name }) => name)
      .each(function ({ name }) {
        this.classList.add("part", nodeName(name).kind);
        this.classList.toggle("selected", selected !== null && isAt(selected, name));
      })
      .attr("aria-label", (p) => describe(p, measured))
      .attr("aria-selected", ({ name }) => selected !== null && isAt(selected, name))
      .attr("tabindex", (p) => (p === entry ? 0 : -1))
      .on("pointerenter", (event: PointerEvent, p) => {
        light(p.edges);
        point(event, summary(p));
      })
      .on("pointermove", (event: PointerEvent, p) => point(event, summary(p)))
      .on("focus", (_, p) => {
        light(p.edges);
        events.onHover(p.edges[0]!);
      })
      .on("pointerleave blur", leave)
      .on("click", (_, p) => {
        focused = p.name;
        events.onSelect(p.edges[0]!);
      })
      .on("keydown", (event: KeyboardEvent, p) => {
        const next = neighbour(rows, p, event.key);
        if (next) focusOn(next.name);
        else if (event.key === "Enter" || event.key === " ") events.onSelect(p.edges[0]!);
        else if (event.key === "Escape") events.onLeave();
        else return;
        event.preventDefault();
      });
    const focusOn = (name: string) => {
      focused = name;
      part.attr("tabindex", (p) => (p.name === focused ? 0 : -1));
      part.filter((p) => p.name === focused).node()?.focus();
    };

    setBox(part.select("rect.mask").attr("rx", 6), ({ spot }) => around(spot, 4));
    const corner = ({ name }: Part) => (nodeName(name).kind === "mlp" ? 1 : 5);
    setBox(part.select("rect.box").attr("rx", corner), ({ spot }) => around(spot, 0));
    setBox(part.select("rect.target"), ({ spot }) => {
      const width = Math.max(spot.width, Math.min(TARGET, lattice.pitch));
      return around({ ...spot, width, height: Math.max(spot.height, Math.min(TARGET, lattice.rise)) }, 0);
    });
    part
      .select("text.name")
      .attr("x", ({ spot }) => spot.x)
      .attr("y", ({ spot }) => spot.y)
      .style("font-size", `${fontSize(lattice)}px`)
      .text(({ name }) => caption(name, lattice));
    const port = part
      .select<SVGGElement>("g.ports")
      .selectAll<SVGGElement, Port>("g")
      .data(usedPorts)
      .join((enter) => {
        const g = enter.append("g");
        g.append("rect").attr("rx", 2);
        g.append("text").attr("dy", "0.34em");
        return g;
      })
      .attr("class", ({ effect }) => (effect < 0 ? "port down" : "port"));
    const boxOf = ({ spot, port: name }: Port) => portBox(spot, name, lattice);
    setBox(port.select("rect"), boxOf);
    port
      .select("text")
      .attr("x", (p) => boxOf(p).x + boxOf(p).width / 2)
      .attr("y", (p) => boxOf(p).y + boxOf(p).height / 2)
      .style("font-size", `${clamp(10.5 * lattice.scale, 9, 13)}px`)
      .attr("visibility", ({ spot }) => (spot.width < LETTERED ? "hidden" : null))
      .text(({ port: name }) => name);

    // What had the focus may be no part of the circuit any more, or may have been moved in the drawing.
    if (hadFocus && !grid.node()?.contains(root.activeElement) && entry) focusOn(entry.name);
  };

  new ResizeObserver(draw).observe(scrolls);
  return (data) => {
    shown = data;
    draw();
  };
}

/** Narrower heads have no room for the letters of their ports. */
const LETTERED = 22;

/** The nodes that have an edge. */
function partsOf(nodes: readonly string[], edges: readonly Edge[], { spots }: Lattice): Part[] {
  const found = new Map<string, Edge[]>();
  for (const edge of edges) {
    for (const name of [edge.from, nodeOf(edge.to)]) {
      const own = found.get(name);
      if (own) own.push(edge);
      else found.set(name, [edge]);
    }
  }
  return nodes.flatMap((name) => {
    const own = found.get(name);
    return own ? [{ name, spot: spots.get(name)!, edges: own }] : [];
  });
}

interface Port {
  port: Component;
  spot: Spot;
  /** That of its strongest edge, which gives it its colour. */
  effect: number;
}

/** The ports of a head that are used. */
function usedPorts({ name, spot, edges }: Part): Port[] {
  return PORTS.flatMap((port) => {
    const strongest = edges.find(({ to }) => nodeOf(to) === name && nodeName(to).port === port);
    return strongest ? [{ port, spot, effect: strongest.effect }] : [];
  });
}

/** Behind the circuit: the layers' numbers, and what stands for a node without an edge. */
function drawGround(ground: Group, nodes: readonly string[], shape: Shape, lattice: Lattice, used: ReadonlySet<string>): void {
  const { spots, axis, scale } = lattice;
  const layers = Array.from({ length: shape.layers }, (_, layer) => ({ text: String(layer), spot: spots.get(headName(layer, 0))! }));
  ground
    .selectAll("text.layer")
    .data(layers)
    .join("text")
    .attr("class", "layer")
    .attr("text-anchor", "end")
    .attr("x", axis)
    .attr("y", ({ spot }) => spot.y)
    .attr("dy", "0.35em")
    .text(({ text }) => text);
  ground
    .selectAll("text.unused")
    .data(nodes.filter((name) => isBar(name) && !used.has(name)))
    .join("text")
    .attr("class", "unused")
    .attr("text-anchor", "middle")
    .attr("x", (name) => spots.get(name)!.x)
    .attr("y", (name) => spots.get(name)!.y)
    .attr("dy", "0.35em")
    .text((name) => name);
  const size = 5 * clamp(scale, 0.8, 1.1);
  const unused = ground
    .selectAll<SVGRectElement, string>("rect")
    .data(
      nodes.filter((name) => !used.has(name)),
      (name) => name,
    )
    .join("rect")
    .attr("class", (name) => (isBar(name) ? "bar" : "dot"))
    .attr("rx", (name) => (isBar(name) ? 5 : nodeName(name).kind === "mlp" ? 0 : size / 2));
  setBox(unused, (name) => {
    const spot = spots.get(name)!;
    return around(isBar(name) ? spot : { ...spot, width: size, height: size }, 0);
  });
}

/** Input and logits reach over all columns. */
const isBar = (name: string): boolean => nodeName(name).layer === null;

function rowLabel(name: string): string {
  const { layer } = nodeName(name);
  return layer === null ? name : `layer ${layer}`;
}

/** What stands in a node's box: in narrow columns a head's number alone, its layer stands at the left. */
function caption(name: string, { hasLayer }: Lattice): string {
  const { kind, layer, head } = nodeName(name);
  if (kind === "mlp") return `m${layer}`;
  if (kind === "input") return "input · token embedding";
  return kind === "head" && !hasLayer ? String(head) : shortLabel(name);
}

const fontSize = ({ hasLayer, pitch, scale }: Lattice): number => (hasLayer ? clamp(12.5 * scale, 11, 14) : clamp(pitch * 0.55, 9, 12));

/** A part with its edges, for a reader who does not see them. */
function describe(part: Part, measured: Measured): string {
  const [strongest] = part.edges;
  return `${summary(part)}. Strongest: ${edgeLabel(strongest!)}, ${edgeWords(strongest!, measured)}`;
}

function summary({ name, edges }: Part): string {
  const writes = edges.filter(({ from }) => from === name).length;
  const reads = edges.length - writes;
  const counts = [reads && `reads ${reads}`, writes && `writes ${writes}`].filter(Boolean).join(", ");
  return `${label(name)}: ${counts}`;
}

const tipOf = (edge: Edge): string => `${edgeLabel(edge)}: ${formatEffect(edge.effect)}${edge.isExact ? "" : ", an estimate"}`;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A box around a spot, so much wider and higher. */
const around = ({ x, y, width, height }: Spot, more: number): Box => ({
  x: x - (width + more) / 2,
  y: y - (height + more) / 2,
  width: width + more,
  height: height + more,
});

/** What d3 selects, as far as a box needs it. */
interface HasAttributes<Datum> {
  attr: (name: string, value: (datum: Datum) => number) => unknown;
}

function setBox<Datum>(selection: HasAttributes<Datum>, boxOf: (datum: Datum) => Box): void {
  for (const name of ["x", "y", "width", "height"] as const) selection.attr(name, (datum) => boxOf(datum)[name]);
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
