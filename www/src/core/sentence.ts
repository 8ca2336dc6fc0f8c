// What an edge does, in plain English: made of its numbers, and saying nothing that they do not hold.
//
//     0.3 tells 1.3 what it can find.                                            what the path is
//     With this one path taken from the clean run, 59% of the lost preference
//     for lamp over spoon returns: −0.28 → +5.32 logits, of +9.23 in the clean run.   what patching it does
//     Reading at fox, 1.3 turns from crown (99% → 0.8%) to lamp (0.2% → 99%).    how, where one pair was looked at
//
// Something is "lost" and "returns" only where the clean run is the better one and, for a preference, has it at all.
// Shares are of the way from the run that is patched to the other one, never of what one run has: what is lost on the way
// may be half of a preference, or twice as much. Where both runs are equal there is no share.

import type { Both, EdgeDetail, EdgeName, Token } from "../engine/types";
import { addedShares, LEAST_SHIFT, moves, pickedUp, rowOf, shiftOf, telling } from "./attention";
import { runsOf } from "./direction";
import { nodeName, nodeOf, PORT_NAMES, shortLabel } from "./node";
import { percent, percents } from "./percent";
import { baseOf, hasBaselines, type Table } from "./table";
import { formatEffect } from "../lib/format";
import { isStart, nameOfSet, ordinalAt, type SetName, word } from "./words";

/** Words, and what they are: a node, a token, the share that counts, a value. */
export type Part = string | { text: string; as: "node" | "token" | "raises" | "lowers" | "value" };
export type Sentence = Part[];

/** One pair, looked at closely. */
export interface Looked {
  /** Which of the pairs, from 0. */
  pair: number;
  detail: EdgeDetail;
  tokens: Both<readonly Token[]>;
  /** Where the metric reads. */
  position: number;
  /** Logits of the answer less those of the distractor, on this pair; null where they are not known. */
  logitDiff: Both<number> | null;
}

export interface Told {
  edge: EdgeName;
  /** What was measured, and both baselines: means over the pairs. */
  table: Pick<Table, "metric" | "metricName" | "direction" | "patch" | "cleanMetric" | "corruptedMetric">;
  /** The metric of the patched run; its effect where those of both runs are not known. */
  value: number;
  isExact: boolean;
  /** Of the effect, over the pairs; NaN for one pair. */
  stdDev: number;
  /** Effects below this are rounding. */
  noise: number;
  pairs: number;
  /** The tokens of answer and distractor; null where the pairs have different ones. */
  answers: readonly Token[] | null;
  distractors: readonly Token[] | null;
  /** The clean prompt of a pair: it says whether numbers are years. */
  prompt: readonly Token[];
  /** Logits of the answer less those of the distractor, mean over the pairs; null where they are not known. */
  logitDiff: Both<number> | null;
  looked: Looked | null;
}

/** A share of the way beyond this says only how near the two runs are. */
const MOST_SHARE = 10;
/** What is added to an input that is less than this of its length is rounding. */
const NOTHING_ADDED = 1e-4;
/** A change of an input that is worth a word: a hundredth of its length. */
const LEAST_ADDED = 0.01;

export function sentenceOf(told: Told): Sentence {
  const parts = [...path(told), " ", ...outcome(told), ...onOnePair(told), ...evidence(told)];
  // Neighbouring words are one part.
  return parts.reduce<Sentence>((all, part) => {
    const last = all.at(-1);
    if (typeof part === "string" && typeof last === "string") all[all.length - 1] = last + part;
    else if (part !== "") all.push(part);
    return all;
  }, []);
}

/** As it is read aloud, or copied. */
export const plain = (sentence: Sentence): string =>
  sentence.map((part) => (typeof part === "string" ? part : part.text)).join("");

const node = (text: string): Part => ({ text, as: "node" });
const token = (text: string): Part => ({ text, as: "token" });
const value = (text: string): Part => ({ text, as: "value" });

const ofRun = ({ cleanMetric, corruptedMetric }: Told["table"], run: "clean" | "corrupted"): number =>
  run === "clean" ? cleanMetric : corruptedMetric;

