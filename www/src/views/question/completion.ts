// Words of the vocabulary that complete what is typed, in a list below its field.

import type { Token } from "../../engine/types";
import { element } from "../../lib/dom";
import { visible } from "../../lib/tokens";

/** The part of a field that is completed, and what could stand there. */
export interface Completing {
  from: number;
  to: number;
  choices: string[];
}

export interface CompletionOptions {
  /** What could complete the field at the caret; null where there is nothing to complete. */
  find: (text: string, caret: number) => Promise<Completing | null>;
  /** Something was chosen: the field as it is then. */
  onChoose: (text: string) => void;
}

let lists = 0;

/** The field, with its list below it. */
export function create(field: HTMLInputElement | HTMLTextAreaElement, { find, onChoose }: CompletionOptions): HTMLElement {
  const id = `completions-${++lists}`;
  const list = element("ul", { id, role: "listbox", class: "completions", "aria-label": "Words of the model" });
  list.hidden = true;
  // A field of several lines has no combobox's role; it may have a list all the same.
  if (field instanceof HTMLInputElement) field.setAttribute("role", "combobox");
  if (field instanceof HTMLInputElement) field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", id);
  const place = element("div", { class: "completing" }, field, list);
  let shown: Completing | null = null;
  let active = -1;
  let asked = 0;

  const mark = (to: number) => {
    active = to;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === to)));
    if (to < 0) field.removeAttribute("aria-activedescendant");
    else {
      field.setAttribute("aria-activedescendant", `${id}-${to}`);
      list.children[to]?.scrollIntoView({ block: "nearest" });
    }
  };
  const close = () => {
    asked += 1;
    shown = null;
    list.hidden = true;
    if (field instanceof HTMLInputElement) field.setAttribute("aria-expanded", "false");
    mark(-1);
  };
  const show = (found: Completing | null) => {
    if (!found || found.choices.length === 0) return close();
    shown = found;
    list.replaceChildren(...found.choices.map((text, i) => element("li", { id: `${id}-${i}`, role: "option", "aria-selected": "false" }, visible(text))));
    list.hidden = false;
    if (field instanceof HTMLInputElement) field.setAttribute("aria-expanded", "true");
    mark(-1);
  };
  const look = async () => {
    const mine = ++asked;
    const found = await find(field.value, field.selectionStart ?? field.value.length);
    if (mine === asked && document.activeElement === field) show(found);
  };
  const choose = (i: number) => {
    const word = shown?.choices[i];
    if (!shown || word === undefined) return;
    const { from, to } = shown;
    field.value = field.value.slice(0, from) + word + field.value.slice(to);
    field.setSelectionRange(from + word.length, from + word.length);
    close();
    onChoose(field.value);
  };

  field.addEventListener("input", () => void look());
  field.addEventListener("blur", close);
  // The field keeps the focus, and with it the list.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => choose([...list.children].indexOf((target as HTMLElement).closest("li")!)));
  field.addEventListener("keydown", (event) => {
    const key = (event as KeyboardEvent).key;
    if (list.hidden) {
      if (key !== "ArrowDown" || !(event as KeyboardEvent).altKey) return;
      event.preventDefault();
      void look();
      return;
    }
    const last = list.children.length - 1;
    if (key === "Escape") {
      // The list goes, and nothing else that listens for the key.
      event.stopPropagation();
      close();
    } else if (key === "ArrowDown") mark(active === last ? 0 : active + 1);
    else if (key === "ArrowUp") mark(active <= 0 ? last : active - 1);
    else if ((key === "Enter" || key === "Tab") && active >= 0) choose(active);
    else return;
    if (key !== "Tab" || active >= 0) event.preventDefault();
  });
  return place;
}

type Complete = (start: string) => Promise<Token[]>;

/** What goes on from `start`: nothing where that is a word already, so that no list stays open over what comes next. */
const longer = (start: string, words: readonly string[]): string[] => (words.includes(start) ? [] : [...words]);

/** Tokens that complete the last of a set of answers; with the space that joins them to the prompt before those without. */
export const answerCompletions = (complete: Complete, isOfWords: () => boolean) => async (text: string, caret: number): Promise<Completing | null> => {
  const from = text.lastIndexOf("|", caret - 1) + 1;
  const start = text.slice(from, caret);
  if (start.trim() === "" || caret !== text.length) return null;
  const spaced = start.startsWith(" ") ? [start] : [` ${start}`, start];
  const found = await Promise.all((isOfWords() ? [start.trim()] : spaced).map((one) => complete(one)));
  const choices = longer(start, [...new Set(found.flat().map((token) => token.text))]);
  return { from, to: caret, choices: choices.slice(0, 8) };
};

/** Words that complete the one before the caret, where the vocabulary is of whole words. */
export const wordCompletions = (complete: Complete, isOfWords: () => boolean) => async (text: string, caret: number): Promise<Completing | null> => {
  if (!isOfWords()) return null;
  const start = /\S*$/.exec(text.slice(0, caret))![0];
  const rest = /^\S*/.exec(text.slice(caret))![0];
  if (start === "" || rest !== "") return null;
  const choices = longer(start, (await complete(start)).map((token) => token.text));
  return { from: caret - start.length, to: caret, choices };
};
