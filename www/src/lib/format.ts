// Numbers and names as the page writes them.

import type { Metric } from "../engine/types";

export const METRICS: Record<Metric, string> = {
  "logit-diff": "Logit difference",
  "normalized-logit-diff": "Logit difference, corrupted 0 to clean 1",
  "log-prob": "Log-probability of the answer",
  prob: "Probability of the answer",
  kl: "KL divergence from the clean run",
};

export const COMPONENTS = { q: "query", k: "key", v: "value" } as const;

const number = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const signed = new Intl.NumberFormat("en", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});
const bytes = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const formatValue = (value: number): string => number.format(value);

export const formatChange = (change: number): string => signed.format(change);

export const formatBytes = (count: number): string => `${bytes.format(count / 1e6)} MB`;

export const headName = (layer: number, head: number): string => `${layer}.${head}`;
