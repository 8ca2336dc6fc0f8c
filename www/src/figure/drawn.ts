// A drawing of the page as a file: as large as it is there, and on the ground that it stands on there.

import { download } from "../lib/download";
import { png } from "./png";
import { Colours, read } from "./read";
import { svg } from "./svg";

const MM_PER_PIXEL = 25.4 / 96;

/** Hand it to the reader; `title` says what it shows. */
export async function saveDrawn(kind: "svg" | "png", name: string, of: SVGSVGElement, title: string): Promise<void> {
  const drawing = read(of);
  const width = drawing.width * MM_PER_PIXEL;
  const text = svg(drawing, { width, title, alt: of.getAttribute("aria-label") ?? title, ground: groundOf(of) });
  const file = kind === "svg" ? new Blob([text], { type: "image/svg+xml" }) : new Blob([await png(text, width, drawing.height * MM_PER_PIXEL)], { type: "image/png" });
  download(`${name}.${kind}`, file);
}

/** The colour below an element; null where there is none. */
function groundOf(element: Element): string | null {
  const colours = new Colours();
  for (let at: Element | null = element; at; at = parentOf(at)) {
    const found = colours.read(getComputedStyle(at).backgroundColor);
    if (found) return found.colour;
  }
  return null;
}

/** The element that one stands in, out of a shadow tree too. */
function parentOf(element: Element): Element | null {
  const root = element.getRootNode();
  return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}
