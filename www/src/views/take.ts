// Taking a result along: what most readers want first, a link, a figure for a post and the numbers; the other files, and
// code that repeats the run, when they are asked for.

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
  const first = [
    copy("Copy link", "the model, the prompts, the settings and what is in view", events.link),
    copy("Copy embed code", "a figure for a post, which shows this result", events.embed),
    file("JSON", 'the whole result, to open here again, or in a notebook: pathpatch.show("pathpatch.json")', "pathpatch.json", json, events.json),
  ];
  const more: Record<string, Item[]> = {
    Files: [
      file("Figure JSON", "the strongest edges alone, a few kB: a figure in a post shows them", "pathpatch-figure.json", json, events.figure),
      file("CSV", "all known edges, strongest first", "pathpatch-edges.csv", "text/csv", events.csv),
      file("Graph JSON", "for EAP-IG: a score is positive where the edge helps", "pathpatch-graph.json", json, events.graph),
      file("NPY", "the scores of all edges, a row per sender and a column per receiver", "pathpatch-edges.npy", bytes, events.npy),
      ...PORTS.map((port) =>
        file(`NPY ${port}`, `the metric with one edge patched, from each head into each head’s ${PORT_NAMES[port]}`, `pathpatch-${port}.npy`, bytes, () => events.npyHeads(port)),
      ),
    ],
    "Code that repeats it": [
      copy("Copy as TransformerLens 4.3 code", "the chosen edge; only between heads, and only where the write of the other run is patched in", events.transformerLens),
      copy("Copy as TransformerLens code up to 4.2", "the same for earlier versions", events.transformerLensBefore),
      copy("Copy as EAP-IG code", "all edges, for any metric other than the KL divergence", events.eapIg),
      copy("Copy as pathpatch JS", "for a web page of your own", events.js),
      copy("Copy command", "computes all edges in a terminal and writes them to a file", events.command),
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
  const list = element("div", { class: "items" }, ...first.map(button));
  const others = element("div", { class: "items" });
  for (const [title, group] of Object.entries(more)) {
    others.append(element("div", { role: "group", "aria-label": title }, element("p", { class: "title", "aria-hidden": "true" }, title), ...group.map(button)));
  }
  for (const one of [list, others]) oneStop(one);
  container.append(says, shown, list, element("details", { class: "more" }, element("summary", {}, "More files and code"), others));
  return (isThere) => {
    for (const each of container.querySelectorAll<HTMLButtonElement>(".items button")) each.disabled = !isThere;
  };
}
