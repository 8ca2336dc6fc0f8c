import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseModel, refOfLink } from "../core/model-ref";
import { runOf } from "../core/run.fixture";
import { literal, pathpatchJs, transformerLens } from "./code";

const look = { src: { layer: 0, head: 3 }, component: "k" } as const;
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
  const plain = parsePython(transformerLens(runOf().request, look));
  const request = structuredClone(runOf({ clean: "a b", corrupted: "c d", answer: "e", distractor: "f" }, ref).request);
  request.pairs[0]!.tokens.clean[0]!.text = NASTY;
  const code = transformerLens(request, look);
  expect(code).not.toMatch(/^import os/m);
  const nodes = parsePython(code);
  // As many statements, and the same but for the prompts' ids.
  expect(nodes).toHaveLength(plain.length);
  expect(nodes.filter((node) => node.includes("Import"))).toEqual(plain.filter((node) => node.includes("Import")));
});

test("nor in the copied JavaScript, pasted into a page", () => {
  const request = runOf({ clean: NASTY, corrupted: "x", answer: "<!--", distractor: "</script>" }).request;
  const code = pathpatchJs(request, look, MODULE);
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
  expect(transformerLens(request, look)).toContain('name = "openai-community/gpt2"\nhf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32, revision="607a30d")');
  expect(pathpatchJs(request, look, MODULE)).toContain('PathPatch.load("openai-community/gpt2@607a30d")');
  expect(pathpatchJs(runOf().request, look, MODULE)).toContain('PathPatch.load("https://site.example/models/ioi-demo")');
  expect(pathpatchJs(runOf({}, { kind: "files" }).request, look, MODULE)).toContain("PathPatch.load({ files: input.files })");
});

test("a position from the end is written from the start", () => {
  const { request } = runOf({ clean: "a b c d", corrupted: "x b c d", position: -2 });
  expect(transformerLens(request, look)).toContain("positions = torch.tensor([2])");
});

test("sets of answers are lists of ids, and their probabilities are summed", () => {
  const pairs = "a b\tx b\tc|dd|eee\tf\na b\tx b\tc\tdd|ffff";
  const code = (metric: "prob" | "prob-diff" | "log-prob") => transformerLens(runOf({ metric, mode: "lines", lines: pairs }).request, look);
  const difference = code("prob-diff");
  expect(difference).toContain("answers = [[1, 2, 3], [1]]\ndistractors = [[1], [2, 4]]\n");
  expect(difference).toContain("probs[right].sum() - probs[wrong].sum()");
  expect(code("prob")).not.toContain("distractors");
  for (const metric of ["prob", "prob-diff", "log-prob"] as const) expect(parsePython(code(metric))).not.toHaveLength(0);
  const options = pathpatchJs(runOf({ metric: "prob-diff", answer: "42..99", distractor: "00..41" }).request, look, MODULE);
  expect(options).toContain('answer: "42..99",\n      distractor: "00..41"');
});

test("a run without its answers' tokens is refused, but where the metric needs none", () => {
  const request = structuredClone(runOf({ metric: "prob" }).request);
  request.pairs[0]!.tokens.distractor = [];
  expect(parsePython(transformerLens(request, look))).not.toHaveLength(0);
  request.pairs[0]!.tokens.answer = [];
  expect(() => transformerLens(request, look)).toThrow("code: expected the answer’s token with each pair, got none");
  const kl = { ...request, settings: { ...request.settings, metric: "kl" as const } };
  expect(parsePython(transformerLens(kl, look))).not.toHaveLength(0);
});
