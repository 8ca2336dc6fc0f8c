// The graph as EAP-IG's `Graph.to_json` writes it, with what was computed beside it: the file that
// `pathpatch graph --out graph.json` writes. The same scores as a matrix and as a table.
//
// A score is positive where the edge helps. Where scores are exact, edges of which there is only an estimate are left
// out: a score says nothing of its kind.

import { csvFormat } from "d3-dsv";
import { nodeName, nodeOf, PORTS, rankOf } from "../core/node";
import type { Run } from "../core/run";
import { type Edge, edgesOf, nodesOf, scoreOf, shapeOf, type Table } from "../core/table";
import type { Direction, EdgeTable } from "../engine/types";

/** The edges that go into a file, strongest first. */
function scored(table: Table): Edge[] {
  return edgesOf(table).filter(({ isExact, value }) => Number.isFinite(value) && isExact === (table.scores === "exact"));
}

/** How many edges are the circuit; null for all. */
const strongestOf = ({ request: { settings } }: Run): number | null => (settings.scope === "strongest" ? settings.strongest : null);

/** The edges that a file calls its circuit. */
function circuitOf(run: Run): { edges: Edge[]; places: Set<number> } {
  const edges = scored(run.table).slice(0, strongestOf(run) ?? Number.POSITIVE_INFINITY);
  return { edges, places: new Set(edges.map(({ place }) => place)) };
}

/** A score as a float32, and never -0. */
const scoreIn = (table: EdgeTable, { effect }: Edge): number => Math.fround(scoreOf(table, effect)) + 0;

/** EAP-IG's JSON of a run. */
export function graphJson(run: Run): string {
  const { request, table, made, check } = run;
  const { model, settings, pairs } = request;
  const { dModel } = model;
  if (dModel === undefined) {
    throw new Error("graph: expected the model’s width, got a result from before files told it: run it again with its model");
  }
  const { layers, heads } = shapeOf(table);
  const circuit = circuitOf(run);
  const touched = new Set(circuit.edges.flatMap(({ from, to }) => [from, nodeOf(to)]));
  const nodes = nodesOf(table).map((node) => [node, { in_graph: node === "input" || node === "logits" || touched.has(node) }]);
  const edges = inFileOrder(scored(table), layers).map((edge) => [
    `${edge.from}->${edge.to}`,
    { score: scoreIn(table, edge), in_graph: circuit.places.has(edge.place) },
  ]);
  return `${JSON.stringify({
    cfg: { n_layers: layers, n_heads: heads, parallel_attn_mlp: false, d_model: dModel },
    nodes: Object.fromEntries(nodes),
    edges: Object.fromEntries(edges),
    pathpatch: {
      version: made?.by.replace(/^pathpatch /, "") ?? null,
      date: made?.at.slice(0, 10) ?? null,
      model: model.name,
      revision: model.revision,
      definition: definition(table),
      sign: `${SIGNS[table.direction]}: ${table.metric === "kl" ? "negative where the edge helps, since a divergence falls there" : "positive where the edge helps"}`,
      direction: table.direction,
      patch: table.patch,
      layer_norm: table.layerNorm,
      metric: table.metric,
      scores: table.scores,
      steps: table.steps,
      clean_metric: table.cleanMetric,
      corrupted_metric: table.corruptedMetric,
      prompts: pairs.map(({ clean, corrupted, answer, distractor }) => ({
        clean,
        corrupted,
        answer: answer || null,
        distractor: distractor || null,
      })),
      position: settings.position,
      prepend_bos: settings.prependBos,
      strongest: strongestOf(run),
      check: check && { edges: check.edges, largest_error: check.largestError, bound: check.bound, meaning: CHECKED },
    },
  })}\n`;
}

const SIGNS: Record<Direction, string> = {
  denoise: "metric with the edge patched less the metric of the corrupted run",
  noise: "metric of the clean run less the metric with the edge patched",
};

const CHECKED =
  "estimates of so many edges, chosen at random among those that are not of the strongest, differ from their exact values by at most largest_error; with 95% confidence at most the share `bound` of those that were not run differs by more";

