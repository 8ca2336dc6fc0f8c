// The page that a frame shows: one <path-patching>, told by the address, that says how high it is. Without a `theme`
// it is light until the post that it stands in says otherwise: a reader's system does not know how the post looks.

import { ASK_HEIGHT, type HeightMessage, type SchemeMessage } from "./embed/frames";
import { PathPatching } from "./embed/element";
import { unpack } from "./lib/pack";

// Not by `pathpatch.ts`: what two entries share is put into a file of its own, and that one tells the site by where it is.
PathPatching.site ??= new URL("./", location.href).href;

/** Parameters that are the element's own; the rest is a link's, whose `src` is a head. */
const OWN = { saved: "src", hide: "hide", show: "show", heading: "heading", theme: "theme", live: "live", workers: "workers" };

const params = new URLSearchParams(location.search);
const behind = new URLSearchParams(location.hash.slice(1));
// A result in the address itself, which goes to no server.
const packed = behind.get("saved");
// Otherwise a question, as a link to the page has it.
if (packed === null) for (const [name, value] of behind) params.append(name, value);
const figure = document.createElement("path-patching");
for (const [name, attribute] of Object.entries(OWN)) {
  const value = params.get(name);
  if (value !== null) figure.setAttribute(attribute, value);
  params.delete(name);
}
figure.setAttribute("link", params.toString());
const theme = figure.getAttribute("theme");
const isChosen = theme === "light" || theme === "dark";
// The frame's ground is the figure's.
if (isChosen) document.documentElement.style.colorScheme = theme;
if (packed !== null) void unpack(packed).then(within, () => within("an address that was cut short"));
else place(figure);

function within(text: string): void {
  const data = document.createElement("script");
  data.type = "application/json";
  data.textContent = text;
  figure.append(data);
  place(figure);
}

function place(figure: HTMLElement): void {
  document.getElementById("place")?.replaceChildren(figure);
}

if (parent !== window) {
  const tell = () => {
    const height = document.documentElement.getBoundingClientRect().height;
    const message: HeightMessage = { type: "pathpatch-height", height };
    // Any page that frames it may know its height; nothing else is told.
    parent.postMessage(message, "*");
  };
  new ResizeObserver(tell).observe(document.body);
  addEventListener("message", ({ data, source }: MessageEvent<{ type?: string } | null>) => {
    if (source !== parent) return;
    if (data?.type === ASK_HEIGHT) tell();
    if (isChosen || !isScheme(data)) return;
    document.documentElement.style.colorScheme = data.scheme;
  });
}

function isScheme(data: unknown): data is SchemeMessage {
  const { type, scheme } = (data ?? {}) as Partial<SchemeMessage>;
  return type === "pathpatch-scheme" && (scheme === "light" || scheme === "dark");
}
