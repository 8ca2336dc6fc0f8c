// The foot of a figure: the button that runs it with what that takes, how far it is, what went wrong, and ways on.

import { type LoadedModel, originOf, pinned, type BundledName } from "../core/model-ref";
import { element } from "../lib/dom";
import { formatBytes } from "../lib/format";
import type { Progress } from "./live";

/** Bytes that a run of a bundled model downloads, the engine included: see vite.config.ts. */
declare const BUNDLED_RUN_BYTES: Record<BundledName, number>;

const EXPLORE = "Explore it live";

export interface FootData {
  /** Whether there is a button that runs it. */
  canRun: boolean;
  /** How far it is; null while nothing runs. */
  progress: Progress | null;
  /** Whether it has run. */
  isLive: boolean;
  /** What the button asks, where the reader has to agree first: `548 MB from huggingface.co`. */
  asks: string | null;
  error: string;
  /** What stands beside the buttons. */
  note: string;
  /** Whether something else is looked at than the author chose. */
  canReset: boolean;
  /** Null where there is no site. */
  link: string | null;
}

export interface FootEvents {
  onRun: () => void;
  onCancel: () => void;
  onReset: () => void;
}

export function create(container: HTMLElement, events: FootEvents): (data: FootData) => void {
  const run = element("button", { type: "button", class: "primary" });
  const bar = element("progress", { "aria-label": "Progress" });
  const text = element("span", { role: "status" });
  const cancel = element("button", { type: "button" }, "Cancel");
  const running = element("div", { class: "progress" }, bar, text, cancel);
  const error = element("p", { class: "error", role: "alert" });
  const note = element("span", { class: "label" });
  const reset = element("button", { type: "button" }, "Reset");
  const link = element("a", { target: "_blank", rel: "noopener", class: "label" }, "Open in pathpatch");
  container.append(error, element("div", { class: "go" }, run, running, note, element("span", { class: "apart" }), reset, link));
  run.addEventListener("click", events.onRun);
  cancel.addEventListener("click", events.onCancel);
  reset.addEventListener("click", events.onReset);
  return (data) => {
    const root = container.getRootNode() as Document | ShadowRoot;
    const focused = root.activeElement;
    const isRunning = data.progress !== null;
    running.dataset.state = isRunning ? "running" : "idle";
    running.hidden = !isRunning;
    run.hidden = isRunning || !data.canRun || (data.isLive && !data.error && data.asks === null);
    const words = data.asks !== null ? `${EXPLORE} (${data.asks})` : data.error ? "Try again" : EXPLORE;
    if (run.textContent !== words) run.textContent = words;
    if (data.progress) {
      const { text: says, done, total } = data.progress;
      text.textContent = says;
      if (total === null) bar.removeAttribute("value");
      else {
        bar.max = total || 1;
        bar.value = done;
      }
    }
    if (error.textContent !== data.error) error.textContent = data.error;
    note.textContent = data.note;
    note.hidden = isRunning || data.note === "";
    reset.hidden = !data.canReset;
    link.hidden = data.link === null;
    if (data.link !== null) link.href = data.link;
    // What takes the place of a pressed button has the focus after it.
    const isGone = focused instanceof HTMLElement && container.contains(focused) && !focused.checkVisibility();
    if (isGone) [cancel, run, reset, link].find((one) => one.checkVisibility())?.focus();
  };
}

/** What a run downloads, before it is asked for. */
export function costOf(model: LoadedModel): string {
  const { ref, bytes } = model;
  if (ref.kind === "files") return "Its model is files of somebody’s own, which cannot be loaded here.";
  const once = (size: string, from = "") => `downloads ${size}${from} once, then runs in your browser`;
  if (ref.kind === "bundled") return once(formatBytes(BUNDLED_RUN_BYTES[ref.name]));
  if (bytes !== undefined) return once(formatBytes(bytes), ` from ${originOf(pinned(model))}`);
  return "runs in your browser; you see what it downloads first";
}
