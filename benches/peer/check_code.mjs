// Runs the Python that the page copies and compares its grids with the command line's, for each metric and LayerNorm.
//
//     node benches/peer/check_code.mjs PATHPATCH PYTHON PYTHONPATH_OF_3.9
//
// `cargo xtask check-code` installs what it needs. Exits with 1 if two grids differ by more than 1e-3.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { MODEL, onModel, pageModule, runPython } from "./copied.mjs";

const TOLERANCE = 1e-3;
const [pathpatch, python, older] = process.argv.slice(2);

// Two pairs of different lengths, as ids of the bundled model's vocabulary.
const pairs = [
  { clean: [0, 311, 129, 96, 422, 242, 131, 311], corrupted: [0, 279, 129, 96, 422, 242, 131, 311], answer: 129, distractor: 131 },
  { clean: [0, 96, 422, 242, 96], corrupted: [0, 311, 422, 242, 96], answer: 422, distractor: 242 },
];
/** The same with sets of answers of different sizes. */
const ofSets = pairs.map((pair, i) => ({ ...pair, answer: [pair.answer, 96, 311].slice(i), distractor: [242, 131].slice(0, i + 1) }));
const list = (ids) => (Array.isArray(ids) ? ids : [ids]);
const token = (id) => ({ id, text: ` ${id}` });

mkdirSync("target/check-code", { recursive: true });
/** Write a file of pairs for the command line. */
function fileOf(pairs, name) {
  const file = `target/check-code/${name}.jsonl`;
  const lines = pairs.map((p) => ({ clean_ids: p.clean, corrupted_ids: p.corrupted, answer_id: p.answer, distractor_id: p.distractor }));
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return file;
}
/** The pairs' tokens in the page's form. */
const tokensOf = (pairs) =>
  pairs.map(({ clean, corrupted, answer, distractor }) => ({
    clean: clean.map(token),
    corrupted: corrupted.map(token),
    answer: list(answer).map(token),
    distractor: list(distractor).map(token),
  }));
const asked = { one: { file: fileOf(pairs, "pairs"), tokens: tokensOf(pairs) }, sets: { file: fileOf(ofSets, "sets"), tokens: tokensOf(ofSets) } };
const METRICS = [
  ["logit-diff", "one"],
  ["normalized-logit-diff", "one"],
  ["log-prob", "one"],
  ["log-prob", "sets"],
  ["prob", "one"],
  ["prob", "sets"],
  ["prob-diff", "sets"],
  ["kl", "one"],
];

const { transformerLens } = await pageModule("/src/lib/code/transformer-lens.ts");
let worst = 0;
for (const layerNorm of ["frozen", "exact"]) {
  for (const [metric, answers] of METRICS) {
    const { file, tokens } = asked[answers];
    for (const [component, position] of [["k", null], ["v", 4]]) {
      const model = { ref: { kind: "files" }, name: "", revision: null };
      const settings = { metric, layerNorm, position, direction: "denoise", patch: "resample" };
      const request = { model, settings, pairs: tokens.map((tokens) => ({ tokens })) };
      const code = transformerLens(request, { from: "a0.h3", to: `a1.h0<${component}>` }, layerNorm === "exact" ? "4.3" : "earlier");
      const script = `${onModel(code)}\nimport json\nprint(json.dumps(grid.tolist()))\n`;
      const printed = runPython(python, script, layerNorm === "frozen" ? older : undefined);
      const theirs = JSON.parse(printed.trim().split("\n").at(-1)).flat();
      const at = position === null ? [] : ["--position", String(position)];
      const flags = ["--pairs", file, "--component", component, "--source", "0.3", "--metric", metric, "--layer-norm", layerNorm, ...at];
      const { values } = JSON.parse(execFileSync(pathpatch, ["sweep", "--model", MODEL, "--device", "cpu", ...flags], { encoding: "utf8" }));
      // TransformerLens has 0 where there is no path.
      const off = values.flat().reduce((most, value, i) => (value === null ? most : Math.max(most, Math.abs(value - theirs[i]))), 0);
      console.log(`${layerNorm.padEnd(6)} ${metric.padEnd(21)} ${answers.padEnd(4)} ${component} at ${position ?? "the last token"}: differs by ${off.toExponential(1)}`);
      worst = Number.isNaN(off) ? Number.NaN : Math.max(worst, off);
    }
  }
}
if (!(worst <= TOLERANCE)) {
  console.error(`that is more than ${TOLERANCE}`);
  process.exitCode = 1;
}
