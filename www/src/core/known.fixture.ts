// What is known of a run beside its edges, for tests: numbers in the right places, and attention that adds up to one.

import type { Both, EdgeDetail, EdgeName, PairPredictions, Prediction } from "../engine/types";
import { nodeName } from "./node";
import type { KnownDetail, Run } from "./run";
import { baseOf, edgeAt } from "./table";

const both = <T>(clean: T, corrupted: T): Both<T> => ({ clean, corrupted });

/** Attention `[pos, pos]` of which each row looks at one token: row 3 of `[0, 1, 1, 2]` at the third. */
export function attention(rows: readonly number[], share = 0.75): number[] {
  const n = rows.length;
  return rows.flatMap((seen, row) => {
    const rest = row === 0 ? 0 : (1 - share) / row;
    return Array.from({ length: n }, (_, column) => (column > row ? 0 : row === 0 ? 1 : column === seen ? share : rest));
  });
}

/** An edge in detail: its sender looks one token back, its receiver at the first token and, once patched, at the second. */
export function detailFixture(run: Run, edge: EdgeName, changed: Partial<EdgeDetail> = {}): KnownDetail {
  const n = run.request.pairs[0]!.tokens.clean.length;
  const to = (row: number) => attention(Array.from({ length: n }, (_, at) => Math.min(row, at)));
  const back = attention(Array.from({ length: n }, (_, at) => Math.max(0, at - 1)));
  const zeros = new Array<number>(n).fill(0);
  const isHead = (name: string) => nodeName(name).kind === "head";
  const { cleanMetric: clean, corruptedMetric: corrupted } = run.table;
  const detail: EdgeDetail = {
    src: isHead(edge.from) ? { pattern: both(back, back), attribution: both(zeros, zeros) } : null,
    dst: isHead(edge.to) ? { pattern: both(to(1), to(0)), attribution: both(zeros, zeros) } : null,
    patched: isHead(edge.to) ? to(1) : [],
    added: zeros.map((_, at) => (at === 1 ? 2.5 : 0)),
    length: zeros.map(() => 4),
    metric: both(clean, corrupted),
    value: edgeAt(run.table, edge)?.value ?? baseOf(run.table),
    moved: [
      { id: 1, logit: [0.5, 2], probability: [0.0102, 0.61] },
      { id: 2, logit: [3, 2.5], probability: [0.979, 0.31] },
    ],
    tokens: [{ id: 1, text: "lamp" }, { id: 2, text: "crown" }],
    warnings: [],
  };
  return { from: edge.from, to: edge.to, pair: 0, detail: { ...detail, ...changed } };
}

const prediction = (id: number, text: string, logit: number, probability: number): Prediction => ({ id, text, logit, probability });

/** Both runs of a pair: each says its own word. */
export function predictionsFixture(): PairPredictions {
  const [lamp, spoon] = [both(prediction(1, "lamp", 9, 0.87), prediction(1, "lamp", 2, 0.0102)), both(prediction(3, "spoon", 1, 0.01), prediction(3, "spoon", 1.5, 0.006))];
  return {
    top: both([lamp.clean, prediction(2, "crown", 4, 0.06)], [prediction(2, "crown", 8, 0.979), lamp.corrupted]),
    answers: both([lamp.clean], [lamp.corrupted]),
    distractors: both([spoon.clean], [spoon.corrupted]),
    metric: both(8, 0.5),
    logitDiff: both(8, 0.5),
  };
}
