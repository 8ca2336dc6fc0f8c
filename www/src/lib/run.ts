// Running: estimates of everything, then exact values, the chosen component's first.

import { lookAt } from "../core/look";
import { metricOptions } from "../core/request";
import type { PathPatch } from "../engine/pathpatch";
import type { Component, SweepProgress, Warning } from "../engine/types";
import type { Pair } from "./pairs";
import { COMPONENTS, fromEstimates, type Head, merge, type Result, strongestOf } from "./result";
import type { Settings, View } from "./settings";

export interface RunProgress {
  result: Result;
  /** The sweep under way; null when the estimates come, and when all is there. */
  sweep: { component: Component; progress: SweepProgress } | null;
  /** The source whose edges alone become exact; null where all do, or none. */
  source: Head | null;
  /** What to know about the question. */
  warnings: Warning[];
}

/** Run the settings; `onProgress` gets the one result as it grows. */
export async function run(
  model: PathPatch,
  settings: Settings,
  pairs: readonly Pair[],
  view: View,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void,
): Promise<void> {
  const options = { ...metricOptions(settings, pairs), signal };
  const estimates = await model.estimateDirectPathAllSources(options);
  const result = fromEstimates(estimates, settings.metric);
  const look = lookAt(view, result, strongestOf(result, {}));
  const source = settings.scope === "source" ? look.src : null;
  const warnings = estimates.warnings ?? [];
  const tell = (sweep: RunProgress["sweep"]) => onProgress({ result, sweep, source, warnings });
  tell(null);
  if (settings.scope === "none") return;
  for (const component of [look.component, ...COMPONENTS.filter((c) => c !== look.component)]) {
    const sweep = {
      ...options,
      component,
      onProgress: (progress: SweepProgress) => {
        // The estimates that a sweep begins with are there already.
        if (progress.done > 0) merge(result, component, progress.fresh, source);
        tell({ component, progress });
      },
    };
    if (source) await model.getActPatchDirectPath({ ...sweep, srcLayer: source.layer, srcHead: source.head });
    else await model.getActPatchDirectPathAllSources(sweep);
  }
  tell(null);
}
