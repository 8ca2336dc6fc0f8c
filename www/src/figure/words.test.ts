import { expect, test } from "vitest";
import { detailFixture } from "../core/known.fixture";
import { edgeLabel } from "../core/node";
import { runOf } from "../core/run.fixture";
import { edgesOf } from "../core/table";
import { lookAt } from "../core/view";
import { formatValue } from "../lib/format";
import { FIRST_LOOK } from "../lib/settings";
import { altOf, bibliography, captionOf, fileNameOf, inTex, latex, type Shown, sourceOf, titleOf } from "./words";

const GPT2 = { kind: "hub", repo: "openai-community/gpt2", revision: null } as const;

function shownOf(change: Partial<Shown> = {}, run = runOf({}, GPT2)): Shown {
  const look = lookAt({ ...FIRST_LOOK, from: "a0.h1", to: "a1.h0<k>" }, run.table, null);
  return { what: "circuit", run, look, edges: edgesOf(run.table).slice(0, 12), strongest: 12, detail: null, ...change };
}

test("a caption says what is shown, asked and measured", () => {
  const caption = captionOf(shownOf());
  expect(caption).toMatch(/^The 12 strongest of \d+ edges of a model \(607a30d\), from the input to the logits/);
  expect(caption).toContain("Clean prompt “fox lamp river");
  expect(caption).toContain("answer “lamp”, distractor “spoon”.");
  const runs = `corrupted ${formatValue(Math.fround(-0.1))}, clean ${formatValue(3.25)}`;
  expect(caption).toContain(`Effect: the change of the logit difference in the corrupted run (${runs}) when, on this one path, its write in the clean run takes the place`);
  expect(caption).toContain("(denoising); LayerNorm of the receiver recomputed.");
  expect(caption).toMatch(/\d+ of them are estimates, drawn as outlines or dashed\.$/);
});

test("a caption of noising with the mean, LayerNorm frozen, over two pairs", () => {
  const lines = "a b | c b | x | y\na d | c d | x | y";
  const caption = captionOf(shownOf({}, runOf({ mode: "lines", lines, direction: "noise", patch: "mean", layerNorm: "frozen" })));
  expect(caption).toContain("2 pairs of prompts, the first of them: clean “a b”, corrupted “c b”");
  expect(caption).toContain("in the clean run");
  expect(caption).toContain("the mean of its writes over the pairs takes the place of what the sender writes (noising); LayerNorm of the receiver kept as in the clean run.");
});

test("effects on the normalised scale are told as shares, without its ends", () => {
  const run = runOf({ metric: "normalized-logit-diff" });
  const caption = captionOf(shownOf({}, { ...run, table: { ...run.table, metric: "normalized-logit-diff", corruptedMetric: 0, cleanMetric: 1 } }));
  expect(caption).toContain("the change of the logit difference in the corrupted run, as a share of the difference between the two runs, when, on this one path,");
  expect(caption).not.toContain("clean 1");
});

test("what is drawn of one pair quotes that pair, with its own baselines", () => {
  const lines = "a b | c b | x | y\na d | c d | z | y";
  const run = runOf({ mode: "lines", lines });
  const base = shownOf({}, run);
  const detail = { ...detailFixture(run, base.look.edge!).detail, metric: { clean: 7.5, corrupted: 1.5 } };
  for (const what of ["attention", "curve"] as const) {
    const caption = captionOf({ ...base, what, look: { ...base.look, pair: 1 }, detail });
    expect(caption).toContain("Pair 2 of 2: clean prompt “a d”, corrupted “c d”; answer “z”, distractor “y”.");
    expect(caption).toContain("in the corrupted run (corrupted 1.50, clean 7.50) when");
  }
});

test("a circuit of pairs with different answers is called after none of them", () => {
  const lines = (second: string) => `a b | c b | x | y\na d | c d | ${second} | y`;
  const titled = (second: string) => titleOf(shownOf({}, runOf({ mode: "lines", lines: lines(second) })));
  expect(titled("x")).toBe("What makes it say “x” rather than “y”");
  expect(titled("z")).not.toMatch(/“x”|“z”/);
});

