// What a step points at, as it is on the page now.

import { edgeKey, nodeOf } from "../../core/node";
import type { Target } from "../../story/scene";
import type { Box } from "./place";

/** The element that a step points at, for scrolling to it; null where it is not drawn. */
export function find(at: Target): Element | null {
  if (typeof at === "string") return visible(`#${at}`);
  const of = (attribute: string, name: string) => visible(`#circuit [data-${attribute}="${CSS.escape(name)}"]`);
  return of("edge", edgeKey(at)) ?? of("node", nodeOf(at.to)) ?? visible("#picture");
}

function visible(selector: string): Element | null {
  const found = document.querySelector(selector);
  return found && found.getClientRects().length > 0 ? found : null;
}

/** Its box in the window; null where it is nowhere. */
export function boxOf(element: Element | null): Box | null {
  if (!element?.isConnected) return null;
  const { left, top, width, height } = element.getBoundingClientRect();
  return width > 0 || height > 0 ? { left, top, width, height } : null;
}
