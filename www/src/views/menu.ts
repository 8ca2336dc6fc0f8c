// A button with what it opens below it, over the page. Escape, or a press elsewhere, closes it and gives the focus back.

import { element } from "../lib/dom";

/** Least distance from the window's edges. */
const MARGIN = 8;

/** What is put into the element that it gives is in the menu. */
export function create(container: HTMLElement, name: string): HTMLElement {
  const id = `${container.id}-menu`;
  const menu = element("div", { id, class: "menu", popover: "auto", role: "dialog", "aria-label": name });
  const button = element("button", { type: "button", popovertarget: id, "aria-haspopup": "dialog" }, name);
  container.append(button, menu);
  menu.addEventListener("beforetoggle", () => {
    const { bottom, right } = button.getBoundingClientRect();
    menu.style.top = `${bottom + MARGIN / 2}px`;
    menu.style.right = `${Math.max(MARGIN, document.documentElement.clientWidth - right)}px`;
  });
  return menu;
}

/** Make the buttons of a list one stop of the Tab key, with arrows between them. */
export function oneStop(list: HTMLElement): void {
  const buttons = () => [...list.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const stopAt = (at: HTMLButtonElement | undefined) => {
    for (const button of list.querySelectorAll("button")) button.tabIndex = button === at ? 0 : -1;
  };
  list.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLButtonElement) stopAt(event.target);
  });
  list.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.findIndex((button) => button === event.target);
    const last = all.length - 1;
    const next = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    all[next]?.focus();
  });
  stopAt(list.querySelector("button") ?? undefined);
}