const PORT_MEANS = { q: "where to look", k: "what it can find", v: "what to copy" };

/** What the path is, whatever it does. */
function path({ edge: { from, to }, ...told }: Told): Sentence {
  const isInput = from === "input";
  const sender: Part = isInput ? "the token embedding" : node(shortLabel(from));
  const { kind, port } = nodeName(to);
  const receiver = node(shortLabel(nodeOf(to)));
  if (kind === "logits") return ["What ", sender, " writes goes straight to the output."];
  // What changes nothing tells nothing.
  if (isStill(told)) return [...(port ? [`The ${PORT_NAMES[port]} of `, receiver] : [receiver]), " reads what ", sender, " writes."];
  const first: Part = isInput ? "The token embedding" : sender;
  if (!port) return [first, " gives ", receiver, " something to work on."];
  return [first, " tells ", receiver, ` ${PORT_MEANS[port]}.`];
}

const isStill = ({ value: now, table, noise }: Pick<Told, "value" | "table" | "noise">): boolean =>
  Math.abs(now - baseOf(table)) < noise;

/** Which path is changed, and how. */
function lead({ table, pairs, isExact }: Told): string {
  const { base, other } = runsOf(table);
  const many = pairs > 1;
  const s = many ? "s" : "";
  const how = {
    // With one pair, the mean over the pairs is what the other run has.
    resample: `taken from the ${other} run${s}`,
    mean: many ? `set to the mean over the ${pairs} ${other} runs` : `taken from the ${other} run`,
    zero: `set to zero in the ${base} run${s}`,
  }[table.patch];
  const before = [...(isExact ? [] : ["by estimate"]), ...(many ? [`on average over ${pairs} pairs`] : [])];
  const text = [...before, `with this one path ${how}`].join(", ");
  return `${text[0]!.toUpperCase()}${text.slice(1)}, `;
}

/** What patching it does to the metric. */
function outcome(told: Told): Sentence {
  const { table, noise, pairs } = told;
  const { base, other } = runsOf(table);
  const s = pairs > 1 ? "s" : "";
  const isFramed = isLost(told);
  const { framed, neutral } = subjectOf(told);
  const subject: Sentence = isFramed ? ["the ", ...framed] : neutral;
  const written = writtenOf(told);
  // What is called a logit, or a probability, needs no unit.
  const isNamed = NAMED.has(table.metric) || table.metricName !== undefined;
  const unit = written && (isFramed || !isNamed) ? written.unit : "";
  if (isStill(told)) {
    const stays = !hasBaselines(table) ? "stays as it was" : written ? `stays at ${written.base}${unit}` : `stays as in the ${base} run${s}`;
    return [lead(told), "nothing changes: ", ...subject, ` ${stays}.`];
  }
  const effect = told.value - baseOf(table);
  const as = effect < 0 ? "lowers" : "raises";
  const spread = spreadOf(told);
  if (!hasBaselines(table)) {
    const by = formatEffect(effect, noise);
    return [lead(told), ...subject, " changes by ", { text: by, as }, ...spread, "."];
  }
  const arrow: Sentence = written ? [": ", ...arrowOf({ ...written, unit }), ...spread] : [];
  /** Where the other run is, beside the patched one. */
  const beside = (words: string): string => (written ? `, ${words} ${written.other} in the ${other} run${s}.` : ".");
  if (table.metric === "kl" && table.metricName === undefined) {
    // The clean run's distance from itself is 0 by definition.
    const end = other === "corrupted" ? beside("as against") : ".";
    return [lead(told), "the output moves ", { text: effect < 0 ? "nearer to" : "away from", as }, " that of the clean run, by KL divergence", ...arrow, end];
  }
  const gap = ofRun(table, other) - ofRun(table, base);
  const share = Math.abs(gap) < noise ? null : effect / gap;
  const isTold = share !== null && Math.abs(share) <= MOST_SHARE;
  const size = (text = shareWords(Math.abs(share!))): Part => ({ text, as });
  if (isFramed && table.direction === "denoise" && share !== null && share > 0) {
    // What the corrupted run has lost is all that lies between the two runs; what the clean one has may be more, or less.
    const of: Sentence = [" of the lost ", ...framed, " returns"];
    if (isAll(share)) return [lead(told), size("all"), ...of, ...arrow, beside("of")];
    if (share < 1) return [lead(told), size(), ...of, ...arrow, beside("of")];
    const much: Sentence = isTold ? [" (", size(), ")"] : [];
    return [lead(told), size("more than all"), ...of, ...much, ...arrow, beside("past")];
  }
  const moved: Sentence = [lead(told), ...subject, " ", size(verbOf(told, effect)), ...arrow];
  if (share === null) return [...moved, written ? `; both runs have ${written.base}.` : "."];
  if (share < 0) return [...moved, written ? beside("further away from") : ` away from the ${other} run${s}.`];
  const way: Sentence = isAll(share) ? [size("all"), " the way"] : [size(), " of the way"];
  const distance: Sentence = isTold ? [written ? ", " : " ", ...way] : [];
  const end = share > 1 && !isAll(share) && written ? `, past ${written.other} in` : written ? ` to ${written.other} in` : " to";
  return [...moved, ...distance, `${end} the ${other} run${s}.`];
}

