// How far a run or a load is, in words and as a line below the header, with the one button that there is for it.

import { element } from "../lib/dom";

export interface StatusData {
  text: string;
  spoken: string;
  button: { name: string; does: string } | null;
  line: { share: number | null; what: "load" | "run" } | null;
}

/** The words and the button go into `container`; `line` is the line, which is there all the time. */
export function create(container: HTMLElement, line: HTMLElement, onPress: (does: string) => void): (data: StatusData) => void {
  const words = element("span", { class: "words" });
  const spoken = element("span", { class: "unseen", role: "status" });
  const button = element("button", { type: "button", class: "quiet" });
  container.append(words, spoken, button);
  const done = element("span");
  line.append(done);
  button.addEventListener("click", () => onPress(button.dataset.does ?? ""));
  return (data) => {
    if (words.textContent !== data.text) words.textContent = data.text;
    if (spoken.textContent !== data.spoken) spoken.textContent = data.spoken;
    button.hidden = data.button === null;
    if (data.button) {
      button.textContent = data.button.name;
      button.dataset.does = data.button.does;
      button.setAttribute("aria-label", LONG[data.button.does] ?? data.button.name);
    }
    const { share, what } = data.line ?? { share: null, what: null };
    line.dataset.what = what ?? "";
    done.style.width = share === null ? "" : `${100 * share}%`;
    line.classList.toggle("unknown", what !== null && share === null);
    line.role = what && "progressbar";
    line.ariaLabel = what && (what === "run" ? "Exact values" : "Download");
    line.ariaValueNow = what && share !== null ? String(Math.round(100 * share)) : null;
    line.ariaValueText = what && data.text;
  };
}

/** What a button's word says in full. */
const LONG: Record<string, string> = { "cancel-run": "Cancel the run", "cancel-load": "Cancel the download" };
