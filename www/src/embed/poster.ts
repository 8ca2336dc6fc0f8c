// What a figure shows before it is run: the question in words, and what running it takes.

import { BUNDLED_SHAPES, type BundledName, nameOf, type ModelRef } from "../core/model-ref";
import { element } from "../lib/dom";
import { formatBytes } from "../lib/format";
import { inQuotes, pairsOf } from "../lib/pairs";
import type { Question } from "./question";

/** Bytes that a run of a bundled model downloads, the engine included: see vite.config.ts. */
declare const BUNDLED_RUN_BYTES: Record<BundledName, number>;

export function poster({ model, settings }: Question): HTMLElement {
  const [first, ...others] = pairsOf(settings);
  const [clean, corrupted] = marked(first.clean, first.corrupted);
  const further = others.length === 0 ? [] : [element("p", { class: "note" }, `and ${others.length} further ${others.length === 1 ? "pair" : "pairs"} of prompts`)];
  return element(
    "section",
    { class: "poster" },
    element("h3", {}, question(inQuotes(first.answer), inQuotes(first.distractor))),
    element("dl", {}, element("dt", {}, "clean"), clean, element("dt", {}, "corrupted"), corrupted),
    ...further,
    element("p", { class: "note" }, `Direct path patching answers it, edge by edge. ${cost(model.ref)}`),
  );
}

function question(answer: string, distractor: string): string {
  if (answer && distractor) return `Which paths through the model make it say ${answer} rather than ${distractor}?`;
  if (answer) return `Which paths through the model make it say ${answer}?`;
  return "Which paths through the model carry the difference between these prompts?";
}

function cost(ref: ModelRef): string {
  if (ref.kind === "files") return "It was asked of files of somebody’s own, which cannot be loaded here.";
  if (ref.kind === "bundled") {
    const bytes = formatBytes(BUNDLED_RUN_BYTES[ref.name]);
    return `Running it downloads ${bytes}: the engine, and ${ref.name}, a model of ${BUNDLED_SHAPES[ref.name]}.`;
  }
  return `It runs ${nameOf(ref)}; you will see its size and where it comes from before anything is downloaded.`;
}

/** Both prompts with the words marked that differ, where they are of as many words. */
function marked(clean: string, corrupted: string): [HTMLElement, HTMLElement] {
  const words = [clean, corrupted].map((text) => text.split(/(?=\s)/));
  const [ours = [], theirs = []] = words;
  const isEven = ours.length === theirs.length;
  const show = (of: string[], other: string[]) =>
    element("dd", { dir: "auto" }, ...of.map((word, i) => (isEven && word !== other[i] ? element("mark", {}, word) : word)));
  return [show(ours, theirs), show(theirs, ours)];
}
