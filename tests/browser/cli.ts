// The command line as the oracle for the browser's numbers.

import { execFileSync } from "node:child_process";

/** The values of a sweep on the bundled model, flattened; null where there is no path. */
export function sweep(options: Record<string, string>): (number | null)[] {
  const model = { model: "www/models/ioi-demo", device: "cpu" };
  const flags = Object.entries({ ...model, ...options }).flatMap(([key, value]) => [`--${key}`, value]);
  const output = execFileSync("target/debug/pathpatch", ["sweep", ...flags], { encoding: "utf8" });
  return JSON.parse(output).values.flat(3);
}

/** Every edge of a bundled model's graph, as EAP-IG's JSON. */
export function graph(model: string, options: Record<string, string>): { edges: Record<string, { score: number }> } {
  const flags = Object.entries({ model: `www/models/${model}`, device: "cpu", ...options }).flatMap(([key, value]) => [`--${key}`, value]);
  return JSON.parse(execFileSync("target/debug/pathpatch", ["graph", ...flags], { encoding: "utf8" }));
}

/** What the page measures where it is not asked otherwise: the receiver's LayerNorm recomputes its scale. */
export const LIKE_THE_PAGE = { "layer-norm": "exact" };

export const INDUCTION = {
  clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  answer: "lamp",
  distractor: "spoon",
};

/** Prompts as token ids, as the command line takes them. */
export function flagsOf(ids: { clean: number[]; corrupted: number[]; answer: number; distractor: number }): Record<string, string> {
  return {
    "clean-ids": ids.clean.join(),
    "corrupted-ids": ids.corrupted.join(),
    "answer-id": String(ids.answer),
    "distractor-id": String(ids.distractor),
  };
}
