// Taking a result along: tables and arrays as files, a link, code that repeats the run, a figure for a post; and
// opening what was taken along before.

import { element, messageOf } from "../lib/dom";
import { COMPONENT_NAMES } from "../lib/format";
import { download } from "../lib/image";

/** Text to copy, and what is worth knowing of it. */
export interface Copied {
  text: string;
  note?: string;
}

export interface TakeEvents {
  /** Each makes the text or the bytes of the result on screen. */
  csv: () => string;
  json: () => string;
  figure: () => string;
  npy: (component: "q" | "k" | "v") => Uint8Array<ArrayBuffer>;
  link: () => Copied;
  python: () => Copied;
  js: () => Copied;
  embed: () => Copied;
  /** A saved result was picked. */
  onOpen: (file: File) => void;
}

/** `isThere`: whether there is a result to take along. */
export function create(container: HTMLElement, events: TakeEvents): (isThere: boolean) => void {
  const says = element("p", { class: "note", role: "status" });
  const copied = element("textarea", { rows: 12, readonly: true, spellcheck: "false", "aria-label": "Copied text" });
  const shown = element("details", {}, element("summary", {}, "Copied text"), copied);
  shown.hidden = true;
  const attempt = async (act: () => Promise<string> | string) => {
    try {
      says.textContent = await act();
    } catch (error) {
      says.textContent = messageOf(error);
    }
  };
  const button = (text: string, hint: string, act: () => Promise<string> | string) => {
    const made = element("button", { type: "button", title: hint }, text);
    made.addEventListener("click", () => void attempt(act));
    return made;
  };
  const file = (text: string, hint: string, name: string, type: string, make: () => BlobPart) =>
    button(text, hint, () => {
      download(name, new Blob([make()], { type }));
      return `Saved as ${name}.`;
    });
  const copy = (text: string, hint: string, make: () => Copied) =>
    button(text, hint, async () => {
      const made = make();
      copied.value = made.text;
      shown.hidden = false;
      try {
        await navigator.clipboard.writeText(made.text);
        return [`${text}: copied.`, made.note ?? ""].join(" ").trim();
      } catch {
        shown.open = true;
        copied.select();
        return "This browser gives no access to the clipboard: copy it from below.";
      }
    });
  const files = [
    file("CSV", "All known edges, strongest first", "pathpatch-edges.csv", "text/csv", events.csv),
    file("JSON", "All known edges with prompts and settings", "pathpatch.json", "application/json", events.json),
    ...(["q", "k", "v"] as const).map((c) =>
      file(`NPY ${c}`, `The ${COMPONENT_NAMES[c]} grid for numpy.load, source first`, `pathpatch-${c}.npy`, "application/octet-stream", () => events.npy(c)),
    ),
    file("Figure JSON", "The strongest edges, a few kB, to embed", "pathpatch-figure.json", "application/json", events.figure),
  ];
  const copies = [
    copy("Copy link", "An address that restores model, prompts, settings and view", events.link),
    copy("Copy as TransformerLens code", "Python that repeats the source’s edges", events.python),
    copy("Copy as pathpatch JS", "JavaScript for a page of your own", events.js),
    copy("Copy embed code", "HTML that shows this figure in a post", events.embed),
  ];
  const all = element("div", {}, element("div", { class: "tools" }, ...files), element("div", { class: "tools" }, ...copies));
  const open = element("input", { type: "file", accept: ".json,application/json" });
  open.addEventListener("change", () => {
    for (const picked of open.files ?? []) events.onOpen(picked);
    // The same file can be picked again.
    open.value = "";
  });
  container.append(all, says, shown, element("label", { class: "open" }, "Open a saved JSON: ", open));
  return (isThere) => {
    for (const each of all.querySelectorAll("button")) each.disabled = !isThere;
  };
}