/** A normalised metric rises towards the clean run, whichever way the logits go. */
function verbOf({ table: { metric }, logitDiff }: Told, effect: number): string {
  if (metric !== "normalized-logit-diff") return effect < 0 ? "falls" : "rises";
  if (!logitDiff) return "moves";
  return effect < 0 === logitDiff.clean > logitDiff.corrupted ? "falls" : "rises";
}

/** Metrics whose subject says what its numbers are, where it is not spoken of as something to have. */
const NAMED: ReadonlySet<Table["metric"]> = new Set(["logit-diff", "normalized-logit-diff", "prob-diff"]);

/** A share that is less is not told in percent. */
const LITTLE = 0.01;
/** Whether a share is as good as all. */
const isAll = (share: number): boolean => Math.abs(share - 1) < 0.005;

/** A share of the way: two digits, and no zero where there is something. */
function shareWords(share: number): string {
  if (share < LITTLE) return "under 1%";
  if (share < 0.0995) return `${Number((100 * share).toPrecision(2))}%`;
  return `${Math.round(100 * share)}%`;
}

/** Whether the corrupted run has lost something: the clean one is better, and has what is spoken of. */
function isLost({ table: { metric, metricName, cleanMetric, corruptedMetric }, logitDiff, noise }: Told): boolean {
  // Only the numbers of a metric of the reader's own are known.
  if (metricName !== undefined) return false;
  switch (metric) {
    case "kl":
      return false;
    case "normalized-logit-diff":
      // The corrupted run is at 0 and the clean one at 1, whichever of them prefers the answer.
      return logitDiff !== null && logitDiff.clean > logitDiff.corrupted && logitDiff.clean > 0;
    case "logit-diff":
    case "prob-diff":
      return cleanMetric - corruptedMetric > noise && cleanMetric > 0;
    default:
      return cleanMetric - corruptedMetric > noise;
  }
}

/** What is measured: as something that one can have and lose, and as a quantity. */
function subjectOf({ table: { metric, metricName }, answers, distractors, prompt }: Told): { framed: Sentence; neutral: Sentence } {
  if (metricName !== undefined) return { framed: [metricName], neutral: [metricName] };
  const set = (tokens: readonly Token[] | null, kind: "answer" | "distractor") =>
    inWords(tokens ? nameOfSet(tokens, prompt, kind) : { phrase: `the ${kind}` });
  const [answer, distractor] = [set(answers, "answer"), set(distractors, "distractor")];
  const isKnown = answers?.length === 1 && distractors?.length === 1;
  switch (metric) {
    case "logit-diff":
    case "normalized-logit-diff": {
      const framed = ["preference for ", ...answer, " over ", ...distractor];
      const neutral = isKnown ? ["the logit of ", ...answer, " less that of ", ...distractor] : ["the logit difference"];
      return { framed, neutral };
    }
    case "prob-diff":
      return {
        framed: ["lead in probability of ", ...answer, " over ", ...distractor],
        neutral: ["the probability of ", ...answer, " less that of ", ...distractor],
      };
    case "kl":
      return { framed: ["KL divergence"], neutral: ["the KL divergence from the clean run"] };
    default: {
      const quantity = metric === "prob" ? "probability" : "log-probability";
      return { framed: [`${quantity} of `, ...answer], neutral: [`the ${quantity} of `, ...answer] };
    }
  }
}

