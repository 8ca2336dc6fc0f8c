// The nodes that have an edge: boxes with a name, and below a head the ports by which it is read.

import { edgeLabel, isAt, label, nodeName, nodeOf, PORTS, shortLabel } from "../../core/node";
import type { Edge, Table } from "../../core/table";
import type { Component, EdgeName } from "../../engine/types";
import { edgeLines, edgeWords } from "../words";
import type { TipContent } from "../tip";
import { around, type Group, setBox } from "./box";
import { isBar } from "./ground";
import type { Box } from "./nearest";
import { portBox } from "./paths";
import type { Lattice, Spot } from "./place";

/** A node with an edge. */
export interface Part {
  name: string;
  spot: Spot;
  /** Strongest first. */
  edges: Edge[];
}

/** The nodes that have an edge. */
export function partsOf(nodes: readonly string[], edges: readonly Edge[], { spots }: Lattice): Part[] {
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

/** A part with its ports, as what is pointed at. */
export function boxOf({ name, spot, edges }: Part, lattice: Lattice): Box {
  const box = around(spot);
  const isRead = edges.some(({ to }) => nodeOf(to) === name && nodeName(to).port !== null);
  return isRead ? { ...box, height: box.height + lattice.port - lattice.tuck } : box;
}

interface Port {
  port: Component;
  spot: Spot;
  /** Whether its strongest edge raises the metric, lowers it, or neither; which gives it its colour. */
  sign: "up" | "down" | "nothing";
}

/** The ports of a head that are used. */
function usedPorts({ name, spot, edges }: Part, noise: number): Port[] {
  return PORTS.flatMap((port) => {
    const strongest = edges.find(({ to }) => nodeOf(to) === name && nodeName(to).port === port);
    if (!strongest) return [];
    const sign = Math.abs(strongest.effect) <= noise ? "nothing" : strongest.effect < 0 ? "down" : "up";
    return [{ port, spot, sign }];
  });
}

export interface PartsData {
  rows: Part[][];
  lattice: Lattice;
  measured: Table;
  noise: number;
  selected: EdgeName | null;
  /** What the logits are read for. */
  compares: string | null;
  /** Where the keyboard enters; null where nothing has a place in the tab order. */
  entry: Part | null;
}

/** Draw the parts, row by row; the selection of all of them. */
export function drawParts(group: Group, { rows, lattice, measured, noise, selected, compares, entry }: PartsData) {
  const part = group
    .selectAll<SVGGElement, Part[]>("g.row")
    .data(rows, ([first]) => rowLabel(first!.name))
    .join((enter) => enter.append("g").attr("class", "row").attr("role", "row"))
    .attr("aria-label", ([first]) => rowLabel(first!.name))
    .selectAll<SVGGElement, Part>("g.part")
    .data((row) => row, ({ name }) => name)
    .join((enter) => {
      const g = enter.append("g").attr("role", "gridcell");
      for (const name of ["mask", "box"]) g.append("rect").attr("class", name);
      const text = g.append("text").attr("class", "name").attr("dy", "0.36em");
      text.append("tspan");
      text.append("tspan").attr("class", "more");
      g.append("g").attr("class", "ports");
      return g;
    })
    .attr("data-node", ({ name }) => name)
    .each(function ({ name }) {
      this.classList.add("part", nodeName(name).kind);
      this.classList.toggle("selected", selected !== null && isAt(selected, name));
    })
    .attr("aria-label", (p) => describe(p, measured))
    .attr("aria-selected", ({ name }) => selected !== null && isAt(selected, name))
    .attr("tabindex", (p) => (p === entry ? 0 : -1));

  setBox(part.select("rect.mask").attr("rx", 6), ({ spot }) => around(spot, 4));
  const corner = ({ name }: Part) => (nodeName(name).kind === "mlp" ? 1 : 5);
  setBox(part.select("rect.box").attr("rx", corner), ({ spot }) => around(spot));
  const text = part
    .select("text.name")
    .attr("x", ({ spot }) => spot.x)
    .attr("y", ({ spot }) => spot.y)
    .style("font-size", ({ name }) => `${isBar(name) ? 13 : lattice.font}px`);
  text.select("tspan").text(({ name }) => caption(name, lattice));
  text.select("tspan.more").text(({ name }) => more(name, compares));
  const port = part
    .select<SVGGElement>("g.ports")
    .selectAll<SVGGElement, Port>("g")
    .data((p) => usedPorts(p, noise))
    .join((enter) => {
      const g = enter.append("g");
      g.append("rect").attr("rx", 2);
      g.append("text").attr("dy", "0.34em");
      return g;
    })
    .attr("class", ({ sign }) => `port ${sign}`);
  const place = ({ spot, port: name }: Port) => portBox(spot, name, lattice);
  setBox(port.select("rect"), place);
  port
    .select("text")
    .attr("x", (p) => place(p).x + place(p).width / 2)
    .attr("y", (p) => place(p).y + place(p).height / 2)
    .style("font-size", `${lattice.portFont}px`)
    .attr("visibility", lattice.portFont === 0 ? "hidden" : null)
    .text(({ port: name }) => name);
  return part;
}

function rowLabel(name: string): string {
  const { layer } = nodeName(name);
  return layer === null ? name : `layer ${layer}`;
}

/** What stands in a node's box: in narrow columns a head's number alone, its layer stands at the left. */
function caption(name: string, { hasLayer }: Lattice): string {
  const { kind, layer, head } = nodeName(name);
  if (kind === "mlp") return `m${layer}`;
  return kind === "head" && !hasLayer ? String(head) : shortLabel(name);
}

/** What stands beside the name of a bar. */
function more(name: string, compares: string | null): string {
  if (name === "input") return " · token embedding";
  return name === "logits" && compares ? ` · ${compares}` : "";
}

/** A part with its edges, for a reader who does not see them. */
function describe(part: Part, measured: Table): string {
  const [strongest] = part.edges;
  return `${label(part.name)}: ${counts(part)}. Strongest: ${edgeLabel(strongest!)}, ${edgeWords(strongest!, measured)}`;
}

/** A part, what it is known for, and its strongest edge. */
export function partTip(part: Part, measured: Table, role?: string): TipContent {
  const [strongest] = part.edges;
  const [effect] = edgeLines(strongest!, measured);
  return { title: [label(part.name), role].filter(Boolean).join(", "), lines: [`${counts(part)} of those shown`, `strongest: ${edgeLabel(strongest!)}, ${effect}`] };
}

function counts({ name, edges }: Part): string {
  const writes = edges.filter(({ from }) => from === name).length;
  const reads = edges.length - writes;
  return [reads && `reads ${reads}`, writes && `writes ${writes}`].filter(Boolean).join(", ");
}

export const edgeTip = (edge: Edge, measured: Table): TipContent => ({ title: edgeLabel(edge), lines: edgeLines(edge, measured) });
