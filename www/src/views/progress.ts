// How far a run or a load is, with a button to stop it, or one to go on once it was stopped or has failed.

import type { EdgesUpdate, LoadProgress } from "../engine/types";
import { element } from "../lib/dom";
import { formatLoading, formatProgress } from "../lib/format";

export type ProgressData =
  | { state: "idle" }
  | { state: "stopped"; button?: string }
  /** Nothing runs until the button is pressed. */
  | { state: "lost"; button?: string }
  /** `total` is null where it is not known. */
  | { state: "running"; text: string; done: number; total: number | null };

/** A load, as far as it is. */
export function ofLoad(progress: LoadProgress | null): ProgressData {
  if (!progress) return { state: "running", text: "Starting", done: 0, total: null };
  const { loaded: done, total } = progress;
  return { state: "running", text: formatLoading(progress), done, total };
}

/** A run, as far as it is; null while there is nothing but the two prompts and estimates. */
export function ofRun(progress: EdgesUpdate["progress"] | null): ProgressData {
  if (!progress) return { state: "running", text: "Running both prompts", done: 0, total: null };
  const { done, total } = progress;
  return { state: "running", text: formatProgress(progress), done, total };
}

export interface ProgressEvents {
  onCancel: () => void;
  /** Absent where something else starts again. */
  onAgain?: () => void;
}

/** A row that is there as long as there is something to say; `name` is its class, and its bar's name. */
export function create(container: HTMLElement, events: ProgressEvents, name = "progress"): (data: ProgressData) => void {
  const bar = element("progress", { "aria-label": name === "progress" ? "Progress" : "Download" });
  const text = element("span");
  const what = name === "progress" ? "run" : "download";
  const cancel = element("button", { type: "button", "aria-label": `Cancel the ${what}` }, "Cancel");
  const again = element("button", { type: "button" });
  cancel.addEventListener("click", events.onCancel);
  again.addEventListener("click", () => events.onAgain?.());
  const row = element("div", { class: name }, bar, text, cancel, again);
  container.append(row);
  return (data) => {
    // What takes the place of a pressed button has the focus after it.
    const hadFocus = row.contains(document.activeElement);
    row.dataset.state = data.state;
    bar.hidden = cancel.hidden = data.state !== "running";
    again.hidden = data.state === "idle" || data.state === "running" || !events.onAgain;
    text.textContent = data.state === "stopped" ? "Cancelled." : "";
    if (data.state === "stopped") again.textContent = data.button ?? "Run again";
    if (data.state === "lost") again.textContent = data.button ?? "Load the model again";
    if (hadFocus && data.state !== "idle") (again.hidden ? cancel : again).focus();
    if (data.state !== "running") return;
    text.textContent = data.text;
    if (data.total === null) bar.removeAttribute("value");
    else {
      bar.max = data.total || 1;
      bar.value = data.done;
    }
  };
}
