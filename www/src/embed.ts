// The page that a frame shows: one <path-patching>, told by the address, that says how high it is.

import type { HeightMessage } from "./embed/element";
import { element } from "./lib/dom";
import "./pathpatch";

/** Parameters that are the element's own; the rest is a link's, whose `src` is a head. */
const OWN = { saved: "src", hide: "hide", theme: "theme", live: "live" };

const params = new URLSearchParams(location.search);
const figure = element("path-patching" as keyof HTMLElementTagNameMap);
for (const [name, attribute] of Object.entries(OWN)) {
  const value = params.get(name);
  if (value !== null) figure.setAttribute(attribute, value);
  params.delete(name);
}
figure.setAttribute("link", params.toString());
document.getElementById("place")?.append(figure);

if (parent !== window) {
  new ResizeObserver(() => {
    const height = document.documentElement.getBoundingClientRect().height;
    const message: HeightMessage = { type: "pathpatch-height", height };
    // Whoever frames it may know its height; nothing else is told.
    parent.postMessage(message, "*");
  }).observe(document.body);
}