test("the alternative text has the numbers", () => {
  const shown = shownOf();
  expect(altOf(shown)).toMatch(/^Circuit diagram of a model: 12 edges .* Strongest first: \S+( \d)? → .* [+−-][\d.]+, .* The other 4 are between .* in size\.$/);
  expect(altOf({ ...shown, what: "grids" })).toContain("Grids of what head 0.1 of a model writes");
});

test("a weak edge that is chosen is none of the strongest", () => {
  const { run, look, edges } = shownOf();
  const weak = edgesOf(run.table).at(-1)!;
  const shown = shownOf({ edges: [...edges, weak], look: { ...look, edge: weak } });
  const name = edgeLabel(weak);
  expect(captionOf(shown)).toMatch(/^The 12 strongest of \d+ edges /);
  expect(captionOf(shown)).toContain(` and the chosen edge, ${name}, from the input to the logits`);
  expect(altOf(shown)).toMatch(/: 12 edges from .* The other 4 are between /);
  expect(altOf(shown)).toContain(`The chosen edge, ${name}, has `);
});

test("of one edge nothing is said in the plural", () => {
  const [edge] = shownOf().edges;
  const one = (isExact: boolean) => shownOf({ edges: [{ ...edge!, isExact }], strongest: 1 });
  expect(captionOf(one(true))).toMatch(/^The strongest of \d+ edges of a model /);
  expect(captionOf(one(false))).toMatch(/It is an estimate, drawn as an outline or dashed\.$/);
  expect(altOf(one(true))).toMatch(/^Circuit diagram of a model: 1 edge from /);
  const [, ...others] = shownOf().edges;
  const shown = shownOf({ edges: [{ ...edge!, isExact: false }, ...others.map((other) => ({ ...other, isExact: true }))] });
  expect(captionOf(shown)).toMatch(/ 1 of them is an estimate, drawn as an outline or dashed\.$/);
});

test("titles and names of files tell the figure", () => {
  const shown = shownOf();
  expect(titleOf(shown)).toBe("What makes it say “lamp” rather than “spoon”");
  expect(fileNameOf(shown)).toBe("pathpatch-circuit-a-model");
  expect(fileNameOf({ ...shown, what: "attention" })).toBe("pathpatch-attention-0.1-to-1.0-key-a-model");
  expect(fileNameOf({ ...shown, what: "grids" })).toBe("pathpatch-from-0.1-a-model");
});

test("the source is the program, the model with its commit, and the day", () => {
  expect(sourceOf(shownOf().run)).toBe("pathpatch 0.1.0 · a model@607a30d · 2026-01-02");
});

test("LaTeX takes any text", () => {
  expect(inTex("50% of a_b & {c} → −1 “x” \\ ^")).toBe("50\\% of a\\_b \\& \\{c\\} $\\to$ $-$1 ``x'' \\textbackslash{} \\textasciicircum{}");
  expect(latex("pathpatch-circuit-gpt2", "All edges.", 85, ["pathpatch", "wang2023interpretability"])).toContain(
    "\\includegraphics[width=85mm]{pathpatch-circuit-gpt2.pdf}\n  \\caption{All edges. Path patching~\\cite{pathpatch,wang2023interpretability}.}",
  );
});

test("estimates are cited where some are shown", () => {
  const shown = shownOf();
  const keys = (of: Shown) => bibliography(of, "https://site.example/").map(({ key }) => key);
  expect(keys(shown)).toEqual(["pathpatch", "wang2023interpretability", "goldowskydill2023localizing", "syed2023attribution"]);
  expect(keys({ ...shown, edges: shown.edges.filter(({ isExact }) => isExact) })).not.toContain("syed2023attribution");
  expect(bibliography(shown, "https://site.example/")[0]!.text).toContain("version = {0.1.0},\n  year = {2026},\n  url = {https://site.example/}");
});