/** Words as tokens, with “or” between them. */
function inWords(name: SetName): Sentence {
  if ("phrase" in name) return [name.phrase];
  return name.words.flatMap((each, i) => [...(i === 0 ? [] : [i === name.words.length - 1 ? " or " : ", "]), token(each)]);
}

/** The metric of the run that is patched, of the patched one and of the other one, as they are written. */
export interface Written {
  base: string;
  now: string;
  other: string;
  unit: string;
}

/** The three values; null where those of both runs are not known, or of a normalised metric the logits. */
export const writtenOf = (told: Told): Written | null =>
  hasBaselines(told.table) ? numbersOf(told, told.value, told.logitDiff) : null;

const arrowOf = ({ base, now, unit }: Written): Sentence => [`${base} → `, value(now), unit];

const UNITS = { "logit-diff": " logits", "normalized-logit-diff": " logits", "log-prob": " nats", kl: " nats", prob: "", "prob-diff": "" };

/** What 1 of the metric is in what is written: a normalised one is told in logits. */
const unitOf = (metric: Table["metric"], logitDiff: Both<number> | null): number =>
  metric === "normalized-logit-diff" && logitDiff ? Math.abs(logitDiff.clean - logitDiff.corrupted) : 1;

/** Told in percent; a metric of the reader's own may be no share, whatever it is called by. */
const isShareOf = ({ metric, metricName }: Told["table"]): boolean =>
  (metric === "prob" || metric === "prob-diff") && metricName === undefined;

/** Both runs and the patched one as they are written; null for a normalised metric whose logits are not known. */
function numbersOf({ table, noise }: Pick<Told, "table" | "noise">, now: number, logitDiff: Both<number> | null): Written | null {
  const { metric } = table;
  if (metric === "normalized-logit-diff" && !logitDiff) return null;
  const isShare = isShareOf(table);
  const scaled = (x: number) =>
    metric === "normalized-logit-diff" ? logitDiff!.corrupted + x * (logitDiff!.clean - logitDiff!.corrupted) : isShare ? 100 * x : x;
  const { base, other } = runsOf(table);
  const [a, b, c] = [ofRun(table, base), now, ofRun(table, other)].map(scaled) as [number, number, number];
  const isSigned = metric !== "prob" && metric !== "kl";
  const least = isShare ? 1 : Math.max(Math.abs(a), Math.abs(b)) >= 100 ? 1 : 2;
  // As many digits as the change needs for two.
  const needed = isStill({ value: now, table, noise }) ? least : 1 - Math.floor(Math.log10(Math.abs(b - a)));
  const decimals = Math.min(MOST_DECIMALS, Math.max(least, needed));
  const write = (x: number, places: number) => `${written(x, places, isSigned)}${isShare ? "%" : ""}`;
  return { base: write(a, decimals), now: write(b, decimals), other: write(c, least), unit: UNITS[metric] };
}

const MOST_DECIMALS = 6;

/** A number with a real minus sign, and none before zero. */
function written(x: number, decimals: number, isSigned: boolean): string {
  const text = Math.abs(x).toFixed(decimals);
  if (Number(text) === 0) return "0";
  return `${x < 0 ? "−" : isSigned ? "+" : ""}${text}`;
}

/** How much the effect differs between pairs. */
function spreadOf({ stdDev, isExact, pairs, table, logitDiff }: Told): Sentence {
  if (pairs < 2 || !isExact || Number.isNaN(stdDev)) return [];
  // Where logits are not written, neither are their spreads.
  if (table.metric === "normalized-logit-diff" && !logitDiff) return [];
  const isShare = isShareOf(table);
  const size = stdDev * (isShare ? 100 : unitOf(table.metric, logitDiff));
  return [` (± ${Number(size.toPrecision(2))}${isShare ? "%" : ""} from pair to pair)`];
}

