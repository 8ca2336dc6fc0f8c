import { describe, expect, it } from "vitest";
import type { EdgeDetail, EdgeName, Token } from "../engine/types";
import { type Looked, plain, sentenceOf, type Told } from "./sentence";

const token = (text: string, id = text.length): Token => ({ id, text });
const tokens = (text: string): Token[] => text.split(" ").map((each, i) => token(each, i));

const CLEAN = tokens("<|endoftext|> fox lamp river crown fox");
const CORRUPTED = tokens("<|endoftext|> dragon lamp river crown fox");

const EDGE: EdgeName = { from: "a0.h3", to: "a1.h3<k>" };

function told(change: Partial<Omit<Told, "table">> & { table?: Partial<Told["table"]> } = {}): Told {
  const { table, ...rest } = change;
  return {
    edge: EDGE,
    table: { metric: "logit-diff", direction: "denoise", patch: "resample", cleanMetric: 9.2307, corruptedMetric: -0.2812, ...table },
    value: 5.3166,
    isExact: true,
    stdDev: Number.NaN,
    noise: 1e-4,
    pairs: 1,
    answers: [token("lamp")],
    distractors: [token("spoon")],
    prompt: CLEAN,
    logitDiff: null,
    looked: null,
    ...rest,
  };
}

const say = (change: Parameters<typeof told>[0] = {}): string => plain(sentenceOf(told(change)));
/** What it says of the effect alone. */
const effect = (change: Parameters<typeof told>[0] = {}): string => say(change).replace(/^.*?\. /, "");

describe("what the path is", () => {
  const first = (from: string, to: string) => say({ edge: { from, to } }).match(/^.*?\.(?= [A-Z])/)![0];

  it("goes by the receiver's input", () => {
    expect(first("a8.h6", "a9.h9<q>")).toBe("8.6 tells 9.9 where to look.");
    expect(first("a0.h3", "a1.h3<k>")).toBe("0.3 tells 1.3 what it can find.");
    expect(first("m3", "a9.h9<v>")).toBe("MLP 3 tells 9.9 what to copy.");
    expect(first("input", "a0.h3<v>")).toBe("The token embedding tells 0.3 what to copy.");
    expect(first("a0.h0", "m0")).toBe("0.0 gives MLP 0 something to work on.");
    expect(first("input", "m0")).toBe("The token embedding gives MLP 0 something to work on.");
    expect(first("a9.h9", "logits")).toBe("What 9.9 writes goes straight to the output.");
    expect(first("m11", "logits")).toBe("What MLP 11 writes goes straight to the output.");
    expect(first("input", "logits")).toBe("What the token embedding writes goes straight to the output.");
  });

  it("tells nothing where nothing changes", () => {
    const still = { value: -0.28121 };
    expect(say({ ...still })).toMatch(/^The key of 1\.3 reads what 0\.3 writes\. /);
    expect(say({ ...still, edge: { from: "input", to: "m0" } })).toMatch(/^MLP 0 reads what the token embedding writes\. /);
    expect(say({ ...still, edge: { from: "m0", to: "logits" } })).toMatch(/^What MLP 0 writes goes straight to the output\. /);
  });
});

