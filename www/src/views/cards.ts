// Saved results to open at once, side by side.

import { element } from "../lib/dom";

export interface Card {
  name: string;
  /** The model that it is of. */
  of: string;
  onPress: () => void;
}

export function create(container: HTMLElement, cards: readonly Card[]): void {
  if (cards.length === 0) return;
  const label = element("span", { id: "cards-label" }, "Examples:");
  const list = element("ul", { "aria-labelledby": "cards-label" });
  for (const { name, of, onPress } of cards) {
    const button = element("button", { type: "button" }, element("strong", {}, name), " ", element("span", {}, of));
    button.addEventListener("click", onPress);
    list.append(element("li", {}, button));
  }
  container.append(label, list);
}
