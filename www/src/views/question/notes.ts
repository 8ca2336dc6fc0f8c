// What is wrong with a field, and what is worth knowing about it, below it; each sentence with the presses that mend it.

import type { Field, Note } from "../../core/notes";
import { element } from "../../lib/dom";

export interface NotesPlace {
  place: HTMLElement;
  show: (errors: readonly Note[], warnings: readonly Note[]) => void;
}

/** `onMend` hears what then stands in the field; `back` is what gets the focus once the button is gone. */
export function create(field: Field, onMend: (value: string) => void, back: () => HTMLElement | null): NotesPlace {
  const error = element("p", { class: "error", id: `${field}-error`, role: "alert", "data-field": field });
  const warning = element("p", { class: "warning", id: `${field}-warning`, role: "status", "data-field": field });
  const place = element("div", { class: "notes" }, error, warning);
  const said = new Map<HTMLElement, string>();
  const say = (where: HTMLElement, notes: readonly Note[]) => {
    // What is unchanged is not read out again with each key.
    const words = JSON.stringify(notes);
    if (words === (said.get(where) ?? "[]")) return;
    said.set(where, words);
    const hadFocus = where.contains(document.activeElement);
    where.replaceChildren(...notes.flatMap(({ text, mends = [] }) => [`${text} `, ...mends.flatMap(({ name, value }) => [mend(name, () => onMend(value)), " "])]));
    if (hadFocus) back()?.focus();
  };
  return {
    place,
    show: (errors, warnings) => {
      say(error, errors);
      say(warning, warnings);
    },
  };
}

export function mend(name: string, act: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "mend" }, name);
  button.addEventListener("click", act);
  return button;
}
