import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseModel, refOfLink } from "../../core/model-ref";
import type { Request } from "../../core/request";
import { runOf } from "../../core/run.fixture";
import { eapIg } from "./eap-ig";
import { literal } from "./literal";
import { command, pathpatchJs } from "./pathpatch";
import { transformerLens as ofVersion } from "./transformer-lens";

const edge = { from: "a0.h3", to: "a1.h0<k>" };
const transformerLens = (request: Request, of = edge) => ofVersion(request, of, "4.3");
const MODULE = "https://site.example/pathpatch.js";
/** All that ends a line, a string, a comment or a script somewhere, or turns and hides what follows. */
const NASTY = 'a"b\'c\\\n\r\u2028\u2029\u0085import os; os.system("id")\n# </script><!-- ${x} `\u202e\u200b\u0000';

/** The nodes of a Python source, by Python's own parser. */
const parsePython = (code: string): string[] =>
  JSON.parse(
    execFileSync("python3", ["-c", "import ast, json, sys; print(json.dumps([ast.dump(n) for n in ast.parse(sys.stdin.read()).body]))"], {
      input: code,
      encoding: "utf8",
    }),
  );

test("nothing of a prompt, a token or an address is code in the copied Python", () => {
  const ref = parseModel(`https://evil.example/m\n${NASTY}`, "https://site.example/");
  const request = structuredClone(runOf({ clean: `a b${NASTY}`, corrupted: "c d", answer: "e", distractor: "f" }, ref).request);
  request.pairs[0]!.tokens.clean[0]!.text = NASTY;
  for (const write of [transformerLens, eapIg]) {
    const plain = parsePython(write(runOf().request));
    const code = write(request);
    expect(code).not.toMatch(/^import os/m);
    const nodes = parsePython(code);
    // As many statements, and the same but for the prompts' ids.
    expect(nodes).toHaveLength(plain.length);
    expect(nodes.filter((node) => node.includes("Import"))).toEqual(plain.filter((node) => node.includes("Import")));
  }
});

test("nor in the copied JavaScript, pasted into a page", () => {
  const request = runOf({ clean: NASTY, corrupted: "x", answer: "<!--", distractor: "</script>" }).request;
  const code = pathpatchJs(request, edge, MODULE);
  expect(code).not.toContain("<");
  expect(code).not.toMatch(/[\u2028\u202e\u200b]/);
  const options = /const options = (\{[\s\S]*?\n\});/.exec(code)![1]!;
  const read = new Function(`return ${options};`)();
  expect(read.pairs).toEqual([{ clean: NASTY, corrupted: "x", answer: "<!--", distractor: "</script>" }]);
});

test("a literal is the same text again, in JavaScript and in Python", () => {
  expect(new Function(`return ${literal(NASTY)};`)()).toBe(NASTY);
  const script = `import json, sys; print(json.dumps(eval(sys.stdin.read())))`;
  expect(JSON.parse(execFileSync("python3", ["-c", script], { input: literal(NASTY), encoding: "utf8" }))).toBe(NASTY);
});

test("code names the commit that was loaded", () => {
  const { request } = runOf({}, refOfLink("gpt2", MODULE));
  expect(transformerLens(request)).toContain('name = "openai-community/gpt2"\nhf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32, revision="607a30d")');
  expect(pathpatchJs(request, edge, MODULE)).toContain('PathPatch.load("openai-community/gpt2@607a30d")');
  expect(pathpatchJs(runOf().request, edge, MODULE)).toContain('PathPatch.load("https://site.example/models/ioi-demo")');
  expect(pathpatchJs(runOf({}, { kind: "files" }).request, edge, MODULE)).toContain("PathPatch.load({ files: input.files })");
});

test("a position from the end is written from the start", () => {
  const { request } = runOf({ clean: "a b c d", corrupted: "x b c d", position: -2 });
  expect(transformerLens(request)).toContain("positions = torch.tensor([2])");
});

test("sets of answers are lists of ids, and their probabilities are summed", () => {
  const pairs = "a b\tx b\tc|dd|eee\tf\na b\tx b\tc\tdd|ffff";
  const request = (metric: "prob" | "prob-diff" | "log-prob") => runOf({ metric, mode: "lines", lines: pairs }).request;
  const difference = transformerLens(request("prob-diff"));
  expect(difference).toContain("answers = [[1, 2, 3], [1]]\ndistractors = [[1], [2, 4]]\n");
  expect(difference).toContain("probs[right].sum() - probs[wrong].sum()");
  expect(transformerLens(request("prob"))).not.toContain("distractors");
  expect(eapIg(request("prob-diff"))).toContain("([1, 2, 3], [1], 1)),");
  for (const metric of ["prob", "prob-diff", "log-prob"] as const) {
    for (const write of [transformerLens, eapIg]) expect(parsePython(write(request(metric)))).not.toHaveLength(0);
  }
  const options = pathpatchJs(runOf({ metric: "prob-diff", answer: "42..99", distractor: "00..41" }).request, edge, MODULE);
  expect(options).toContain('answer: "42..99",\n      distractor: "00..41"');
});

