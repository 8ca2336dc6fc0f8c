// Runs the Python that the page copies for EAP-IG and compares its edges with those of `pathpatch graph`, both ways.
//
//     node benches/peer/check_eap_ig.mjs PATHPATCH PYTHON PYTHONPATH_OF_TRANSFORMER_LENS_BEFORE_4
//
// `cargo xtask check-code` calls it where EAP-IG could be installed. Exits with 1 if two scores differ by more than 1e-3.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { MODEL, onModel, pageModule, runPython } from "./copied.mjs";

const TOLERANCE = 1e-3;
const [pathpatch, python, older] = process.argv.slice(2);
const pair = { clean: "fox lamp river piano fox", corrupted: "dragon lamp river piano fox", answer: "lamp", distractor: "spoon" };
/** What the copied code reads of the pair's tokens: the answers' ids and how many there are. */
const vocabulary = JSON.parse(readFileSync(`${MODEL}/tokenizer.json`, "utf8")).model.vocab;
const id = (word) => ({ id: vocabulary[word], text: word });
const prompt = (text) => [id("<|endoftext|>"), ...text.split(" ").map(id)];
const tokens = { clean: prompt(pair.clean), corrupted: prompt(pair.corrupted), answer: [id(pair.answer)], distractor: [id(pair.distractor)] };

const { eapIg } = await pageModule("/src/lib/code/eap-ig.ts");
let isOff = false;
for (const direction of ["denoise", "noise"]) {
  const settings = { metric: "logit-diff", layerNorm: "exact", position: null, direction, patch: "resample", prependBos: true };
  const code = eapIg({ model: { ref: { kind: "files" }, name: "", revision: null }, settings, pairs: [{ ...pair, tokens }] });
  const file = `target/check-code/eap-ig-${direction}.json`;
  runPython(python, onModel(code).replace('"graph.json"', JSON.stringify(file)), older);
  const flags = Object.entries(pair).flatMap(([name, text]) => [`--${name}`, text]);
  const ours = `target/check-code/graph-${direction}.json`;
  execFileSync(pathpatch, ["graph", "--device", "cpu", "--model", MODEL, ...flags, "--direction", direction, "--out", ours], { stdio: ["ignore", "ignore", "inherit"] });
  const [theirs, mine] = [file, ours].map((path) => JSON.parse(readFileSync(path, "utf8")).edges);
  const names = Object.keys(mine);
  const off = Math.max(...names.map((name) => Math.abs(mine[name].score - theirs[name].score)));
  console.log(`EAP-IG, ${direction}: ${names.length} edges differ by ${off.toExponential(1)} at most`);
  isOff ||= !(off <= TOLERANCE) || names.length === 0 || names.length !== Object.keys(theirs).length;
}
if (isOff) {
  console.error(`expected the same edges, and scores within ${TOLERANCE}`);
  process.exitCode = 1;
}
