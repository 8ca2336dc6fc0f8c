import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { detailFixture, predictionsFixture } from "../core/known.fixture";
import type { ModelRef } from "../core/model-ref";
import { requestOf } from "../core/request";
import { finished, knownDetail, opened, type Run } from "../core/run";
import { runOf } from "../core/run.fixture";
import { baseOf, edgeAt, placeOf } from "../core/table";
import type { EdgeName } from "../engine/types";
import { pairsOf } from "../lib/pairs";
import { restore } from "../lib/saved";
import type { Settings } from "../lib/settings";
import { GALLERY } from "./gallery";
import { plain } from "./part";
import { edgesOfStory, type Seen, type Step, STEPS, storyOf } from "./story";

/** A result of the gallery, and what it knows. */
function saved(file: string): { run: Run; seen: Seen } {
  const { saved, table, known } = restore(readFileSync(new URL(`../../gallery/${file}`, import.meta.url), "utf8"));
  const { source, ...model } = saved.model;
  const ref = { kind: "bundled", name: source === "bundled" ? "ioi-demo" : source } as ModelRef;
  const tokens = saved.tokens!.map((pair) => ({ answer: [], distractor: [], ...pair }));
  const request = requestOf({ ...model, ref }, saved.settings, pairsOf(saved.settings), tokens);
  const run = opened(-1, request, table, { check: null, made: null, file, known });
  return { run, seen: { predictions: known.predictions, detail: (edge) => knownDetail(known.details, edge, 0) } };
}

const NOTHING: Seen = { predictions: [], detail: () => null };
const textOf = ({ lines }: Step): string => lines.map(plain).join("\n");
const told = (run: Run, seen: Seen = NOTHING): string[] => storyOf(run, seen)!.map(textOf);

test("every result of the gallery has all that its five steps tell, and each step looks at something", () => {
  expect(GALLERY.length).toBeGreaterThanOrEqual(3);
  for (const { file } of GALLERY) {
    const { run, seen } = saved(file);
    const steps = storyOf(run, seen)!;
    expect(steps, file).toHaveLength(STEPS);
    for (const { missing, lines, title } of steps) {
      expect(missing, file).toBeNull();
      expect(lines.length, file).toBeGreaterThan(0);
      expect(title).not.toBe("");
    }
    expect(new Set(steps.map(({ view, at }) => JSON.stringify([view, at]))).size, file).toBe(STEPS);
    for (const edge of edgesOfStory(run)) expect(seen.detail(edge), `${file}: ${edge.from}->${edge.to}`).not.toBeNull();
  }
});

test("induction is told from the run's numbers", () => {
  const { run, seen } = saved("ioi-demo-induction.json");
  const [asked, strongest, receiver, sender, output] = told(run, seen);
  expect(asked).toContain("fox comes twice. lamp followed it the first time");
  expect(asked).toMatch(/the model says lamp first, with 9\d%; after the corrupted one crown \(9\d%\), and lamp has <0\.1%\./);
  expect(asked).toMatch(/logit of lamp less that of spoon, which is 9\.2\d in the clean run and −0\.28\d in the corrupted one/);
  expect(strongest).toMatch(/^Only what 0\.3 writes, and only as 1\.3 reads it by its key, is taken from the clean run\./);
  expect(strongest).toMatch(/from 0 to 0\.5\d\d: 59% of what lies between the two runs comes back by this path alone/);
  expect(strongest).toContain("The model’s README calls 0.3 a previous-token head and 1.3 an induction head.");
  expect(receiver).toMatch(/^At the last token \(fox\), 1\.3 looked at crown \(99%\)\. Patched, it turns to lamp: 0\.\d% → 99%/);
  expect(receiver).toMatch(/At the output lamp goes from <0\.1% to 1%, crown from 98% to 82%\./);
  expect(sender).toMatch(/^At lamp, 0\.3 looks most at the first fox, the token before: 99%\. In the corrupted run dragon stands there/);
  expect(output).toMatch(/^1\.3 writes to the logits itself\. .* more than any other of 16 paths into them\./);
  expect(output).toContain("Try next: put another word in place of lamp");
});

test("so is the indirect object, by a value", () => {
  const [asked, , receiver] = told(...Object.values(saved("ioi-demo-indirect-object.json")) as [Run, Seen]);
  expect(asked).toContain("John comes twice, so the answer is the other one, Mary.");
  expect(receiver).toMatch(/^Where 2\.2 looks stays the same: at the last token \(to\) it gives a \d\d%\./);
});

