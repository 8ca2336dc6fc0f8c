// How far a run is, with a button to stop it.

import { element } from "../lib/dom";

export interface ProgressData {
  /** What is being done; empty when nothing is. */
  text: string;
  done: number;
  /** Null where it is not known. */
  total: number | null;
}

export function create(container: HTMLElement, onCancel: () => void): (data: ProgressData) => void {
  const bar = element("progress", { "aria-label": "Progress" });
  const text = element("span", {});
  const cancel = element("button", { type: "button" }, "Cancel");
  cancel.addEventListener("click", onCancel);
  const row = element("div", { class: "progress" }, bar, text, cancel);
  container.append(row);
  return (data) => {
    row.classList.toggle("idle", data.text === "");
    cancel.disabled = data.text === "";
    text.textContent = data.text;
    if (data.total === null) bar.removeAttribute("value");
    else {
      bar.max = data.total || 1;
      bar.value = data.done;
    }
  };
}