describe("denoising a preference", () => {
  it("returns a share of what was lost", () => {
    expect(effect()).toBe(
      "With this one path taken from the clean run, 59% of the lost preference for lamp over spoon returns: −0.28 → +5.32 logits, of +9.23 in the clean run.",
    );
    expect(sentenceOf(told())).toContainEqual({ text: "59%", as: "raises" });
  });

  it("falls where it is pushed further away", () => {
    expect(effect({ value: -1.2 })).toBe(
      "With this one path taken from the clean run, the preference for lamp over spoon falls: −0.28 → −1.20 logits, further away from +9.23 in the clean run.",
    );
    expect(sentenceOf(told({ value: -1.2 }))).toContainEqual({ text: "falls", as: "lowers" });
  });

  it("returns all of it, or more", () => {
    expect(effect({ value: 9.23 })).toContain(" run, all of the lost preference for lamp over spoon returns: −0.28 → +9.23 logits, of +9.23 ");
    expect(effect({ value: 11 })).toContain(" run, more than all of the lost preference for lamp over spoon returns (119%): −0.28 → +11.00 logits, past +9.23 in the clean run.");
  });

  it("has a word for small shares, and digits for small changes", () => {
    expect(effect({ value: -0.2769 })).toContain("under 1% of the lost preference for lamp over spoon returns: −0.2812 → −0.2769 logits, of +9.23 ");
    expect(effect({ value: -0.2902 })).toContain("the preference for lamp over spoon falls: −0.2812 → −0.2902 logits, further away ");
    expect(effect({ value: 0.1 })).toContain(" 4% of the lost preference");
    expect(effect({ value: -0.28121 })).toBe(
      "With this one path taken from the clean run, nothing changes: the preference for lamp over spoon stays at −0.28 logits.",
    );
  });

  it("speaks of no loss where the clean run has no preference, or less of it", () => {
    const never = { table: { cleanMetric: -1, corruptedMetric: -5 } };
    expect(effect({ ...never, value: -2 })).toBe(
      "With this one path taken from the clean run, the logit of lamp less that of spoon rises: −5.00 → −2.00, 75% of the way to −1.00 in the clean run.",
    );
    expect(effect({ ...never, value: -6 })).toMatch(/the logit of lamp less that of spoon falls: −5\.00 → −6\.00, further away from −1\.00 in the clean run\.$/);
    expect(effect({ ...never, value: 1 })).toMatch(/rises: −5\.00 → \+1\.00, 150% of the way, past −1\.00 in the clean run\.$/);
    expect(effect({ table: { cleanMetric: 1, corruptedMetric: 3 }, value: 2.5 })).toMatch(/ falls: \+3\.00 → \+2\.50, 25% of the way to \+1\.00 in the clean run\.$/);
  });

  it("has no share where both runs are equal, or nearly", () => {
    expect(effect({ table: { cleanMetric: 2, corruptedMetric: 2 }, value: 2.5 })).toBe(
      "With this one path taken from the clean run, the logit of lamp less that of spoon rises: +2.00 → +2.50; both runs have +2.00.",
    );
    const near = effect({ table: { cleanMetric: 2.01, corruptedMetric: 2 }, value: 2.5 });
    expect(near).toContain("more than all of the lost preference for lamp over spoon returns: +2.00 → +2.50 logits, past +2.01 ");
    expect(near).not.toContain("%");
  });
});

describe("noising", () => {
  const noise = { direction: "noise" } as const;

  it("falls on the way to the corrupted run", () => {
    expect(effect({ table: noise, value: 7.06 })).toBe(
      "With this one path taken from the corrupted run, the preference for lamp over spoon falls: +9.23 → +7.06 logits, 23% of the way to −0.28 in the corrupted run.",
    );
    expect(sentenceOf(told({ table: noise, value: 7.06 }))).toContainEqual({ text: "23%", as: "lowers" });
    expect(effect({ table: noise, value: -1.5 })).toContain("the preference for lamp over spoon falls: +9.23 → −1.50 logits, 113% of the way, past −0.28 in the corrupted run.");
    expect(effect({ table: noise, value: -0.281 })).toContain(" falls: +9.23 → −0.28 logits, all the way to −0.28 in the corrupted run.");
  });

  it("gives a share of the way, whatever the corrupted run has", () => {
    const swapped = { ...noise, cleanMetric: 3.4, corruptedMetric: -3.4 };
    expect(effect({ table: swapped, value: 0 })).toContain(" falls: +3.40 → 0 logits, 50% of the way to −3.40 in the corrupted run.");
    const kept = { ...noise, cleanMetric: 9, corruptedMetric: 5 };
    expect(effect({ table: kept, value: 5 })).toContain(" falls: +9.00 → +5.00 logits, all the way to +5.00 in the corrupted run.");
    const prob = { ...noise, metric: "prob", cleanMetric: 0.8, corruptedMetric: 0.2 } as const;
    expect(effect({ table: prob, value: 0.5 })).toContain("the probability of lamp falls: 80.0% → 50.0%, 50% of the way to 20.0% in the corrupted run.");
  });

  it("may raise it, or change nothing", () => {
    expect(effect({ table: noise, value: 9.8 })).toBe(
      "With this one path taken from the corrupted run, the preference for lamp over spoon rises: +9.23 → +9.80 logits, further away from −0.28 in the corrupted run.",
    );
    expect(effect({ table: noise, value: 9.2307 })).toContain("nothing changes: the preference for lamp over spoon stays at +9.23 logits.");
  });
});

