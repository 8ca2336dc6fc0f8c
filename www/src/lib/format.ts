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

/** Three digits after the point, and no minus before a zero. */
const number = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: "negative" });
const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const effect = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, signDisplay: "exceptZero" });
/** From here on down a number is written with an exponent. */
const TINY = 1e-4;
const TINY_SHARE = 1e-6;
/** What is smaller is zero in any of the page's units. */
const NOTHING = 1e-9;
const count = new Intl.NumberFormat("en");
const bytes = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A metric's value: three digits after the point, and three digits where that would leave none. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size < NOTHING || size >= 0.1 || !Number.isFinite(value)) return number.format(value);
  return size < TINY ? value.toExponential(2) : digits.format(value);
}

/** In the room of a cell, one of a grid whose largest is `reach`: as many digits as that one needs for two. */
export function formatChange(change: number, reach: number): string {
  if (reach < 1e-3) return Math.abs(change) < reach / 100 ? "0" : `${change < 0 ? "" : "+"}${change.toExponential(0)}`;
  const places = Math.max(0, Math.min(4, 2 - Math.ceil(Math.log10(reach))));
  const text = change.toFixed(Math.max(places, reach < 10 ? 2 : 1));
  return Number(text) === 0 ? "0" : change > 0 ? `+${text}` : text;
}

/** To three digits, however small. */
export function formatEffect(change: number): string {
  if (change === 0 || Math.abs(change) >= TINY || !Number.isFinite(change)) return effect.format(change);
  return `${change < 0 ? "" : "+"}${change.toExponential(2)}`;
}

const share = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });

/** A share of one, in percent. */
export const formatShare = (value: number): string =>
  value !== 0 && Math.abs(value) < TINY_SHARE ? `${(100 * value).toExponential(1)}%` : share.format(value);

/** A count with its thousands apart. */
export const formatCount = (value: number): string => count.format(value);

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
