// Which of the two runs is patched, and which one the change comes from.

import type { EdgeTable } from "../engine/types";

/** The names of the run that is patched, and of the other one. */
export const runsOf = ({ direction }: Pick<EdgeTable, "direction">) =>
  direction === "denoise" ? ({ base: "corrupted", other: "clean" } as const) : ({ base: "clean", other: "corrupted" } as const);

/** The metric of the run that is patched, and of the other one. */
export function baselinesOf({ direction, cleanMetric, corruptedMetric }: Pick<EdgeTable, "direction" | "cleanMetric" | "corruptedMetric">): { base: number; other: number } {
  return direction === "denoise" ? { base: corruptedMetric, other: cleanMetric } : { base: cleanMetric, other: corruptedMetric };
}