describe("what goes in", () => {
  it("is zero, in the run that is patched", () => {
    expect(effect({ table: { patch: "zero" } })).toMatch(/^With this one path set to zero in the corrupted run, 59% of the lost preference /);
    expect(effect({ table: { patch: "zero", direction: "noise" }, value: 7 })).toMatch(/^With this one path set to zero in the clean run, the preference .* falls: .*, 23% of the way to /);
  });

  it("is the mean of the other runs, which one pair has but one of", () => {
    const mean = { patch: "mean" } as const;
    expect(effect({ table: mean, pairs: 30, stdDev: 0.4 })).toMatch(/^On average over 30 pairs, with this one path set to the mean over the 30 clean runs, /);
    expect(effect({ table: mean })).toMatch(/^With this one path taken from the clean run, /);
  });
});

describe("other metrics", () => {
  const years = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => token(String(first + i).padStart(2, "0")));
  const above = years(42, 99);
  const below = years(0, 41);
  const prompt = tokens("the war lasted from the year 17 41 to the year 17");

  it("a probability, of one answer or of a set", () => {
    const prob = { metric: "prob", cleanMetric: 0.99, corruptedMetric: 0.0021 } as const;
    expect(effect({ table: prob, value: 0.611 })).toBe(
      "With this one path taken from the clean run, 62% of the lost probability of lamp returns: 0.2% → 61.1%, of 99.0% in the clean run.",
    );
    expect(effect({ table: prob, value: 0.611, answers: above, prompt })).toContain(" of the lost probability of the years above 41 returns: ");
    expect(effect({ table: prob, value: 0.611, answers: above })).toContain("probability of the numbers above 41");
    expect(effect({ table: prob, value: 0.611, answers: ["is", "was"].map((t) => token(t)) })).toContain("probability of is or was returns");
    expect(effect({ table: prob, value: 0.611, answers: ["is", "was", "has", "had"].map((t) => token(t)) })).toContain("probability of the 4 answers returns");
  });

  it("a log-probability, in nats", () => {
    const table = { metric: "log-prob", cleanMetric: -0.01, corruptedMetric: -6.2 } as const;
    expect(effect({ table, value: -3.105 })).toContain("50% of the lost log-probability of lamp returns: −6.20 → −3.10 nats, of −0.01 in the clean run.");
  });

  it("the lead of one set of answers over another", () => {
    const table = { metric: "prob-diff", cleanMetric: 0.974, corruptedMetric: 0.185 } as const;
    const sets = { answers: above, distractors: below, prompt };
    expect(effect({ table, ...sets, value: 0.745 })).toBe(
      "With this one path taken from the clean run, 71% of the lost lead in probability of the years above 41 over the years up to 41 returns: +18.5% → +74.5%, of +97.4% in the clean run.",
    );
    expect(effect({ table: { ...table, cleanMetric: -0.1, corruptedMetric: -0.9 }, ...sets, value: -0.5 })).toContain(
      "the probability of the years above 41 less that of the years up to 41 rises: −90.0% → −50.0%, 50% of the way to −10.0% ",
    );
  });

  it("a divergence has no share, and less of it is nearer", () => {
    const kl = { metric: "kl", cleanMetric: 0, corruptedMetric: 6.2 } as const;
    expect(effect({ table: kl, value: 2.1 })).toBe(
      "With this one path taken from the clean run, the output moves nearer to that of the clean run, by KL divergence: 6.20 → 2.10 nats.",
    );
    expect(sentenceOf(told({ table: kl, value: 2.1 }))).toContainEqual({ text: "nearer to", as: "lowers" });
    expect(effect({ table: { ...kl, direction: "noise" }, value: 1.2 })).toContain("moves away from that of the clean run, by KL divergence: 0 → 1.20 nats, as against 6.20 in the corrupted run.");
    expect(effect({ table: kl, value: 6.20001 })).toContain("nothing changes: the KL divergence from the clean run stays at 6.20 nats.");
  });

  it("a normalised logit difference is told in logits where they are known", () => {
    const table = { metric: "normalized-logit-diff", cleanMetric: 1, corruptedMetric: 0 } as const;
    const logitDiff = { clean: 9.2307, corrupted: -0.2812 };
    expect(effect({ table, value: 0.5885, logitDiff })).toBe(effect());
    expect(effect({ table, value: 0.5885 })).toBe(
      "With this one path taken from the clean run, the logit of lamp less that of spoon moves 59% of the way to the clean run.",
    );
    expect(effect({ table, value: -0.2 })).toMatch(/the logit of lamp less that of spoon moves away from the clean run\.$/);
    expect(effect({ table, value: 1.2 })).toMatch(/moves 120% of the way to the clean run\.$/);
    expect(effect({ table, value: 0 })).toContain("nothing changes: the logit of lamp less that of spoon stays as in the corrupted run.");
    // The clean run may be the one that prefers the distractor.
    expect(effect({ table, value: 0.5, logitDiff: { clean: -4, corrupted: 2 } })).toContain("the logit of lamp less that of spoon falls: +2.00 → −1.00, 50% of the way to −4.00 ");
  });
});