/** The pair that is looked at, beside the mean over all. */
function onOnePair(told: Told): Sentence {
  const { looked, pairs, table, noise } = told;
  if (!looked || pairs < 2) return [];
  const { detail } = looked;
  const own = { ...table, cleanMetric: detail.metric.clean, corruptedMetric: detail.metric.corrupted };
  const written = numbersOf({ table: own, noise }, detail.value, looked.logitDiff);
  return written ? [` On pair ${looked.pair + 1} alone: `, ...arrowOf(written), "."] : [];
}

/** A token at a place of the run that is patched: `the second fox`. */
function named(tokens: readonly Token[], position: number): Sentence {
  if (isStart(tokens, position)) return ["the start"];
  const which = ordinalAt(tokens, position);
  return [...(which ? [`the ${which} `] : []), token(word(tokens[position]!))];
}

/** How it does that, on the pair that is looked at: attention, or what is read. */
function evidence({ edge: { from, to }, table, looked, pairs, ...told }: Told): Sentence {
  if (!looked) return [];
  const { detail, position } = looked;
  const { base } = runsOf(table);
  const tokens = looked.tokens[base];
  const added = addedShares(detail);
  const most = Math.max(0, ...added);
  const sender = from === "input" ? "the token embedding" : shortLabel(from);
  const on = pairs > 1 ? `on pair ${looked.pair + 1} ` : "";
  if (most < NOTHING_ADDED && table.patch === "resample") {
    const what = on ? `On pair ${looked.pair + 1} what ` : "What ";
    return [" ", what, from === "input" ? sender : node(sender), " writes is the same in both runs."];
  }
  const { kind, port } = nodeName(to);
  const receiver = shortLabel(nodeOf(to));
  if (kind !== "head" || !detail.dst) {
    // The output reads only where the metric does.
    const at = kind === "logits" ? position : added.indexOf(most);
    const size = added[at] ?? 0;
    if (size < LEAST_ADDED || isStill({ table, ...told })) return [];
    const reads = kind === "logits" ? "the output" : receiver;
    const where: Sentence = [" ", on ? `On pair ${looked.pair + 1}, at ` : "At ", ...named(tokens, at)];
    return [...where, `, this changes what ${reads} reads by ${percent(size)} of its length.`];
  }
  const before = detail.dst.pattern[base];
  const n = tokens.length;
  if (port === "v") {
    const query = telling(pickedUp(before, added), position);
    const row = rowOf(before, n, query);
    // What it picks up most of what is changed.
    const weighed = row.map((share, key) => share * added[key]!);
    const key = weighed.indexOf(Math.max(...weighed));
    if (added[key]! < LEAST_ADDED || row[key]! < LEAST_SHIFT) return [];
    return [
      " Reading ", on, "at ", ...named(tokens, query), `, ${receiver} looks where it looked, `, percent(row[key]!), " at ", ...named(tokens, key),
      `; the value it copies there changes by ${percent(added[key]!)} of its length.`,
    ];
  }
  const query = telling(moves(before, detail.patched, n), position);
  const [a, b] = [rowOf(before, n, query), rowOf(detail.patched, n, query)];
  const { kind: shift, to: gain, from: loss } = shiftOf(a, b);
  const where: Sentence = [" Reading ", on, "at ", ...named(tokens, query), `, ${receiver} `];
  if (shift === "none") return [...where, "looks where it looked before: no token gains or loses a point of attention."];
  const each = (key: number): Sentence => {
    const [x, y] = percents(a[key]!, b[key]!);
    return [...named(tokens, key), ` (${x} → ${y})`];
  };
  if (shift === "turn") return [...where, "turns from ", ...each(loss!), " to ", ...each(gain!), "."];
  const more: Sentence[] = [...(gain === null ? [] : [["more at ", ...each(gain)]]), ...(loss === null ? [] : [["less at ", ...each(loss)]])];
  return [...where, "looks ", ...more.flatMap((part, i) => [...(i === 0 ? [] : [" and "]), ...part]), "."];
}