test("so is greater-than, through an MLP", () => {
  const [asked, strongest, receiver, , output] = told(...Object.values(saved("years-demo-greater-than.json")) as [Run, Seen]);
  expect(asked).toContain("What comes next should be above 41.");
  expect(asked).toMatch(/the model gives 99% to the years above 41 together, after the corrupted one \d\d%\./);
  expect(strongest).toContain("calls 0.0 a year-reading head and MLP 0 a year-comparing MLP.");
  expect(receiver).toMatch(/^At the last token \(17\) the path changes what MLP 0 reads, by \d\d% of its length\./);
  expect(output).toMatch(/number 2 of 11 paths into them by size\.\nThe strongest of all paths into the logits is MLP 1 → logits/);
});

/** A run in which only these edges do anything. */
function only(effects: [EdgeName, number][], changed: Partial<Settings> = {}, ref?: ModelRef): Run {
  const run = runOf(changed, ref);
  const { table } = run;
  table.values.forEach((value, place) => {
    if (!Number.isNaN(value)) table.values[place] = baseOf(table);
  });
  for (const [edge, effect] of effects) {
    const place = placeOf(table, edge);
    table.values[place] = baseOf(table) + effect;
    table.state[place] = 3;
  }
  table.version += 1;
  return finished(run, null);
}

const KEY = { from: "a0.h1", to: "a1.h0<k>" };
const detailOf = (run: Run, changed = {}): Seen => ({ predictions: [predictionsFixture()], detail: (edge) => detailFixture(run, edge, changed).detail });

test("without a closer look a step says which edge it wants, and what the table holds all the same", () => {
  const run = only([[KEY, 1]]);
  const steps = storyOf(run, NOTHING)!;
  expect(steps.map(({ missing }) => missing)).toEqual([null, null, KEY, KEY, null]);
  expect(textOf(steps[2]!)).toBe("");
  expect(textOf(steps[3]!)).toContain("None of the 3 paths into 0.1 does anything alone");
  expect(edgesOfStory(run)).toEqual([KEY]);
});

test("where nothing does anything, that is what is said", () => {
  const run = only([]);
  const [, strongest, , , output] = told(run);
  expect(strongest).toMatch(/^No path does anything here: the strongest of 46, .*, moves the metric by no more than rounding\.$/);
  expect(output).toMatch(/^By itself .* moves the logits by no more than rounding\./);
});

test("two equal prompts have nothing to bring back", () => {
  const run = only([], { corrupted: runOf().request.settings.clean });
  run.table.cleanMetric = run.table.corruptedMetric;
  expect(told(run)[0]).toMatch(/^The two prompts are the same: .*\nWhat is measured, .* is −0\.100 in both runs: no path has anything to bring back\.$/);
});

test("a path that works against the answer is not said to bring it back", () => {
  expect(told(only([[KEY, -1]]))[1]).toContain("from −0.100 to −1.10 (−1.00): away from the other run, not towards it.");
  expect(told(only([[KEY, 5]]))[1]).toContain("more than the whole way to the other run.");
});

test("noising loses, means and zeros move", () => {
  const noised = told(only([[KEY, -1]], { direction: "noise" }))[1];
  expect(noised).toContain("is taken from the corrupted run. All else stays as in the clean run.");
  expect(noised).toMatch(/from 3\.25 to 2\.25 \(−1\): 30% of what lies between the two runs is lost by this path alone\./);
  const zeroed = told(only([[KEY, 1]], { patch: "zero" }))[1];
  expect(zeroed).toContain("is set to zero. All else stays");
  expect(zeroed).toContain("from −0.100 to 0.900 (+1.00).");
});

test("an estimate is called one", () => {
  const run = only([[KEY, 1]]);
  run.table.state[placeOf(run.table, KEY)] = 2;
  expect(told(finished(run, null))[1]).toContain("(+1.00 by estimate)");
});

test("what is stronger than the path between two parts is named, with where it ends", () => {
  const out = { from: "m1", to: "logits" };
  const run = only([[KEY, 1], [out, 2]]);
  const [, strongest, , , output] = told(run);
  expect(strongest).toContain("A path that ends at the logits moves it more: MLP 1 → logits, +2.");
  expect(output).toContain("By itself 1.0 moves the logits by no more than rounding.");
  expect(output).toContain("The strongest of all paths into the logits is MLP 1 → logits: +2.");
});

