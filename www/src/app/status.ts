// What the header says: what is loaded or run, how far that is, and the one thing to be done about it.

import type { Run } from "../core/run";
import { countsOf } from "../core/table";
import { formatBytes, formatCount, formatDuration } from "../lib/format";
import { calledOf } from "../lib/models";
import { isWrong } from "./read-form";
import { isStale } from "./reduce";
import type { LoadJob, Planning, State } from "./state";

/** What the button beside the words does; each is named by what it says. */
export type Does = "cancel-load" | "cancel-run" | "load-again" | "run-again";

export interface Status {
  text: string;
  /** Said aloud where it changes: what begins and what ends, not each number between. */
  spoken: string;
  button: { name: string; does: Does } | null;
  /** The line below the header: how much of all is done, null where that is not known. */
  line: { share: number | null; what: "load" | "run" } | null;
}

export function statusOf(state: State): Status {
  const { load, job, run, stopped, loaded, tried } = state;
  if (load) return loadingStatus(load, state.planning);
  if (stopped === "load" && tried) {
    return still(`${calledOf(tried.choice.ref)} is not loaded`, { name: "Load again", does: "load-again" });
  }
  if (job) {
    const cancel = { name: "Cancel", does: "cancel-run" } as const;
    if (!job.progress) return { text: "Estimating", spoken: "Estimating", button: cancel, line: { share: 0, what: "run" } };
    const { done, total, secondsLeft } = job.progress;
    const left = secondsLeft === null ? "" : ` · ${formatDuration(secondsLeft)} left`;
    return {
      text: `${formatCount(done)} of ${formatCount(total)} exact${left}`,
      spoken: "Running",
      button: cancel,
      line: { share: total > 0 ? done / total : 0, what: "run" },
    };
  }
  if (stopped === "run" && !run) return still("Cancelled", AGAIN);
  if (!run && loaded) return { ...notRun(state), spoken: "" };
  if (!run) return still(tried ? `${calledOf(tried.choice.ref)} is not loaded` : "");
  const words = doneWords(run);
  if (stopped === "run") return still(`Cancelled · ${words}`, AGAIN);
  return still(words);
}

/** Between a model that is there and its first run. */
function notRun({ reading, needsRun, failure }: State): Status {
  if (needsRun) return still("Ready to run");
  if (failure) return still("Not run");
  if (!reading) return still("Reading the prompts");
  return isWrong(reading) ? still("Not run: something in the question has to be mended") : still("Not run", AGAIN);
}

const AGAIN: Status["button"] = { name: "Run again", does: "run-again" };

const still = (text: string, button: Status["button"] = null): Status => ({ text, spoken: text, button, line: null });

function loadingStatus({ choice, progress, received }: LoadJob, { choice: planned, plan }: Planning): Status {
  const name = calledOf(choice.ref);
  const button = { name: "Cancel", does: "cancel-load" } as const;
  const said = { spoken: `Loading ${name}`, button };
  if (!progress) return { ...said, text: `Loading ${name}`, line: { share: null, what: "load" } };
  const sizes = planned === choice && plan ? plan.files.map(({ bytes }) => bytes) : [];
  const whole = sizes.length > 0 && !sizes.includes(null) ? sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) : null;
  const [done, total] =
    whole === null ? [progress.loaded, progress.total] : [Object.values(received).reduce((sum, size) => sum + size, 0), whole];
  const parts = [
    `Loading ${name}`,
    progress.waiting?.replace(/ \(.*?\)/, "") ?? `${formatBytes(done)}${total === null ? "" : ` of ${formatBytes(total)}`}`,
    ...(progress.secondsLeft && progress.waiting === null ? [`${formatDuration(progress.secondsLeft)} left`] : []),
  ];
  return { ...said, text: parts.join(" · "), line: { share: total ? Math.min(1, done / total) : null, what: "load" } };
}

/** `262 edges exact · 0.4 s` */
function doneWords({ table, seconds, file }: Run): string {
  const { exact, estimates } = countsOf(table);
  const counts = [...(exact > 0 ? [`${formatCount(exact)} edges exact`] : []), ...(estimates > 0 ? [`${formatCount(estimates)} estimated`] : [])];
  const time = file !== null ? [`from ${file}`] : seconds === null ? [] : [tookWords(seconds)];
  return [counts.join(", "), ...time].filter(Boolean).join(" · ");
}

/** Below ten seconds to a tenth. */
const tookWords = (seconds: number): string => (seconds < 9.95 ? `${Math.max(0.1, seconds).toFixed(1)} s` : formatDuration(seconds));

/** What is said over a result that is not of what the form asks: another model comes, or something was edited. */
export function oldWords(state: State): string {
  const { run, load } = state;
  if (run && load) return `Still shown: the result of ${calledOf(run.request.model.ref)}.`;
  return isStale(state) ? "Of the question before" : "";
}