/** What a score is, in words. */
function definition({ direction, patch, layerNorm, scores, steps }: Table): string {
  const [base, other] = direction === "denoise" ? ["corrupted", "clean"] : ["clean", "corrupted"];
  const into = {
    resample: `what it writes on the ${other} prompt of the pair`,
    mean: `the mean at each position of what it writes on the ${other} prompts`,
    zero: "zero",
  }[patch];
  const norm = {
    exact: "its LayerNorm normalises the changed input anew",
    frozen: "its LayerNorm keeps the scale that it has in the base run",
  }[layerNorm];
  const edge = `The base is the ${base} run. In it one receiver reads, for what one sender writes, ${into}, at all positions; ${norm}. Everything after the receiver is run again. A head's write includes its value bias, an MLP's its output bias; position embeddings and b_O belong to no sender.`;
  if (scores === "exact") return edge;
  const start = { resample: `those of the ${other} prompt`, mean: `the mean of those of the ${other} prompts`, zero: "zero" }[patch];
  const how = {
    estimate: "the receiver's LayerNorm, as above, and attention are followed exactly, the rest by the gradient of the metric in the base run",
    eap: "EAP, the change of the receiver's input times the gradient of the metric there in the base run",
    "eap-ig": `EAP-IG, the change of the receiver's input times the gradient of the metric there, averaged over ${steps} runs of the ${base} prompt whose token embeddings are part of the way from ${start} to its own`,
  }[scores];
  return `${edge} The scores are estimates of this: ${how}.`;
}

/**
 * In the order of EAP-IG's files: receivers by the stage at which they read; for the heads of a layer sender by sender,
 * for each of them head by head, for each head q, k and v.
 */
function inFileOrder(edges: Edge[], layers: number): Edge[] {
  const key = ({ from, to }: Edge) => {
    const { head, port } = nodeName(to);
    return [rankOf(to, layers), rankOf(from, layers), nodeName(from).head ?? 0, head ?? 0, port ? PORTS.indexOf(port) : 0];
  };
  const keyed = edges.map((edge) => ({ edge, key: key(edge) }));
  const compare = (a: number[], b: number[]) => a.reduce((order, value, i) => order || value - b[i]!, 0);
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ edge }) => edge);
}

/** Scores `[senders, receivers]`, NaN where there is none. */
export function scoreMatrix(table: Table): { values: Float32Array; shape: [number, number] } {
  const values = new Float32Array(table.values.length).fill(Number.NaN);
  for (const edge of scored(table)) values[edge.place] = scoreIn(table, edge);
  return { values, shape: [table.senders.length, table.receivers.length] };
}

/** Values between heads, `[layers, heads, layers, heads]`, source first; NaN where there is none. */
export function headValues(table: Table, port: (typeof PORTS)[number]): { values: Float32Array; shape: number[] } {
  const { layers, heads } = shapeOf(table);
  const n = layers * heads;
  const values = new Float32Array(n * n).fill(Number.NaN);
  for (const { from, to, value } of edgesOf(table)) {
    const [src, dst] = [nodeName(from), nodeName(to)];
    if (src.kind !== "head" || dst.port !== port) continue;
    values[(src.layer! * heads + src.head!) * n + dst.layer! * heads + dst.head!] = value;
  }
  return { values, shape: [layers, heads, layers, heads] };
}

/** Every edge of which anything is known, strongest first, as a table that spreadsheets and pandas read. */
export function csv(run: Run): string {
  const { table } = run;
  const { places } = circuitOf(run);
  const rows = edgesOf(table).map((edge) => ({
    from: edge.from,
    to: edge.to,
    score: scoreIn(table, edge),
    value: edge.value,
    kind: edge.isExact ? "exact" : "estimate",
    std_dev: Number.isNaN(edge.stdDev) ? "" : edge.stdDev,
    in_graph: String(places.has(edge.place)),
  }));
  return csvFormat(rows, ["from", "to", "score", "value", "kind", "std_dev", "in_graph"]);
}
