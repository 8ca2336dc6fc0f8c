// A run, from settings to a result that grows: estimates of everything, then exact values, chosen component
// first.

import type { PathPatch } from "../engine/pathpatch";
import type { Component, SweepProgress } from "../engine/types";
import type { Pair } from "./pairs";
import { COMPONENTS, fromEstimates, merge, type Result } from "./result";
import type { Settings, View } from "./settings";

export interface RunProgress {
  result: Result;
  /** The sweep under way; null when the estimates come, and when all is there. */
  sweep: { component: Component; progress: SweepProgress } | null;
}

/** The prompts and the metric as the engine takes them. */
export function metricOptions(settings: Settings, pairs: Pair[]) {
  const { metric, layerNorm, prependBos, position } = settings;
  return {
    pairs: pairs.map(({ clean, corrupted, answer, distractor }) => ({
      clean,
      corrupted,
      answer: answer || undefined,
      distractor: distractor || undefined,
    })),
    metric,
    layerNorm,
    prependBos,
    position: position ?? undefined,
  };
}

/** Run the settings; `onProgress` gets the one result as it grows. */
export async function run(
  model: PathPatch,
  settings: Settings,
  pairs: Pair[],
  { src, component: first }: Pick<View, "src" | "component">,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void,
): Promise<void> {
  const options = { ...metricOptions(settings, pairs), signal };
  const estimates = await model.estimateDirectPathAllSources(options);
  const result = fromEstimates(estimates, settings.metric);
  onProgress({ result, sweep: null });
  if (settings.scope === "none") return;
  const source = settings.scope === "source" ? src : undefined;
  for (const component of [first, ...COMPONENTS.filter((c) => c !== first)]) {
    const sweep = {
      ...options,
      component,
      onProgress: (progress: SweepProgress) => {
        // Its estimates are those that are there already.
        if (progress.done > 0) merge(result, component, progress.fresh, source);
        onProgress({ result, sweep: { component, progress } });
      },
    };
    if (source) await model.getActPatchDirectPath({ ...sweep, srcLayer: source.layer, srcHead: source.head });
    else await model.getActPatchDirectPathAllSources(sweep);
  }
  onProgress({ result, sweep: null });
}
