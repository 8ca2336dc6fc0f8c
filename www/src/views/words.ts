// What the page says of effects, in whole words: which run is patched, and what a rise or a fall means.

import type { Edge, Table } from "../core/table";
import type { Direction, Metric } from "../engine/types";
import { formatEffect, formatValue, METRICS } from "../lib/format";

/** What effects are of. */
export type Measured = Pick<Table, "metric" | "direction">;

/** The run that is patched, and the one that the change comes from. */
export const baseRun = (direction: Direction): "clean" | "corrupted" => (direction === "denoise" ? "corrupted" : "clean");
export const otherRun = (direction: Direction): "clean" | "corrupted" => (direction === "denoise" ? "clean" : "corrupted");

/** What is known of an edge, in words. */
export function edgeWords({ value, effect, stdDev, isExact }: Edge, { metric, direction }: Measured): string {
  const over = Number.isNaN(stdDev) ? "" : ` ± ${formatValue(stdDev)} over the pairs`;
  const kind = isExact ? "" : ", an estimate";
  return `${METRICS[metric].toLowerCase()} ${formatValue(value)} (${formatEffect(effect)}${over} from the ${baseRun(direction)} run${kind})`;
}

/** Only the distance from the clean run is better the lower it is. */
const isBetterLow = (metric: Metric): boolean => metric === "kl";

/** What an effect above zero, and one below, says of its edge. */
export function signWords({ metric, direction }: Measured): { up: string; down: string } {
  const [helps, hurts] =
    direction === "denoise"
      ? ["the edge helps: with what is put in the answer is stronger", "the edge hurts: with what is put in the answer is weaker"]
      : ["the edge hurts: without it the answer is stronger", "the edge helps: without it the answer is weaker"];
  const [up, down] = isBetterLow(metric) ? [hurts, helps] : [helps, hurts];
  return { up: `raises the metric, ${up}`, down: `lowers it, ${down}` };
}

/** Both baselines, and which of them the patched run is measured from. */
export function baselineWords({ direction, cleanMetric, corruptedMetric }: Pick<Table, "direction" | "cleanMetric" | "corruptedMetric">): string {
  const [base, other] = direction === "denoise" ? [corruptedMetric, cleanMetric] : [cleanMetric, corruptedMetric];
  return `0 is the ${baseRun(direction)} run (${formatValue(base)}); the ${otherRun(direction)} run (${formatValue(other)}) is ${formatEffect(other - base)} from it`;
}