test("a run without its answers' tokens is refused, but where the metric needs none", () => {
  const request = structuredClone(runOf({ metric: "prob" }).request);
  request.pairs[0]!.tokens.distractor = [];
  expect(parsePython(transformerLens(request))).not.toHaveLength(0);
  request.pairs[0]!.tokens.answer = [];
  expect(() => transformerLens(request)).toThrow("code: expected the answer’s token with each pair, got none");
  const kl = { ...request, settings: { ...request.settings, metric: "kl" as const } };
  expect(parsePython(transformerLens(kl))).not.toHaveLength(0);
});

test("a version's definition that is not the run's is told; one that fits is not", () => {
  const exact = runOf({ layerNorm: "exact" }).request;
  expect(ofVersion(exact, edge, "4.3")).toContain("from transformer_lens.patching import");
  expect(ofVersion(exact, edge, "4.3")).not.toContain("its numbers are others");
  expect(ofVersion(exact, edge, "earlier")).toContain("# This version keeps the scale of the destination's LayerNorm from the base run; the run on the page does not");
  expect(ofVersion(runOf({ layerNorm: "frozen" }).request, edge, "earlier")).not.toContain("its numbers are others");
});

test("noising runs the clean prompt", () => {
  const noised = transformerLens(runOf({ direction: "noise" }).request);
  expect(noised).toContain("    model,\n    clean,\n    corrupted_cache,\n    clean_cache,");
  const { request } = runOf({ direction: "noise", clean: "a b", corrupted: "c d", answer: "e", distractor: "f" });
  expect(eapIg(request)).toContain('(["a b"], ["c d"], ([1], [1], 1)),');
  expect(eapIg(request)).toContain("return -((at[answer] - at[distractor]).sum())");
  const denoised = eapIg({ ...request, settings: { ...request.settings, direction: "denoise" } });
  expect(denoised).toContain('(["c d"], ["a b"], ([1], [1], 1)),');
  expect(denoised).toContain("return (at[answer] - at[distractor]).sum()");
});

test("what others cannot compute is refused in words", () => {
  expect(() => transformerLens(runOf().request, { from: "input", to: "m0" })).toThrow("code: TransformerLens’s functions patch edges between heads: expected one to be chosen, got input->m0");
  expect(() => transformerLens(runOf({ patch: "zero" }).request)).toThrow("expected a run that does, got one with zero");
  expect(() => eapIg(runOf({ metric: "kl" }).request)).toThrow("code: expected a metric of the answers for EAP-IG");
  const lines = "a b|c b|d|e\na b c|d b c|e|f";
  expect(() => eapIg(runOf({ mode: "lines", lines, patch: "mean" }).request)).toThrow("expected prompts of one length");
});

test("a mean is over the prompts whose writes go in", () => {
  const lines = "a b|c b|d|e\nb b|d b|e|f";
  const code = eapIg(runOf({ mode: "lines", lines, patch: "mean" }).request);
  expect(code).toContain('intervention="mean-positional", intervention_dataloader=[([other for _, (other,), _ in pairs],)]');
  expect(parsePython(code)).not.toHaveLength(0);
});

test("the copied command is one that a shell takes apart as it was put together", () => {
  const request = runOf({ clean: NASTY.replace("\u0000", ""), corrupted: "END", scope: "strongest", strongest: 40, position: -2, prependBos: false }).request;
  const code = command(request);
  const shell = `pathpatch() { printf '%s\\n' "$@"; }; hf() { :; }; cd "$(mktemp -d)"; ${code} cat pairs.jsonl`;
  const printed = execFileSync("bash", ["-c", shell], { encoding: "utf8" }).trim().split("\n");
  expect(printed.slice(0, -1)).toEqual([
    ...["graph", "--model", "model", "--pairs", "pairs.jsonl", "--metric", "logit-diff", "--position", "-2", "--no-bos"],
    ...["--direction", "denoise", "--patch", "resample", "--layer-norm", "exact", "--strongest", "40", "--out", "graph.json"],
  ]);
  expect(JSON.parse(printed.at(-1)!)).toEqual({ clean: NASTY.replace("\u0000", ""), corrupted: "END", answer: "lamp", distractor: "spoon" });
});
