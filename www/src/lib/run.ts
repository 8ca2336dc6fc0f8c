// Running: estimates of everything, then exact values, those with the largest estimates first.

import { metricOptions } from "../core/request";
import { grown, leadOf, places, STATE, type Table, takeExact } from "../core/table";
import type { View } from "../core/view";
import type { PathPatch } from "../engine/pathpatch";
import type { EdgeName, EdgesCheck, EdgesUpdate, Warning } from "../engine/types";
import type { Pair } from "./pairs";
import type { Settings } from "./settings";

export interface RunProgress {
  /** The one table, as it grows. */
  table: Table;
  /** How far it is; null once all is there, and before the first exact value of one sender's edges. */
  progress: EdgesUpdate["progress"] | null;
  /** The sender whose edges alone become exact; null where the scope is another. */
  sender: string | null;
  /** What to know about the question. */
  warnings: Warning[];
}

type Engine = Pick<PathPatch, "check" | "edges">;

/** Run the settings, and tell what is known as it grows. What it gives is how far the checked estimates were off. */
export async function run(
  model: Engine,
  settings: Settings,
  pairs: readonly Pair[],
  view: View,
  signal: AbortSignal,
  onProgress: (progress: RunProgress) => void,
): Promise<EdgesCheck | null> {
  const { direction, patch, metric, scope, strongest } = settings;
  const options = { ...metricOptions(settings, pairs), direction, patch, signal };
  const warnings = await model.check(options);
  if (scope === "source") {
    const { table: estimates } = await model.edges({ ...options, scores: "estimate" });
    const table = grown(estimates, metric);
    const sender = view.from && table.senders.includes(view.from) ? view.from : senderOf(table);
    const tell = (progress: RunProgress["progress"]) => onProgress({ table, progress, sender, warnings });
    tell(null);
    const onUpdate = (update: EdgesUpdate) => {
      takeExact(table, update.table, update.changed);
      tell(update.progress);
    };
    await model.edges({ ...options, edges: edgesFrom(table, sender), estimates: false, onUpdate });
    tell(null);
    return null;
  }
  const tell = ({ table: told, progress }: Pick<RunProgress, "progress"> & Pick<EdgesUpdate, "table">) => {
    const table = grown(told, metric);
    // Before the estimates there is nothing to look at.
    if (places(table).length > 0 || !progress) onProgress({ table, progress, sender: null, warnings });
  };
  const { table, check } = await model.edges({
    ...options,
    scores: scope === "none" ? "estimate" : "exact",
    strongest: scope === "strongest" ? strongest : undefined,
    onUpdate: tell,
  });
  tell({ table, progress: null });
  return check;
}

/** Whose edges are looked at where the reader has not said. */
const senderOf = (table: Table): string => leadOf(table)?.from ?? table.senders[0]!;

/** Every edge of a sender. */
function edgesFrom({ senders, receivers, state }: Table, from: string): EdgeName[] {
  const row = senders.indexOf(from) * receivers.length;
  return receivers.filter((_, column) => state[row + column] !== STATE.noPath).map((to) => ({ from, to }));
}
