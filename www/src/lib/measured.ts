// What a metric says of both runs of one pair, in a number each and the words that say of what.

import type { Metric, PairPredictions } from "../engine/types";
import { formatEffect, formatShare, formatValue } from "./format";
import { inQuotes, type Pair } from "./pairs";

/** Words, of which the answers' own are set apart. */
export type Words = (string | { own: string })[];

export interface Measured {
  clean: string;
  corrupted: string;
  of: Words;
}

/** What stands where there is nothing to measure yet. */
const NOTHING = "–";

const signedShare = (value: number): string => {
  const share = formatShare(value);
  return value > 0 && !share.startsWith("<") ? `+${share}` : share;
};

/** How a metric's value on one run is written. */
const WRITTEN: Record<Metric, (value: number) => string> = {
  "logit-diff": formatEffect,
  // As it is before it is normalised.
  "normalized-logit-diff": formatEffect,
  "log-prob": formatValue,
  prob: formatShare,
  "prob-diff": signedShare,
  kl: formatValue,
};

/** A pair's metric in one of its runs; of the normalised one what it normalises. Null where it cannot be measured. */
export function valueIn(metric: Metric, of: PairPredictions, run: "clean" | "corrupted"): number | null {
  return metric === "normalized-logit-diff" ? of.logitDiff[run] : of.metric[run];
}

export const writeValue = (metric: Metric, value: number | null): string => (value === null ? NOTHING : WRITTEN[metric](value));

/** Both runs' values, and what they are of. */
export function measured(metric: Metric, pair: Pair | null, of: PairPredictions | null): Measured {
  const write = (run: "clean" | "corrupted") => writeValue(metric, of && valueIn(metric, of, run));
  return { clean: write("clean"), corrupted: write("corrupted"), of: wordsFor(metric, pair) };
}

function wordsFor(metric: Metric, pair: Pair | null): Words {
  const own = (answer: string | undefined, otherwise: string) => {
    const text = inQuotes(answer ?? "");
    return text ? { own: /^“[^”]*”$/.test(text) ? text.slice(1, -1) : text } : otherwise;
  };
  const [answer, distractor] = [own(pair?.answer, "the answer"), own(pair?.distractor, "the distractor")];
  switch (metric) {
    case "logit-diff":
    case "normalized-logit-diff":
      return ["logit of ", answer, " less that of ", distractor];
    case "log-prob":
      return ["log-probability of ", answer];
    case "prob":
      return ["probability of ", answer];
    case "prob-diff":
      return ["probability of ", answer, " less that of ", distractor];
    case "kl":
      return ["divergence from the clean run’s output"];
  }
}

/** Whether the metric fails to separate a pair's runs: the corrupted run is no further from the answer than the clean one. */
export function isNoContrast(metric: Metric, of: PairPredictions): boolean {
  const [clean, corrupted] = [valueIn(metric, of, "clean"), valueIn(metric, of, "corrupted")];
  if (clean === null || corrupted === null) return false;
  // Only the distance from the clean run is larger in the corrupted one.
  return metric === "kl" ? corrupted <= clean : corrupted >= clean;
}
