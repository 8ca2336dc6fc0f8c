// Taking a result along: tables and arrays as files, a link, code that repeats the run, a figure for a post; and
// opening what was taken along before.

import { PORT_NAMES, PORTS } from "../core/node";
import type { Copied, TakeEvents } from "../core/props";
import { element, messageOf } from "../lib/dom";
import { download } from "../lib/image";

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
      // What was copied before is of another question, perhaps.
      shown.hidden = true;
      copied.value = "";
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
  const bytes = "application/octet-stream";
  const files = [
    file("CSV", "All known edges, strongest first", "pathpatch-edges.csv", "text/csv", events.csv),
    file("JSON", "All known edges with prompts and settings, to open here again", "pathpatch.json", "application/json", events.json),
    file("Graph JSON", "The graph as EAP-IG reads it: a score is positive where the edge helps", "pathpatch-graph.json", "application/json", events.graph),
    file("NPY", "Scores of all edges for numpy.load, senders by receivers", "pathpatch-edges.npy", bytes, events.npy),
    ...PORTS.map((port) =>
      file(`NPY ${port}`, `Metric values of heads into each head’s ${PORT_NAMES[port]} for numpy.load, source first`, `pathpatch-${port}.npy`, bytes, () => events.npyHeads(port)),
    ),
    file("Figure JSON", "The strongest edges, a few kB, to embed", "pathpatch-figure.json", "application/json", events.figure),
  ];
  const copies = [
    copy("Copy link", "An address that restores model, prompts, settings and view", events.link),
    copy("Copy as TransformerLens 4.3 code", "Python that runs the chosen edge, for 4.3 and later: only edges between heads, with the other run’s write", events.transformerLens),
    copy("Copy as TransformerLens code up to 4.2", "Python that runs the chosen edge, for earlier versions: only edges between heads, with the other run’s write", events.transformerLensBefore),
    copy("Copy as EAP-IG code", "Python that scores all edges with EAP-IG: any metric but the divergence", events.eapIg),
    copy("Copy as pathpatch JS", "JavaScript for a page of your own", events.js),
    copy("Copy command", "A command line that writes the graph", events.command),
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