describe("a metric of the reader's own", () => {
  const own = { metricName: "IOI score" };

  it("is told by its name and its numbers alone", () => {
    expect(effect({ table: own })).toBe("With this one path taken from the clean run, IOI score rises: −0.28 → +5.32, 59% of the way to +9.23 in the clean run.");
    expect(effect({ table: { ...own, metric: "kl" } })).toContain("IOI score rises: ");
  });

  it("or by its change, where neither run's is known", () => {
    const table = { ...own, cleanMetric: Number.NaN, corruptedMetric: 0 };
    expect(effect({ table, value: -0.1234 })).toBe("With this one path taken from the clean run, IOI score changes by −0.123.");
    expect(effect({ table, value: 1e-6 })).toBe("With this one path taken from the clean run, nothing changes: IOI score stays as it was.");
    expect(effect({ table: { ...table, direction: "noise", cleanMetric: 0, corruptedMetric: Number.NaN }, value: 2 })).toContain("taken from the corrupted run, IOI score changes by +2.");
  });
});

describe("estimates and several pairs", () => {
  it("says what is an estimate", () => {
    expect(effect({ isExact: false })).toMatch(/^By estimate, with this one path taken from the clean run, 59% of /);
    expect(effect({ isExact: false, pairs: 30 })).toMatch(/^By estimate, on average over 30 pairs, with this one path taken from the clean runs, 59% of /);
  });

  it("gives a mean with its spread, and answers of their own no name", () => {
    expect(effect({ pairs: 30, stdDev: 1.234, answers: null, distractors: null })).toBe(
      "On average over 30 pairs, with this one path taken from the clean runs, 59% of the lost preference for the answer over the distractor returns: −0.28 → +5.32 logits (± 1.2 from pair to pair), of +9.23 in the clean runs.",
    );
  });

  it("a normalised spread is told in logits, too", () => {
    const table = { metric: "normalized-logit-diff", cleanMetric: 1, corruptedMetric: 0 } as const;
    expect(effect({ table, value: 0.5, pairs: 2, stdDev: 0.1, logitDiff: { clean: 8, corrupted: -2 } })).toContain("(± 1 from pair to pair)");
    const prob = { metric: "prob", cleanMetric: 0.9, corruptedMetric: 0.1 } as const;
    expect(effect({ table: prob, value: 0.5, pairs: 2, stdDev: 0.123 })).toContain("10.0% → 50.0% (± 12% from pair to pair), of 90.0% ");
  });
});