test("the path of one sender is said to be that, and what is stronger to lie elsewhere", () => {
  const base = only([[KEY, 1], [{ from: "input", to: "a1.h0<k>" }, 0], [{ from: "a0.h0", to: "a1.h1<q>" }, 3]]);
  const run = finished({ ...base, sender: "a0.h1" }, null);
  const step = storyOf(run, NOTHING)![1]!;
  expect(step.title).toBe("The strongest path out of 0.1: 0.1 → 1.0 key");
  expect(textOf(step)).toContain("A path that lies between two other parts moves it more: 0.0 → 1.1 query, +3.");
  const still = finished({ ...only([]), sender: "a0.h1" }, null);
  expect(told(still)[1]).toMatch(/^No path out of 0\.1 does anything by itself: the strongest, 0\.1 → .*, moves the metric by no more than rounding\.$/);
});

test("of a file with its strongest edges alone nothing is said of the others", () => {
  const onward = { from: "a1.h0", to: "logits" };
  const out = { from: "m1", to: "logits" };
  const into = { from: "input", to: "a0.h1<q>" };
  /** A run of the edges that do something, and of one that does nothing, with all others unknown. */
  const partOf = (effects: [EdgeName, number][]): Run => {
    const run = only(effects);
    const { table } = run;
    const kept = new Set(effects.map(([edge]) => placeOf(table, edge)));
    table.values.forEach((value, place) => {
      if (Number.isNaN(value) || kept.has(place)) return;
      table.values[place] = Number.NaN;
      table.state[place] = 1;
    });
    table.version += 1;
    return finished(run, null);
  };
  const [, , , sender, output] = told(partOf([[KEY, 2], [out, 1]]));
  expect(sender).toBe("Nothing is known of the paths into 0.1.");
  expect(output).toMatch(/^The strongest of the known paths into the logits is MLP 1 → logits: \+1\.00\.\n/);
  const [, , , fed, direct] = told(partOf([[KEY, 2], [out, 0.5], [onward, 1], [into, 0]]));
  expect(fed).toBe("The only known path into 0.1 does nothing alone.");
  expect(direct).toContain("more than any other of 2 known paths into them.");
  expect(told(partOf([[KEY, 0]]))[1]).toMatch(/^No known path does anything here: the strongest of 1, /);
});

test("attention that stays is not said to turn; a token that is looked at more is", () => {
  const run = only([[KEY, 1]]);
  const same = detailFixture(run, KEY).detail.dst!.pattern.corrupted;
  expect(told(run, detailOf(run, { patched: same }))[2]).toContain("Where 1.0 looks hardly moves: at the last token (fox), no token gains or loses as much as 1%.");
  const n = run.request.pairs[0]!.tokens.clean.length;
  const more = same.map((share, i) => (Math.floor(i / n) < n - 1 ? share : i % n === 0 ? share + 0.1 : i % n === 1 ? 0 : share - 0.1 / (n - 2) + same[i]! / (n - 2)));
  expect(told(run, detailOf(run, { patched: more }))[2]).toMatch(/1\.0 looks more at the first|1\.0 looks more at fox|1\.0 looks more at dragon/);
});

test("a model that does not say the answer is not said to", () => {
  const run = only([[KEY, 1]]);
  const { top, ...rest } = predictionsFixture();
  const crown = top.corrupted[0]!;
  const seen = { ...NOTHING, predictions: [{ ...rest, top: { clean: [crown, top.clean[0]!], corrupted: [crown] } }] };
  expect(told(run, seen)[0]).toContain("the model says crown first (98%); lamp has 87%");
});

test("tokens of other prompts are named by what differs, and means by how many pairs", () => {
  const other = only([[KEY, 1]], { clean: "So Sarah is nice", corrupted: "So Evan is nice", answer: "she", distractor: "he" });
  expect(storyOf(other, NOTHING)![0]!.title).toBe("Two prompts, and what differs");
  const pairs = only([[KEY, 1]], { mode: "lines", lines: "a bb c|a dd c|x|y\na ee c|a ff c|x|y" });
  expect(told(pairs)[0]).toContain("the mean over 2 pairs");
});

test("what is told of one pair alone says so where there are more", () => {
  const seen = (run: Run): Seen => ({ ...detailOf(run), predictions: [predictionsFixture(), predictionsFixture()] });
  const many = only([[KEY, 1]], { mode: "lines", lines: "a bb c|a dd c|x|y\na ee c|a ff c|x|y" });
  const [asked, , receiver, sender] = told(many, seen(many));
  expect(asked).toContain("On the first pair, after the clean prompt the model says");
  expect(receiver).toMatch(/^On the first pair, at .*\nOn that pair, at the output /);
  expect(sender).toMatch(/^On the first pair, at /);
  const one = only([[KEY, 1]]);
  expect(told(one, seen(one)).join("\n")).not.toContain("pair,");
});

test("where the metric reads within the prompt, what the model says there is said of so much of it", () => {
  const run = only([[KEY, 1]], { position: 1 });
  expect(told(run, detailOf(run))[0]).toContain("After the clean prompt up to lamp the model says");
});

