// How far a run is, with a button to stop it, or to start it again once it was stopped.

import type { Component, LoadProgress, SweepProgress } from "../engine/types";
import { element } from "../lib/dom";
import { COMPONENT_NAMES, formatLoading, formatProgress } from "../lib/format";

export type ProgressData =
  | { state: "idle" }
  | { state: "stopped" }
  /** The engine is gone, and everything on it. */
  | { state: "lost" }
  /** `total` is null where it is not known. */
  | { state: "running"; text: string; done: number; total: number | null };

/** A load, as far as it is. */
export function ofLoad(progress: LoadProgress): ProgressData {
  const { loaded: done, total } = progress;
  return { state: "running", text: formatLoading(progress), done, total };
}

/** A sweep of one component, as far as it is. */
export function ofSweep({ component, progress }: { component: Component; progress: SweepProgress }): ProgressData {
  const { done, total } = progress;
  return { state: "running", text: `${COMPONENT_NAMES[component]}: ${formatProgress(progress)}`, done, total };
}

export interface ProgressEvents {
  onCancel: () => void;
  /** Absent where something else starts again. */
  onRunAgain?: () => void;
}

export function create(container: HTMLElement, events: ProgressEvents): (data: ProgressData) => void {
  const bar = element("progress", { "aria-label": "Progress" });
  const text = element("span");
  const cancel = element("button", { type: "button" }, "Cancel");
  const again = element("button", { type: "button" }, "Run again");
  cancel.addEventListener("click", events.onCancel);
  again.addEventListener("click", () => events.onRunAgain?.());
  const row = element("div", { class: "progress" }, bar, text, cancel, again);
  container.append(row);
  return (data) => {
    row.dataset.state = data.state;
    bar.hidden = cancel.hidden = data.state !== "running";
    again.hidden = data.state !== "stopped" && data.state !== "lost";
    again.textContent = data.state === "lost" ? "Load the model again" : "Run again";
    text.textContent = { idle: "", stopped: "Cancelled.", lost: "", running: "" }[data.state];
    if (data.state !== "running") return;
    text.textContent = data.text;
    if (data.total === null) bar.removeAttribute("value");
    else {
      bar.max = data.total || 1;
      bar.value = data.done;
    }
  };
}
