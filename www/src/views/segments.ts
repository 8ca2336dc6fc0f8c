// A row of buttons of which one is chosen: one stop of the Tab key, arrows within.

import { element } from "../lib/dom";

export interface Segment<K extends string> {
  id: K;
  name: string;
  /** What is read out, where that is more. */
  says?: string;
  /** What is worth knowing before it is pressed. */
  hint?: string;
  /** The panel that it shows, where the row is of tabs. */
  panel?: string;
}

/**
 * `tabs`: arrows choose at once, and each has its panel; else arrows only move, since a choice may be dear. Both are
 * chosen by a press.
 */
export function create<K extends string>(
  container: HTMLElement,
  label: string,
  kind: "tabs" | "buttons",
  onChoose: (id: K) => void,
): (segments: readonly Segment<K>[], chosen: K | null) => void {
  const row = element("div", { class: "segments", role: kind === "tabs" ? "tablist" : "toolbar", "aria-label": label });
  container.append(row);
  let buttons: HTMLButtonElement[] = [];
  let shown: readonly Segment<K>[] = [];

  const stopAt = (at: HTMLButtonElement) => {
    for (const button of buttons) button.tabIndex = button === at ? 0 : -1;
  };
  row.addEventListener("keydown", (event) => {
    const at = buttons.findIndex((button) => button === event.target);
    const last = buttons.length - 1;
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    const button = next === undefined ? undefined : buttons[next];
    if (at < 0 || !button) return;
    event.preventDefault();
    stopAt(button);
    button.focus();
    if (kind === "tabs") button.click();
  });

  const make = ({ id, panel }: Segment<K>): HTMLButtonElement => {
    const button = element("button", { type: "button", "data-id": id });
    if (panel !== undefined) {
      button.role = "tab";
      button.id = `tab-${id}`;
      button.setAttribute("aria-controls", panel);
    }
    button.addEventListener("click", () => {
      stopAt(button);
      onChoose(id);
    });
    return button;
  };

  return (segments, chosen) => {
    if (segments.length !== shown.length || segments.some(({ id }, i) => id !== shown[i]?.id)) {
      buttons = segments.map(make);
      row.replaceChildren(...buttons);
    }
    shown = segments;
    segments.forEach(({ id, name, says, hint }, i) => {
      const button = buttons[i]!;
      if (button.textContent !== name) button.textContent = name;
      button.title = hint ?? "";
      if (says !== undefined) button.ariaLabel = says;
      button.setAttribute(kind === "tabs" ? "aria-selected" : "aria-pressed", String(id === chosen));
    });
    if (!row.contains(document.activeElement)) {
      const stop = buttons[segments.findIndex(({ id }) => id === chosen)] ?? buttons[0];
      if (stop) stopAt(stop);
    }
  };
}