test("a change may be longer than what it changes", () => {
  const toMlp = { from: "a0.h1", to: "m1" };
  const run = only([[toMlp, 1]]);
  const n = run.request.pairs[0]!.tokens.clean.length;
  const added = Array.from({ length: n }, (_, at) => (at === n - 1 ? 5 : 0));
  expect(told(run, detailOf(run, { added }))[2]).toMatch(/changes what MLP 1 reads, by 125% of its length\./);
});

test("a normalised difference is told in logits where they are known of every pair, else as its scale", () => {
  const lines = "a bb c|a dd c|x|yy\na ee c|a ff c|x|yy";
  const run = only([[KEY, 1]], { mode: "lines", lines, metric: "normalized-logit-diff" });
  Object.assign(run.table, { cleanMetric: 1, corruptedMetric: 0 });
  const one = predictionsFixture();
  const both = { ...NOTHING, predictions: [one, { ...one, logitDiff: { clean: 6, corrupted: -1.5 } }] };
  expect(told(run, both)[0]).toContain("logit of x less that of yy, the mean over 2 pairs, which is 7 in the clean run and −0.500 in the corrupted one. On the scale of the picture that is 1 and 0.");
  for (const known of [NOTHING, { ...NOTHING, predictions: [one] }]) {
    expect(told(run, known)[0]).toContain("logit of x less that of yy, the mean over 2 pairs, on a scale that is 1 in the clean run and 0 in the corrupted one.");
  }
});

test("a mean over pairs of different answers is named after none of them", () => {
  const run = only([[KEY, 1]], { mode: "lines", lines: "a bb c|a dd c|x|yy\na ee c|a ff c|zzz|yy" });
  expect(told(run)[0]).toContain("logit of the answer less that of the distractor, the mean over 2 pairs, which is");
});

test("a result from elsewhere is told without what it does not hold", () => {
  const run = only([[KEY, 1]]);
  const bare = { clean: [], corrupted: [], answer: [], distractor: [] };
  const request = requestOf(run.request.model, run.request.settings, pairsOf(run.request.settings), [bare]);
  const table = Object.assign(run.table, { cleanMetric: Number.NaN, metricName: "loss" });
  const [asked, strongest] = told({ ...run, request, table });
  expect(asked).toBe("The prompts are not part of this result.\nA path is measured by how far it moves the loss, of which the two runs’ own values are not known.");
  expect(strongest).toContain("That moves the metric by +1.");
});

const GPT2: ModelRef = { kind: "hub", repo: "openai-community/gpt2", revision: null };
const IOI = { clean: "When Mary and John went to the store, John gave a drink to", corrupted: "When Mary and John went to the store, Mary gave a drink to", answer: "Mary", distractor: "John" };

test("where another path is the strongest, those that the literature describes are told by their numbers", () => {
  const ids = new Map<string, number>();
  const token = (text: string) => ({ id: ids.get(text) ?? ids.set(text, ids.size).get(text)!, text });
  const base = runOf(IOI, GPT2);
  const [{ clean, corrupted }] = [base.request.settings];
  const tokens = { clean: clean.split(/(?= )/).map(token), corrupted: corrupted.split(/(?= )/).map(token), answer: [token(" Mary")], distractor: [token(" John")] };
  const request = requestOf(base.request.model, base.request.settings, pairsOf(base.request.settings), [tokens]);
  const known = { from: "a8.h6", to: "a9.h9<q>" };
  const senders = ["input", "a8.h6"];
  const receivers = ["a9.h9<q>", "a9.h9<v>", "logits"];
  const values = [0, 0, 0, 0.5, 1, 0.2].map((effect) => base.table.corruptedMetric + effect);
  const table = Object.assign({ ...base.table }, { senders, receivers, values: Float32Array.from(values), state: Uint8Array.from(values, () => 3), stdDev: new Float32Array(6).fill(Number.NaN), version: 0 });
  const run = finished({ ...base, request, table }, null);
  const text = told(run)[1];
  expect(text).toContain("Wang et al. (2022) call 8.6 an S-inhibition head and 9.9 a name mover.");
  expect(text).toContain("The strongest of the paths that they describe, from S-inhibition heads into the queries of name movers, is 8.6 → 9.9 query here: +0.500.");
  table.values[placeOf(table, known)] = table.corruptedMetric + 3;
  table.version += 1;
  expect(told(finished(run, null))[1]).not.toContain("of the paths that they describe");
  expect(edgeAt(table, known)?.effect).toBeCloseTo(3);
});
