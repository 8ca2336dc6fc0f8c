// Numbers and names as the page writes them.

import type { LoadProgress, Metric, SweepProgress } from "../engine/types";

export const METRICS: Record<Metric, string> = {
  "logit-diff": "Logit difference",
  "normalized-logit-diff": "Logit difference, corrupted 0 to clean 1",
  "log-prob": "Log-probability of the answer",
  prob: "Probability of the answer",
  "prob-diff": "Probability of the answers less the distractors",
  kl: "KL divergence from the clean run",
};

/** What a table's metric is called. */
export const metricLabel = ({ metric, metricName }: { metric: Metric; metricName?: string }): string => metricName ?? METRICS[metric];

/** Units of the metrics that have one. */
const UNITS: Partial<Record<Metric, string>> = { "logit-diff": "logits", "log-prob": "nats", kl: "nats" };

/** What a table's metric is counted in; null where it has no unit. */
export const unitOf = ({ metric, metricName }: { metric: Metric; metricName?: string }): string | null => (metricName === undefined ? (UNITS[metric] ?? null) : null);

/** As print has it; a hyphen is shorter than a plus is wide. */
const MINUS = "−";
/** Digits that count. */
const DIGITS = 3;
/** From here on down a number is written with an exponent. */
const TINY = 1e-4;
/** And a share is told to be less. */
const TINY_SHARE = 1e-6;
/** What is smaller is zero in any of the page's units. */
const NOTHING = 1e-9;
/** With so many places after the point, zeros included: they say how exact a number is. */
const fixed = Array.from({ length: 9 }, (_, places) => new Intl.NumberFormat("en", { minimumFractionDigits: places, maximumFractionDigits: places }));
const count = new Intl.NumberFormat("en");
const bytes = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** So many powers of ten. */
const power = (size: number): number => Math.floor(Math.log10(size));

/** How many places after the point are larger than the rounding error. */
const placesAbove = (noise: number): number => (noise > 0 ? Math.max(0, -power(noise)) : Number.POSITIVE_INFINITY);

/** A size with so many digits that count, and no more places than are known. A whole number is exact as it is. */
function sized(size: number, digits: number, noise: number): string {
  const places = Math.min(digits - 1 - power(Number(size.toPrecision(digits))), placesAbove(noise));
  if (size < TINY) return size.toExponential(Math.max(0, places + power(size))).replace("-", MINUS);
  return fixed[Number.isInteger(size) ? 0 : Math.max(0, places)]!.format(size);
}

const isNothing = (value: number, noise: number): boolean => Math.abs(value) <= Math.max(noise, NOTHING);

/** A metric's value: three digits, and none below `noise`. */
export function formatValue(value: number, noise = 0): string {
  if (!Number.isFinite(value)) return String(value).replace("-", MINUS);
  return isNothing(value, noise) ? "0" : `${value < 0 ? MINUS : ""}${sized(Math.abs(value), DIGITS, noise)}`;
}

/** A change, with its sign. */
export function formatEffect(change: number, noise = 0): string {
  if (!Number.isFinite(change) || isNothing(change, noise)) return formatValue(change, noise);
  return `${change < 0 ? MINUS : "+"}${sized(Math.abs(change), DIGITS, noise)}`;
}

const withoutZeros = (text: string): string => text.replace(/\.?0+$/, (zeros, at: number) => (text.slice(0, at + 1).includes(".") ? "" : zeros));

/** A round number, as axes have: no zeros after its point. */
export const formatRound = (value: number): string => withoutZeros(formatValue(value));

/** A round change likewise. */
export const formatTick = (change: number): string => withoutZeros(formatEffect(change));

/** A change in the room of a cell, with as many digits as fit; empty where none does, where it is tiny, or rounding. */
export function formatCell(change: number, noise: number, room: number): string {
  if (isNothing(change, noise) || Math.abs(change) < TINY) return "";
  const sign = change < 0 ? MINUS : "+";
  for (let digits = DIGITS; digits > 0; digits -= 1) {
    const text = `${sign}${sized(Math.abs(change), digits, noise)}`;
    if (text.length <= room) return text;
  }
  return "";
}

/** As wide as a digit, and as wide as a point. */
const [DIGIT_SPACE, POINT_SPACE] = ["\u2007", "\u2008"];

/** A number of a right-aligned column with so many places after the point, the missing ones blank: points stand below each other. */
export function alignPoint(text: string, places: number): string {
  if (text.includes("e")) return text;
  const [, fraction = ""] = text.split(".");
  const point = fraction === "" ? POINT_SPACE : "";
  return text + point + DIGIT_SPACE.repeat(Math.max(0, places - fraction.length));
}

const share = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });

/** A share of one, in percent. */
export function formatShare(value: number): string {
  if (value !== 0 && Math.abs(value) < TINY_SHARE) return value > 0 ? "<0.0001%" : `>${MINUS}0.0001%`;
  return share.format(value).replace("-", MINUS);
}

/** A count with its thousands apart. */
export const formatCount = (value: number): string => count.format(value);

/** `1 edge`, `1,234 edges`. */
export const formatEdges = (value: number, known = ""): string => `${formatCount(value)} ${known}${value === 1 ? "edge" : "edges"}`;

/** `strongest`, `40 strongest`, after "the". */
export const formatStrongest = (value: number): string => (value === 1 ? "strongest" : `${formatCount(value)} strongest`);

export function formatBytes(count: number): string {
  if (count < 1e5) return `${bytes.format(count / 1e3)} kB`;
  if (count < 1e10) return `${bytes.format(count / 1e6)} MB`;
  return `${bytes.format(count / 1e9)} GB`;
}

/** About how long: `4 s`, `2 min`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Which file, how much of it, how fast, and how long still; or why nothing comes. */
export function formatLoading(progress: LoadProgress): string {
  const { file, from, loaded, total, bytesPerSecond, secondsLeft, waiting } = progress;
  const of = total === null ? "" : ` of ${formatBytes(total)}`;
  const text = `${file}${from === "store" ? " (kept)" : ""}: ${formatBytes(loaded)}${of}`;
  if (waiting !== null) return `${text}: ${waiting}`;
  if (secondsLeft === null || secondsLeft === 0) return text;
  return `${text}, ${formatBytes(bytesPerSecond)} a second, ${formatDuration(secondsLeft)} left`;
}

/** Edges done, their rate and the time left, as far as they are known. */
export function formatProgress(progress: Omit<SweepProgress, "fresh">): string {
  const { done, total, edgesPerSecond, secondsLeft } = progress;
  const text = `${count.format(done)} of ${count.format(total)} edges`;
  if (secondsLeft === null) return text;
  return `${text}, ${Math.round(edgesPerSecond)} a second, ${formatDuration(secondsLeft)} left`;
}
