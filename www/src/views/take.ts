// Taking a result along: a link, files, code that repeats the run, a figure for a post; and opening what was taken
// along before.

import { PORT_NAMES, PORTS } from "../core/node";
import type { Copied, TakeEvents } from "../core/props";
import { element, messageOf } from "../lib/dom";
import { download } from "../lib/download";
import { oneStop } from "./menu";

/** Something to press: what it is called, and what comes of it. */
interface Item {
  name: string;
  about: string;
  act: () => Promise<string> | string;
}

/** `isThere`: whether there is a result to take along. */
export function create(container: HTMLElement, events: TakeEvents): (isThere: boolean) => void {
  const says = element("p", { class: "note", role: "status" });
  const copied = element("textarea", { rows: 8, readonly: true, spellcheck: "false", "aria-label": "Copied text" });
  const shown = element("details", {}, element("summary", {}, "Copied text"), copied);
  shown.hidden = true;

  const file = (name: string, about: string, as: string, type: string, make: () => BlobPart): Item => ({
    name,
    about,
    act: () => {
      download(as, new Blob([make()], { type }));
      return `Saved as ${as}.`;
    },
  });
  const copy = (name: string, about: string, make: () => Copied): Item => ({
    name,
    about,
    act: async () => {
      // What was copied before is of another question, perhaps.
      shown.hidden = true;
      copied.value = "";
      const made = make();
      copied.value = made.text;
      shown.hidden = false;
      try {
        await navigator.clipboard.writeText(made.text);
        return [`${name}: copied.`, made.note ?? ""].join(" ").trim();
      } catch {
        shown.open = true;
        copied.select();
        return "This browser gives no access to the clipboard: copy it from below.";
      }
    },
  });
  const json = "application/json";
  const bytes = "application/octet-stream";
  const groups: Record<string, Item[]> = {
    "Show it to others": [
      copy("Copy link", "model, prompts, settings and view", events.link),
      copy("Copy embed code", "shows this in a post", events.embed),
      file("Figure JSON", "the strongest edges, a few kB, for a post without a model", "pathpatch-figure.json", json, events.figure),
    ],
    "Save the numbers": [
      file("JSON", "all known edges, to open here again", "pathpatch.json", json, events.json),
      file("CSV", "all known edges, strongest first", "pathpatch-edges.csv", "text/csv", events.csv),
      file("Graph JSON", "as EAP-IG reads it: positive where the edge helps", "pathpatch-graph.json", json, events.graph),
      file("NPY", "scores, senders by receivers", "pathpatch-edges.npy", bytes, events.npy),
      ...PORTS.map((port) =>
        file(`NPY ${port}`, `metric between heads, by ${PORT_NAMES[port]}, source first`, `pathpatch-${port}.npy`, bytes, () => events.npyHeads(port)),
      ),
    ],
    "Copy code that repeats it": [
      copy("Copy as TransformerLens 4.3 code", "the chosen edge; edges between heads, the other run’s write", events.transformerLens),
      copy("Copy as TransformerLens code up to 4.2", "the same for earlier versions", events.transformerLensBefore),
      copy("Copy as EAP-IG code", "all edges; any metric but the divergence", events.eapIg),
      copy("Copy as pathpatch JS", "for a page of your own", events.js),
      copy("Copy command", "writes the graph", events.command),
    ],
  };

  let items = 0;
  const button = ({ name, about, act }: Item) => {
    const id = `take-${items++}`;
    const made = element(
      "button",
      { type: "button", "aria-labelledby": id, "aria-describedby": `${id}-about` },
      element("span", { id }, name),
      element("small", { id: `${id}-about` }, about),
    );
    made.addEventListener("click", async () => {
      try {
        says.textContent = await act();
      } catch (error) {
        says.textContent = messageOf(error);
      }
    });
    return made;
  };
  const list = element("div", { class: "items" });
  for (const [title, group] of Object.entries(groups)) {
    list.append(element("div", { role: "group", "aria-label": title }, element("p", { class: "title", "aria-hidden": "true" }, title), ...group.map(button)));
  }
  oneStop(list);

  const open = element("input", { type: "file", accept: ".json,application/json" });
  open.addEventListener("change", () => {
    for (const picked of open.files ?? []) events.onOpen(picked);
    // The same file can be picked again.
    open.value = "";
  });
  container.append(says, shown, list, element("label", { class: "open" }, "Open a saved JSON ", open));
  return (isThere) => {
    for (const each of list.querySelectorAll("button")) each.disabled = !isThere;
  };
}
