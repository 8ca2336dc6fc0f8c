// The strongest edges as a graph: heads are nodes, a layer a row, layers upward.
//
// An edge enters its destination at the port of the component that it is read by: query left, key in the middle,
// value right, each with a dash of its own. Width is the size of the effect, colour its direction.

import { Graph, type GraphLabel, layout, type NodeLabel } from "@dagrejs/dagre";
import { select } from "d3-selection";
import type { Component, Metric } from "../engine/types";
import { formatEdge, formatHead, words } from "../lib/format";
import { type Edge, type EdgeId, edgeKey, type Head, isSameEdge } from "../lib/result";
import { between, lineWidth } from "../lib/scale";
import { type Point, spline } from "../lib/spline";

export interface CircuitData {
  /** Those to show, strongest first. */
  edges: Edge[];
  /** The largest effect, whose line is the widest. */
  reach: number;
  metric: Metric;
  selected: EdgeId | null;
}

export interface CircuitEvents {
  onSelect: (edge: EdgeId) => void;
  onHover: (edge: EdgeId | null) => void;
}

interface Placed {
  width: number;
  height: number;
  /** From the lowest to the highest with a head in the circuit. */
  layers: { layer: number; y: number }[];
  nodes: { key: string; head: Head; at: Point }[];
  paths: Map<string, Point[]>;
}

const NODE = { width: 44, height: 24 };
const GAP = { node: 12, edge: 8, layer: 46 };
const MARGIN = { left: 52, right: 10, top: 14, bottom: 14 };
/** Where an edge enters its destination, from the middle. */
const PORTS: Record<Component, number> = { q: -NODE.width / 3, k: 0, v: NODE.width / 3 };
/** How much wider than its fullest row a circuit may be, and what it may have in any case. */
const SLACK = 1.3;
const LEAST_WIDTH = 420;
/** Stands after all heads, so that each is in its layer's row even where nothing follows it. */
const OUTPUT = "output";

export function create(container: HTMLElement, events: CircuitEvents): (data: CircuitData) => void {
  const svg = select(container).append("svg").attr("class", "circuit").attr("role", "group");
  svg.attr("aria-label", "Circuit: the strongest edges as a graph, arrow keys go from one to the next");
  const rows = svg.append("g").attr("aria-hidden", "true");
  const lines = svg.append("g");
  const nodes = svg.append("g").attr("aria-hidden", "true");
  let placed: Placed | undefined;
  let shown = "";
  let focused = "";

  return ({ edges, reach, metric, selected }) => {
    // A new place for everything only when other edges are shown: values may change many times a second.
    const keys = edges.map(edgeKey).sort().join(" ");
    if (!placed || keys !== shown) placed = place(edges);
    shown = keys;
    const { width, height, layers, paths } = placed;
    svg.attr("viewBox", `0 0 ${width} ${height}`).style("width", `${width}px`);

    const layer = rows
      .selectAll<SVGGElement, Placed["layers"][number]>("g")
      .data(layers)
      .join((enter) => {
        const g = enter.append("g").attr("class", "layer");
        g.append("line");
        g.append("text").attr("x", 4).attr("dy", "0.35em");
        return g;
      })
      .attr("transform", ({ y }) => `translate(0,${y})`);
    layer.select("line").attr("x1", MARGIN.left - 8).attr("x2", width);
    layer.select("text").text(({ layer }) => `layer ${layer}`);

    // Putting lines in order takes the focus from them.
    const focusedBefore = lines.node()?.contains(document.activeElement) ? document.activeElement : null;
    // Until the reader has moved, the strongest is where the keyboard enters.
    const entry = edges.find((edge) => edgeKey(edge) === focused) ?? edges[0];
    const d = (edge: Edge) => spline(paths.get(edgeKey(edge)) ?? []);
    const edge = lines
      .selectAll<SVGGElement, Edge>("g.edge")
      // The strongest are drawn last, over the others.
      .data(edges.toReversed(), edgeKey)
      .join((enter) => {
        const g = enter.append("g").attr("role", "button");
        g.append("path").attr("class", "reach");
        g.append("path").attr("class", "line");
        return g;
      })
      .order()
      .attr("class", (e) => `edge ${e.component} ${e.effect < 0 ? "down" : "up"}`)
      .classed("selected", (e) => isSameEdge(e, selected))
      .classed("estimate", (e) => !e.isExact)
      .attr("data-edge", edgeKey)
      .attr("aria-label", (e) => `${formatEdge(e)}: ${words(e, metric)}`)
      .attr("aria-pressed", (e) => isSameEdge(e, selected))
      .attr("tabindex", (e) => (e === entry ? 0 : -1))
      .on("pointerenter focus", (_, e) => events.onHover(e))
      .on("pointerleave blur", () => events.onHover(null))
      .on("click", (_, e) => events.onSelect(e))
      .on("keydown", (event: KeyboardEvent, e) => {
        const at = edges.findIndex((other) => isSameEdge(other, e));
        if (event.key === "Enter" || event.key === " ") events.onSelect(e);
        else if (event.key === "ArrowDown" || event.key === "ArrowRight") move(Math.min(at + 1, edges.length - 1));
        else if (event.key === "ArrowUp" || event.key === "ArrowLeft") move(Math.max(at - 1, 0));
        else return;
        event.preventDefault();
      });
    const move = (to: number) => {
      focused = edgeKey(edges[to]!);
      edge.attr("tabindex", (other) => (edgeKey(other) === focused ? 0 : -1));
      edge.filter((other) => edgeKey(other) === focused).node()?.focus();
    };
    edge.select("path.reach").attr("d", d);
    edge
      .select("path.line")
      .attr("d", d)
      .attr("stroke-width", (e) => lineWidth(e.effect, reach));
    if (focusedBefore instanceof SVGElement && focusedBefore !== document.activeElement) focusedBefore.focus();

    const node = nodes
      .selectAll<SVGGElement, Placed["nodes"][number]>("g")
      .data(placed.nodes, ({ key }) => key)
      .join((enter) => {
        const g = enter.append("g").attr("class", "node");
        g.append("rect").attr("width", NODE.width).attr("height", NODE.height).attr("rx", 5);
        g.append("text").attr("x", NODE.width / 2).attr("y", NODE.height / 2).attr("dy", "0.35em");
        return g;
      })
      .attr("transform", ({ at }) => `translate(${at.x - NODE.width / 2},${at.y - NODE.height / 2})`);
    node.select("text").text(({ head }) => formatHead(head));
  };
}

