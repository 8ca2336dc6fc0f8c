import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import { edgesOf, grown, placeOf, STATE } from "../core/table";
import { tableFixture } from "../core/table.fixture";
import { csv, graphJson, headValues, scoreMatrix } from "./graph";

/** A run of which every edge is exact. */
function exactRun(changed: Parameters<typeof runOf>[0] = {}) {
  const run = runOf(changed);
  const { direction, patch, layerNorm, corruptedMetric } = run.table;
  const table = tableFixture({ layers: 2, heads: 2, exact: 1 }, { direction, patch, layerNorm, corruptedMetric });
  const model = { ...run.request.model, dModel: 16 };
  return { ...run, table, request: { ...run.request, model } };
}

/** EAP-IG's order, as its graph is built: layer by layer, and in each first what its heads read, then its MLP. */
function eapIgOrder(layers: number, heads: number): string[] {
  const order: string[] = [];
  const senders = ["input"];
  for (let l = 0; l < layers; l += 1) {
    for (const from of senders) for (let h = 0; h < heads; h += 1) for (const port of "qkv") order.push(`${from}->a${l}.h${h}<${port}>`);
    for (let h = 0; h < heads; h += 1) senders.push(`a${l}.h${h}`);
    for (const from of senders) order.push(`${from}->m${l}`);
    senders.push(`m${l}`);
  }
  return [...order, ...senders.map((from) => `${from}->logits`)];
}

test("the graph has EAP-IG's names, its order and its shape", () => {
  const run = exactRun();
  const graph = JSON.parse(graphJson(run));
  expect(Object.keys(graph)).toEqual(["cfg", "nodes", "edges", "pathpatch"]);
  expect(graph.cfg).toEqual({ n_layers: 2, n_heads: 2, parallel_attn_mlp: false, d_model: 16 });
  expect(Object.keys(graph.nodes)).toEqual(["input", "a0.h0", "a0.h1", "m0", "a1.h0", "a1.h1", "m1", "logits"]);
  expect(Object.keys(graph.edges)).toEqual(eapIgOrder(2, 2));
  for (const { from, to, effect } of edgesOf(run.table)) {
    expect(graph.edges[`${from}->${to}`]).toEqual({ score: Math.fround(effect), in_graph: true });
  }
  expect(graph.pathpatch).toMatchObject({
    version: "0.1.0",
    date: "2026-01-02",
    model: "a model",
    direction: "denoise",
    patch: "resample",
    layer_norm: "exact",
    metric: "logit-diff",
    scores: "exact",
    clean_metric: 3.25,
    prompts: [{ answer: "lamp", distractor: "spoon" }],
    prepend_bos: true,
    strongest: null,
  });
});

test("a score is positive where the edge helps", () => {
  const run = exactRun({ direction: "noise" });
  const graph = JSON.parse(graphJson(run));
  const [first] = edgesOf(run.table);
  expect(graph.edges[`${first!.from}->${first!.to}`].score).toBe(Math.fround(-first!.effect));
  expect(graph.pathpatch.sign).toMatch(/^metric of the clean run less the metric with the edge patched/);
  const { values, shape } = scoreMatrix(run.table);
  expect(shape).toEqual([7, 15]);
  expect(values[first!.place]).toBe(Math.fround(-first!.effect));
  expect(values[placeOf(run.table, { from: "m1", to: "m0" })]).toBeNaN();
});

test("estimates are no exact scores: they are left out beside them, and told where they are all", () => {
  const run = exactRun();
  const [strongest] = edgesOf(run.table);
  run.table.state[strongest!.place] = STATE.estimate;
  grown(run.table, run.table.metric);
  const graph = JSON.parse(graphJson(run));
  expect(Object.keys(graph.edges)).toHaveLength(45);
  expect(graph.edges).not.toHaveProperty([`${strongest!.from}->${strongest!.to}`]);
  expect(scoreMatrix(run.table).values[strongest!.place]).toBeNaN();
  const estimated = { ...run, table: tableFixture({ layers: 2, heads: 2, exact: 0 }, { scores: "estimate" }) };
  const estimates = JSON.parse(graphJson(estimated));
  expect(Object.keys(estimates.edges)).toHaveLength(46);
  expect(estimates.pathpatch.definition).toContain("The scores are estimates of this: ");
});

test("of the strongest, those are the circuit, with the nodes that they touch", () => {
  const run = exactRun({ scope: "strongest", strongest: 2 });
  const graph = JSON.parse(graphJson(run));
  const circuit = Object.keys(graph.edges).filter((name) => graph.edges[name].in_graph);
  expect(circuit.sort()).toEqual(edgesOf(run.table).slice(0, 2).map(({ from, to }) => `${from}->${to}`).sort());
  const nodes = Object.keys(graph.nodes).filter((name) => graph.nodes[name].in_graph);
  const touched = circuit.flatMap((name) => name.replace(/<.>/, "").split("->"));
  expect(new Set(nodes)).toEqual(new Set(["input", "logits", ...touched]));
});

test("a file that does not tell the model's width makes no graph", () => {
  expect(() => graphJson(runOf())).toThrow("graph: expected the model’s width");
});

test("values between heads, source first", () => {
  const { table } = exactRun();
  const { values, shape } = headValues(table, "k");
  expect(shape).toEqual([2, 2, 2, 2]);
  expect(values[1 * 4 + 2]).toBe(table.values[placeOf(table, { from: "a0.h1", to: "a1.h0<k>" })]);
  expect(Array.from(values).filter((value) => !Number.isNaN(value))).toHaveLength(4);
});

test("the table for spreadsheets is strongest first, in the command line's columns", () => {
  const run = exactRun({ scope: "strongest", strongest: 3 });
  const { table } = run;
  const [header, ...lines] = csv(run).split("\n");
  expect(header).toBe("from,to,score,value,kind,std_dev,in_graph");
  const all = edgesOf(table);
  expect(lines).toHaveLength(all.length);
  const [from, to, score, value, kind, stdDev] = lines[0]!.split(",");
  expect([from, to, kind]).toEqual([all[0]!.from, all[0]!.to, all[0]!.isExact ? "exact" : "estimate"]);
  expect(Number(score)).toBe(Math.fround(all[0]!.effect));
  expect(Number(value)).toBe(all[0]!.value);
  expect(stdDev === "" ? Number.NaN : Number(stdDev)).toBe(all[0]!.stdDev);
  expect(lines.map((line) => line.split(",")[6])).toEqual(all.map((_, i) => String(i < 3)));
});
