// The page that a frame shows: one <path-patching>, told by the address, that says how high it is.

import { ASK_HEIGHT, type HeightMessage } from "./embed/frames";
import { element } from "./lib/dom";
import "./pathpatch";

/** Parameters that are the element's own; the rest is a link's, whose `src` is a head. */
const OWN = { saved: "src", hide: "hide", theme: "theme", live: "live" };

const params = new URLSearchParams(location.search);
const figure = element("path-patching");
for (const [name, attribute] of Object.entries(OWN)) {
  const value = params.get(name);
  if (value !== null) figure.setAttribute(attribute, value);
  params.delete(name);
}
figure.setAttribute("link", params.toString());
const theme = figure.getAttribute("theme");
// The frame's ground is the figure's.
if (theme === "light" || theme === "dark") document.documentElement.style.colorScheme = theme;
document.getElementById("place")?.replaceChildren(figure);

if (parent !== window) {
  const tell = () => {
    const height = document.documentElement.getBoundingClientRect().height;
    const message: HeightMessage = { type: "pathpatch-height", height };
    // Whoever frames it may know its height; nothing else is told.
    parent.postMessage(message, "*");
  };
  new ResizeObserver(tell).observe(document.body);
  addEventListener("message", ({ data, source }) => {
    if (source === parent && data?.type === ASK_HEIGHT) tell();
  });
}
