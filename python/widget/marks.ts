// What the reader marks: the button beside the chosen edge, and the edges that are marked.

import { edgeLabel } from "../../www/src/core/node";
import { element } from "../../www/src/lib/dom";
import { isSamePair, type Pair } from "./model";
import styles from "./widget.css?inline";

export interface MarksEvents {
  onToggle: (edge: Pair) => void;
  onSelect: (edge: Pair) => void;
}

/** A tree of its own for a part of the widget, which the notebook's styles do not reach. */
export function treeIn(host: HTMLElement): ShadowRoot {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  return root;
}

/** `beside` stands by what is said of the chosen edge, `list` below the figure. */
export function create(beside: HTMLElement, list: HTMLElement, events: MarksEvents): (chosen: Pair | null, marked: Pair[]) => void {
  let edge: Pair | null = null;
  const mark = element("button", { type: "button", "aria-keyshortcuts": "M", title: "The kernel gets it as widget.marked. Key: M" });
  const name = element("h4");
  treeIn(beside).append(element("div", { class: "chosen-edge" }, name, mark));
  mark.addEventListener("click", () => edge && events.onToggle(edge));

  const label = element("span", { class: "label" }, "Marked");
  const items = element("ul", { "aria-label": "Marked edges" });
  treeIn(list).append(element("div", { class: "marks" }, label, items));

  return (chosen, marked) => {
    edge = chosen;
    name.textContent = chosen && labelOf(chosen);
    mark.hidden = chosen === null;
    const isMarked = marked.some((one) => isSamePair(one, chosen));
    mark.textContent = isMarked ? "Unmark" : "Mark";
    mark.classList.toggle("is-marked", isMarked);
    list.hidden = marked.length === 0;
    // The focus stays in the list when what had it goes.
    const had = [...items.querySelectorAll("button")].indexOf((items.getRootNode() as ShadowRoot).activeElement as HTMLButtonElement);
    items.replaceChildren(...marked.map((one) => item(one, isSamePair(one, chosen))));
    const buttons = items.querySelectorAll("button");
    if (had >= 0) (buttons[Math.min(had, buttons.length - 1)] ?? mark).focus();
  };

  function item(of: Pair, isChosen: boolean): HTMLElement {
    const words = labelOf(of);
    const select = element("button", { type: "button", class: "name", "aria-current": String(isChosen) }, words);
    const remove = element("button", { type: "button", class: "remove", "aria-label": `Unmark ${words}` }, "×");
    select.addEventListener("click", () => events.onSelect(of));
    remove.addEventListener("click", () => events.onToggle(of));
    return element("li", {}, select, remove);
  }
}

const labelOf = ([from, to]: Pair): string => edgeLabel({ from, to });
