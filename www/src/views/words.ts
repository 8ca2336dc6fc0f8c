// What the page says of effects, in whole words: which run is patched, what rises and what falls.

import { baselinesOf, runsOf } from "../core/direction";
import type { AskedPair } from "../core/request";
import { baseOf, countsOf, type Edge, hasBaselines, noiseOf, type Table } from "../core/table";
import type { EdgesCheck, Metric } from "../engine/types";
import { formatCount, formatEffect, formatShare, formatValue } from "../lib/format";

/** Whether an effect is no more than what two runs of the same numbers differ by. */
const isNoise = (effect: number, table: Table): boolean => Math.abs(effect) <= noiseOf(table);

/** What is known of an edge, to be read aloud after its name. */
export function edgeWords(edge: Edge, table: Table): string {
  const { value, effect, stdDev, isExact } = edge;
  const kind = isExact ? "" : ", an estimate";
  if (isNoise(effect, table)) return `moves the metric by no more than rounding${kind}`;
  const noise = noiseOf(table);
  const by = formatValue(Math.abs(effect), noise);
  const over = Number.isNaN(stdDev) ? "" : ` ± ${formatValue(stdDev, noise)} over the pairs`;
  const range = hasBaselines(table) ? `, from ${formatValue(baseOf(table), noise)} to ${formatValue(value, noise)}` : "";
  return `${effect < 0 ? "lowers" : "raises"} the metric by ${by}${over}${range}${kind}`;
}

/** The same in short lines, beside the edge. */
export function edgeLines(edge: Edge, table: Table): string[] {
  const { value, effect, stdDev, isExact } = edge;
  const noise = noiseOf(table);
  const kind = isExact ? "exact" : "estimate";
  if (isNoise(effect, table)) return [`no more than rounding, ${kind}`];
  const over = Number.isNaN(stdDev) ? "" : ` ± ${formatValue(stdDev, noise)} over the pairs`;
  const range = `${runsOf(table).base} ${formatValue(baseOf(table), noise)} → patched ${formatValue(value, noise)}`;
  return [`${formatEffect(effect, noise)}${over}, ${kind}`, ...(hasBaselines(table) ? [range] : [])];
}

/** What the colours are. Only a distance from the clean run is better the lower it is. */
export function signWords(metric: Metric): string {
  const closer = metric === "kl" ? "; the lower, the closer to the clean run" : "";
  return `Blue raises the metric, red lowers it${closer}.`;
}

/** Both baselines, and which of them the patched run is measured from. */
export function baselineWords(table: Table): string {
  const { base: first, other: second } = runsOf(table);
  if (!hasBaselines(table)) return `0 is the ${first} run`;
  const { base, other } = baselinesOf(table);
  const noise = noiseOf(table);
  return `0 is the ${first} run (${formatValue(base, noise)}); the ${second} run (${formatValue(other, noise)}) is ${formatEffect(other - base, noise)} from it`;
}

/** Why there is nothing to see. */
export const stillWords = (table: Table): string =>
  `No ${countsOf(table).unknown > 0 ? "known " : ""}edge moves the metric: what is left is rounding.`;

/** What the logits are read for, in as few words: `lamp − spoon`. */
export function compareWords({ metric, metricName }: Pick<Table, "metric" | "metricName">, pairs: readonly AskedPair[]): string {
  if (metricName !== undefined) return metricName;
  if (metric === "kl") return "distance from the clean run";
  const answer = sameOf(pairs, ({ answer: text }) => text) ?? "answer";
  const distractor = sameOf(pairs, ({ distractor: text }) => text) ?? "distractor";
  const isDifference = metric !== "log-prob" && metric !== "prob";
  return isDifference && distractor !== "" ? `${answer} − ${distractor}` : answer;
}

/** A longer one says no more than its kind. */
const MOST_LETTERS = 24;

/** What all pairs have in common, if it is short; null where there is no such thing. */
function sameOf(pairs: readonly AskedPair[], of: (pair: AskedPair) => string): string | null {
  const [first = ""] = pairs.map(of);
  // A set, as it is read aloud.
  const text = first.trim().replaceAll("|", " or ").replaceAll("..", " to ");
  return pairs.every((pair) => of(pair) === first) && text.length <= MOST_LETTERS ? text : null;
}

/** How good the estimates of the edges that were not run are. */
export function checkWords(check: EdgesCheck): string {
  const { edges, largestError, bound } = check;
  if (bound === 0) return `All other edges were run, too: the largest error of their estimates is ${formatValue(largestError)}.`;
  return `As a check, ${formatCount(edges)} edges that were only estimated were picked at random and run: the largest error is ${formatValue(largestError)}. With 95% confidence at most ${formatShare(bound)} of those that were not run are further off.`;
}
