// A menu below what was pressed: arrow keys walk it, Escape or a press elsewhere closes it, and the focus goes back.

import { element } from "../../lib/dom";

export interface Item {
  name: string;
  /** In smaller letters below the name. */
  note?: string;
  /** A choice of several that is in force now. */
  isChosen?: boolean;
  act: () => void;
}

/** Items under a heading, or without one. */
export interface Group {
  heading: string;
  items: Item[];
  /** What is said where there are no items. */
  none?: string;
}

/** Space between the menu and the window's edge. */
const MARGIN = 8;

/** The open menu: a second press may come before the browser tells that the first has opened it. */
let current: { anchor: HTMLButtonElement; menu: HTMLElement } | null = null;

export function open(anchor: HTMLButtonElement, label: string, groups: readonly Group[]): void {
  if (current?.anchor === anchor) {
    // The browser closes it by itself once the menu is the button's own, after this press.
    if (!anchor.popoverTargetElement) current.menu.hidePopover();
    return;
  }
  const menu = element("div", { class: "popup", popover: "auto", role: "menu", "aria-label": label });
  const close = () => menu.hidePopover();
  menu.append(...groups.map((group) => groupOf(group, close)));
  document.body.append(menu);
  current = { anchor, menu };
  anchor.setAttribute("aria-expanded", "true");
  menu.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState === "open") {
      // Not before: the press that opened it would close it.
      anchor.popoverTargetElement = menu;
      return;
    }
    if (current?.menu === menu) current = null;
    anchor.popoverTargetElement = null;
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    if (hadFocus) anchor.focus();
  });
  menu.addEventListener("keydown", (event) => walk(event, menu, close));
  menu.showPopover();
  place(menu, anchor);
  itemsOf(menu)[0]?.focus();
}

const itemsOf = (menu: HTMLElement): HTMLElement[] => [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")];

function groupOf({ heading, items, none }: Group, close: () => void): HTMLElement {
  const made = items.map(({ name, note, isChosen, act }) => {
    const role = isChosen === undefined ? "menuitem" : "menuitemradio";
    const button = element("button", { type: "button", tabindex: -1, role, "aria-checked": isChosen === undefined ? false : String(isChosen) }, element("span", {}, name));
    if (note !== undefined) button.append(element("span", { class: "sub" }, note));
    button.addEventListener("click", () => {
      close();
      act();
    });
    return button;
  });
  const rest = made.length === 0 && none !== undefined ? [element("p", { class: "sub" }, none)] : made;
  if (heading === "") return element("div", { role: "none" }, ...rest);
  return element("div", { role: "group", "aria-label": heading }, element("p", { class: "heading", "aria-hidden": "true" }, heading), ...rest);
}

function walk(event: KeyboardEvent, menu: HTMLElement, close: () => void): void {
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const last = items.length - 1;
  const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
  if (event.key === "Tab") close();
  if (to === undefined) return;
  event.preventDefault();
  items[to]?.focus();
}

/** Below the anchor, or above it where there is more room. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = innerHeight - bottom - 2 * MARGIN;
  const isBelow = height <= below || below >= top;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  menu.style.maxHeight = `${Math.max(120, isBelow ? below : top - 2 * MARGIN)}px`;
  if (isBelow) menu.style.top = `${bottom + 4}px`;
  else menu.style.bottom = `${innerHeight - top + 4}px`;
}