/** Where heads and lines go: rows by layer, their order by dagre, so that few lines cross. */
function place(edges: Edge[]): Placed {
  const graph = new Graph<GraphLabel, NodeLabel>({ multigraph: true });
  graph.setGraph({ rankdir: "BT", nodesep: GAP.node, edgesep: GAP.edge, ranksep: GAP.layer });
  const heads = new Map(edges.flatMap(({ src, dst }) => [src, dst]).map((head) => [formatHead(head), head]));
  const of = [...heads.values()].map(({ layer }) => layer);
  const [lowest, highest] = edges.length ? [Math.min(...of), Math.max(...of)] : [0, 0];
  const writers = new Set(edges.map(({ src }) => formatHead(src)));
  graph.setNode(OUTPUT, { width: 1, height: 1 });
  for (const [key, { layer }] of heads) {
    graph.setNode(key, { ...NODE });
    if (!writers.has(key)) graph.setEdge(key, OUTPUT, { minlen: highest + 1 - layer, weight: 1 }, OUTPUT);
  }
  const keyOf = ({ src, dst, component }: Edge) => ({ v: formatHead(src), w: formatHead(dst), name: component });
  for (const edge of edges) graph.setEdge(keyOf(edge), { minlen: edge.dst.layer - edge.src.layer, weight: 8 });
  layout(graph);

  const x = narrow(heads, (key) => graph.node(key).x ?? 0);
  const step = NODE.height + GAP.layer;
  const height = MARGIN.top + NODE.height + (highest - lowest) * step + MARGIN.bottom;
  const y = (layer: number) => height - MARGIN.bottom - NODE.height / 2 - (layer - lowest) * step;
  const paths = new Map<string, Point[]>();
  for (const edge of edges) {
    const key = keyOf(edge);
    const points: Point[] = graph.edge(key).points ?? [];
    // One point a row between the two; dagre's own ends and the bends beside them are left to ours.
    const between = Array.from({ length: edge.dst.layer - edge.src.layer - 1 }, (_, i) => {
      const at = (points.length - 1) * ((i + 1) / (edge.dst.layer - edge.src.layer));
      return { x: x.of(points[Math.round(at)]?.x ?? 0), y: y(edge.src.layer + i + 1) };
    });
    const from = { x: x.ofHead(key.v), y: y(edge.src.layer) - NODE.height / 2 };
    const to = { x: x.ofHead(key.w) + PORTS[edge.component], y: y(edge.dst.layer) + NODE.height / 2 };
    const bends = [
      { ...from, y: from.y - GAP.layer / 3 },
      { ...to, y: to.y + GAP.layer / 3 },
    ] as const;
    paths.set(edgeKey(edge), [from, bends[0], ...between, bends[1], to]);
  }
  const nodes = [...heads].map(([key, head]) => ({ key, head, at: { x: x.ofHead(key), y: y(head.layer) } }));
  const layers = Array.from({ length: highest - lowest + 1 }, (_, i) => ({ layer: lowest + i, y: y(lowest + i) }));
  return { width: x.width, height, layers, nodes, paths };
}

/**
 * dagre keeps lines apart from heads, and for that takes more width than a page has. Lines may pass behind heads
 * here: all is drawn together as far as the heads of each row keep their distance.
 */
function narrow(heads: Map<string, Head>, xOf: (key: string) => number) {
  const rows = new Map<number, { key: string; x: number }[]>();
  for (const [key, { layer }] of heads) rows.set(layer, [...(rows.get(layer) ?? []), { key, x: xOf(key) }]);
  const all = [...rows.values()].flat().map(({ x }) => x);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const distance = NODE.width + GAP.node;
  const fullest = Math.max(1, ...[...rows.values()].map((row) => row.length));
  const width = Math.min(most - least, Math.max(fullest * distance * SLACK, LEAST_WIDTH));
  const first = MARGIN.left + NODE.width / 2;
  const of = between([least, Math.max(most, least + 1)], [first, first + width]);
  const at = new Map<string, number>();
  for (const row of rows.values()) {
    row.sort((a, b) => a.x - b.x);
    const xs = row.map(({ x }) => of(x));
    // Push heads apart from the right end, then from the left.
    for (let i = xs.length - 2; i >= 0; i -= 1) xs[i] = Math.min(xs[i]!, xs[i + 1]! - distance);
    xs[0] = Math.max(xs[0]!, first);
    for (let i = 1; i < xs.length; i += 1) xs[i] = Math.max(xs[i]!, xs[i - 1]! + distance);
    row.forEach(({ key }, i) => at.set(key, xs[i]!));
  }
  const right = Math.max(first, ...at.values());
  return { of, ofHead: (key: string) => at.get(key) ?? first, width: right + NODE.width / 2 + MARGIN.right };
}
