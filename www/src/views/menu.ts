// A button with what it opens below it, over the page. Escape, or a press elsewhere, closes it.

import { element } from "../lib/dom";

/** What is put into the element that it gives is in the menu. */
export function create(container: HTMLElement, name: string): HTMLElement {
  const id = `${container.id}-menu`;
  const menu = element("div", { id, class: "menu", popover: "auto" });
  const button = element("button", { type: "button", popovertarget: id }, name);
  container.append(button, menu);
  return menu;
}
