// What a step points at, as it is on the page now.

import { edgeKey, nodeOf } from "../../core/node";
import type { EdgeName } from "../../engine/types";
import type { Target } from "../../story/scene";
import type { Box } from "./place";

/** The elements that a step points at: of an edge the line and its ends. None where nothing is drawn. */
export function find(at: Target): Element[] {
  if (typeof at === "string") return visible(`#${at}`);
  const drawn = drawnOf(at);
  return drawn.length > 0 ? drawn : visible("#picture");
}

/** The line of an edge and its ends, as far as they are drawn. */
export function drawnOf(at: EdgeName): Element[] {
  const of = (attribute: string, name: string) => visible(`#circuit [data-${attribute}="${CSS.escape(name)}"]`);
  // Input and logits are as wide as the picture.
  const ends = [at.from, nodeOf(at.to)].filter((name) => name !== "input" && name !== "logits");
  return [of("edge", edgeKey(at)), ...ends.map((name) => of("node", name))].flat();
}

function visible(selector: string): Element[] {
  const found = document.querySelector(selector);
  return found && found.getClientRects().length > 0 ? [found] : [];
}

/** The box in the window around what is seen of all of them; null where nothing is. */
export function boxAround(elements: readonly Element[]): Box | null {
  const boxes = elements.map(seenOf).filter(({ width, height }) => width >= 0 && height >= 0);
  if (boxes.length === 0) return null;
  const [left, top] = [Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top))];
  const [right, bottom] = [Math.max(...boxes.map((box) => box.left + box.width)), Math.max(...boxes.map((box) => box.top + box.height))];
  return { left, top, width: right - left, height: bottom - top };
}

/** The same, cut off where the window ends too. */
export function seenInWindow(element: Element): Box {
  const { left, top, width, height } = seenOf(element);
  const [from, to] = [{ x: Math.max(0, left), y: Math.max(0, top) }, { x: Math.min(innerWidth, left + width), y: Math.min(innerHeight, top + height) }];
  return { left: from.x, top: from.y, width: to.x - from.x, height: to.y - from.y };
}

/** Its box in the window, cut off where what it scrolls within ends; below 0 in size where nothing is seen of it. */
export function seenOf(element: Element): Box {
  let { left, top, right, bottom } = element.getBoundingClientRect();
  for (let around = element.parentElement; around && around !== document.body; around = around.parentElement) {
    if (getComputedStyle(around).overflow === "visible") continue;
    const room = around.getBoundingClientRect();
    [left, top] = [Math.max(left, room.left), Math.max(top, room.top)];
    [right, bottom] = [Math.min(right, room.right), Math.min(bottom, room.bottom)];
  }
  return { left, top, width: right - left, height: bottom - top };
}