/** A pattern in which every token looks at itself, but for the rows that are given. */
function pattern(rows: Record<number, number[]>): number[] {
  return CLEAN.flatMap((_, query) => rows[query] ?? CLEAN.map((_, key) => (key === query ? 1 : 0)));
}

const ZEROS = CLEAN.map(() => 0);

function look(change: Partial<EdgeDetail> = {}, rest: Partial<Looked> = {}): Looked {
  const before = pattern({ 5: [0.002, 0, 0.002, 0, 0.99, 0.006] });
  const detail: EdgeDetail = {
    src: null,
    dst: { pattern: { clean: pattern({}), corrupted: before }, attribution: { clean: [], corrupted: [] } },
    patched: pattern({ 5: [0, 0, 0.99, 0, 0.008, 0.002] }),
    added: [0, 0, 2, 0, 0, 0],
    length: [10, 10, 10, 10, 10, 10],
    metric: { clean: 9.2307, corrupted: -0.2812 },
    value: 5.3166,
    moved: [],
    tokens: [],
    warnings: [],
    ...change,
  };
  return { pair: 0, detail, tokens: { clean: CLEAN, corrupted: CORRUPTED }, position: 5, logitDiff: null, ...rest };
}

describe("how it does that", () => {
  const how = (change: Parameters<typeof told>[0]): string => say(change).replace(/^.*? run\. /, "");

  it("a query or a key turns attention from one token to another", () => {
    expect(how({ looked: look() })).toBe("Reading at fox, 1.3 turns from crown (99% → 0.8%) to lamp (0.2% → 99%).");
  });

  it("or moves a part of it", () => {
    const before = pattern({ 5: [0, 0, 0.1, 0.3, 0.52, 0.08] });
    const patched = pattern({ 5: [0, 0, 0.27, 0.3, 0.35, 0.08] });
    const looked = look({ dst: { ...look().detail.dst!, pattern: { clean: patched, corrupted: before } }, patched });
    expect(how({ looked })).toBe("Reading at fox, 1.3 looks more at lamp (10% → 27%) and less at crown (52% → 35%).");
    const spread = pattern({ 5: [0.005, 0.005, 0.12, 0.3, 0.505, 0.065] });
    expect(how({ looked: look({ ...looked.detail, patched: spread }) })).toBe("Reading at fox, 1.3 looks more at lamp (10% → 12%) and less at crown (52% → 51%).");
  });

  it("or none that is worth a word", () => {
    const { corrupted } = look().detail.dst!.pattern;
    expect(how({ looked: look({ patched: corrupted }) })).toBe("Reading at fox, 1.3 looks where it looked before: no token gains or loses a point of attention.");
  });

  it("is told from where it changes most, if that is not where the metric reads", () => {
    const dst = { pattern: { clean: pattern({}), corrupted: pattern({}) }, attribution: { clean: [], corrupted: [] } };
    const patched = pattern({ 3: [1, 0, 0, 0, 0, 0], 5: [0, 0, 0, 0, 0.1, 0.9] });
    expect(how({ looked: look({ dst, patched }) })).toBe("Reading at river, 1.3 turns from river (100% → 0%) to the start (0% → 100%).");
    // Half as much is enough where the metric reads.
    const half = pattern({ 3: [1, 0, 0, 0, 0, 0], 5: [0, 0, 0, 0, 0.6, 0.4] });
    expect(how({ looked: look({ dst, patched: half }) })).toMatch(/^Reading at fox, 1\.3 turns from fox/);
  });

  it("tells words apart that come twice", () => {
    const noise = { direction: "noise" } as const;
    const looked = look({ dst: { ...look().detail.dst!, pattern: { corrupted: pattern({}), clean: pattern({ 5: [0, 0.9, 0.1, 0, 0, 0] }) } }, patched: pattern({ 5: [0, 0.2, 0.8, 0, 0, 0] }) });
    expect(how({ table: noise, value: 7, looked })).toBe("Reading at the second fox, 1.3 turns from the first fox (90% → 20%) to lamp (10% → 80%).");
  });

  it("a value leaves attention as it was", () => {
    const edge = { from: "a0.h3", to: "a1.h3<v>" };
    const corrupted = pattern({ 5: [0, 0, 0.99, 0, 0.01, 0] });
    const looked = look({ dst: { ...look().detail.dst!, pattern: { clean: corrupted, corrupted } }, patched: corrupted, added: [0, 0, 3.4, 0, 0, 0] });
    expect(how({ edge, looked })).toBe("Reading at fox, 1.3 looks where it looked, 99% at lamp; the value it copies there changes by 34% of its length.");
    expect(say({ edge, looked: look({ ...looked.detail, added: [0, 0, 0.05, 0, 0, 0] }) })).toMatch(/in the clean run\.$/);
  });

  it("an MLP and the output read something else", () => {
    const bare = { src: null, dst: null, patched: [] };
    expect(how({ edge: { from: "input", to: "m0" }, looked: look({ ...bare, added: [0, 8.7, 2, 0, 0, 1] }) })).toBe("At dragon, this changes what MLP 0 reads by 87% of its length.");
    // The output reads only where the metric does.
    expect(how({ edge: { from: "m0", to: "logits" }, looked: look({ ...bare, added: [0, 8.7, 2, 0, 0, 1.2] }) })).toBe("At fox, this changes what the output reads by 12% of its length.");
    expect(say({ edge: { from: "m0", to: "logits" }, looked: look({ ...bare, added: [0, 8.7, 2, 0, 0, 0.05] }) })).toMatch(/in the clean run\.$/);
  });

  it("may be that both runs write the same", () => {
    const looked = look({ added: ZEROS, patched: look().detail.dst!.pattern.corrupted });
    expect(say({ value: -0.2812, looked })).toMatch(/stays at −0\.28 logits\. What 0\.3 writes is the same in both runs\.$/);
    // Zero in place of a write is another thing.
    expect(say({ value: -0.2812, table: { patch: "zero" }, looked })).not.toContain("the same in both runs");
  });

  it("is told of one pair among several", () => {
    const looked = look({ value: 3 }, { pair: 2 });
    expect(say({ pairs: 30, looked })).toMatch(/On pair 3 alone: −0\.28 → \+3\.00 logits\. Reading on pair 3 at fox, 1\.3 turns from crown /);
    expect(say({ pairs: 30, looked: look({ added: ZEROS }, { pair: 2 }) })).toMatch(/On pair 3 what 0\.3 writes is the same in both runs\.$/);
  });
});

describe("the parts", () => {
  it("are nodes, tokens and values, and add up to the text", () => {
    const sentence = sentenceOf(told({ looked: look() }));
    const as = (kind: string) => sentence.flatMap((part) => (typeof part !== "string" && part.as === kind ? [part.text] : []));
    expect(as("node")).toEqual(["0.3", "1.3"]);
    expect(as("token")).toEqual(["lamp", "spoon", "fox", "crown", "lamp"]);
    expect(as("value")).toEqual(["+5.32"]);
    // A leading space is of the tokenizer, not of the sentence.
    expect(say({ answers: [token(" Mary")], distractors: [token(" John")] })).toContain("preference for Mary over John");
  });
});
