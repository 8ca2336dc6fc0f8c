// A figure for a paper: what it shows and how, a preview that is the file itself, and ways to take it along.

import { shownEdges, withChosen } from "../../core/shown";
import { element } from "../../lib/dom";
import { compose, type FigureChoice, GROUNDS, type Ground, hasNames } from "../../figure/compose";
import type { Drawing } from "../../figure/marks";
import { type Kind, save, svgOf } from "../../figure/out";
import { altOf, bibliography, captionOf, fileNameOf, hasEstimates, latex, looksIn, type Shown, titleOf, type What, WHATS } from "../../figure/words";
import type { FigureData } from "./data";
import { amount, choice, copy, outlets, tick, words } from "./fields";

/** Columns of journals and pages, in millimetres. */
const WIDTHS = [85, 120, 180] as const;
const WIDTH = { least: 40, most: 400, step: 1 };
const SIZES = [7, 8, 9] as const;
const SIZE = { least: 4, most: 16, step: 0.5 };
const FIRST: FigureChoice = {
  title: null,
  caption: null,
  has: { title: true, caption: false, source: true, signs: true, widths: true, estimates: true, ports: true, bands: true },
  ground: "light",
  width: 120,
  size: 8,
  isMarked: false,
};
/** How much larger than on paper the preview is. */
const ENLARGED = 1.5;
/** Pause before what is typed is drawn. */
const TYPING_MS = 150;

export function create(container: HTMLElement, site: string): (data: FigureData) => void {
  let data: FigureData | undefined;
  let what: What = "circuit";
  let chosen = FIRST;
  let drawn: { drawing: Drawing; shown: Shown } | null = null;
  let url = "";
  let soon: ReturnType<typeof setTimeout> | undefined;

  const picture = element("img", { class: "sheet" });
  const size = element("p", { class: "note", role: "status" });
  const stage = element("div", { "aria-hidden": "true", inert: true });
  const change = (part: Partial<FigureChoice>) => {
    chosen = { ...chosen, ...part };
    draw();
  };
  const type = (part: Partial<FigureChoice>) => {
    chosen = { ...chosen, ...part };
    clearTimeout(soon);
    soon = setTimeout(draw, TYPING_MS);
  };
  const has = (key: keyof FigureChoice["has"], text: string) => tick(text, (isOn) => change({ has: { ...chosen.has, [key]: isOn } }));

  const whats = choice<What>("Show", WHATS, (next) => {
    what = next;
    // Words of another figure do not fit this one.
    change({ title: null, caption: null });
  });
  const title = words("Title", 1, (text) => type({ title: text }));
  const caption = words("Caption", 6, (text) => type({ caption: text }));
  const grounds = choice<Ground>("Ground", GROUNDS, (ground) => change({ ground }));
  const width = amount("Width", "mm", WIDTH, WIDTHS, (millimetres) => change({ width: millimetres }));
  const letters = amount("Text", "pt", SIZE, SIZES, (points) => change({ size: points }));
  const ticks = {
    title: has("title", "Title"),
    caption: has("caption", "Caption"),
    source: has("source", "Source"),
    signs: has("signs", "Key of colours"),
    widths: has("widths", "Key of widths"),
    estimates: has("estimates", "Key of estimates"),
    ports: has("ports", "Key of q, k, v"),
    bands: has("bands", "Names of layers"),
  };
  const mark = tick("Chosen edge marked", (isMarked) => change({ isMarked }));
  const copied = element("textarea", { rows: 5, readonly: true, spellcheck: "false" });
  copied.hidden = true;
  const files = outlets();
  const texts = outlets();
  for (const [kind, hint] of Object.entries(FILES) as [Kind, string][]) {
    files.add(kind.toUpperCase(), hint, async () => {
      const { drawing, shown } = there();
      return `Saved as ${await save(kind, fileNameOf(shown), drawing, chosen, labelsOf(shown))}.`;
    });
  }
  const wordsOf = (shown: Shown) => chosen.caption ?? captionOf(shown);
  texts.add("Copy alt text", "The picture in words, for readers who cannot see it", () => copy(altOf(there().shown), "Alternative text", copied));
  texts.add("Copy caption", "The caption as it stands above", () => copy(wordsOf(there().shown), "Caption", copied));
  texts.add("Copy LaTeX", "A figure environment with \\caption and \\cite", () => {
    const { shown } = there();
    const cites = bibliography(shown, site).map(({ key }) => key);
    return copy(latex(fileNameOf(shown), wordsOf(shown), chosen.width, cites), "LaTeX", copied);
  });
  texts.add("Copy BibTeX", "This tool and the method’s papers", () => copy(bibliography(there().shown, site).map(({ text }) => text).join("\n\n"), "BibTeX", copied));

  container.append(
    element("div", { class: "preview" }, element("div", { class: "sheet-holder" }, picture), size),
    element(
      "div",
      { class: "fields" },
      element(
        "div",
        { class: "settings" },
        whats.element,
        title.element,
        caption.element,
        grounds.element,
        width.element,
        letters.element,
        element("fieldset", { class: "ticks" }, element("legend", {}, "In the picture"), ...Object.values(ticks).map((one) => one.element), mark.element),
      ),
      element("div", { class: "take" }, files.row, files.says, texts.row, texts.says, copied),
    ),
    stage,
  );

  const there = () => {
    if (!drawn) throw new Error("figure: expected something to draw, got nothing that is known");
    return drawn;
  };
  const labelsOf = (shown: Shown) => ({ title: chosen.title ?? titleOf(shown), alt: altOf(shown) });

  function draw(): void {
    clearTimeout(soon);
    if (!data) return;
    const { run, look, detail } = data;
    const reasons = reasonsOf(data);
    if (reasons[what] !== undefined) what = "circuit";
    const strongest = shownEdges(run.table, look);
    const edges = withChosen(run.table, strongest, chosen.isMarked ? look.edge : null);
    const shown: Shown = { what, run, look, edges, strongest: strongest.edges.length, detail };
    const drawing = compose(stage, shown, chosen);
    drawn = drawing && { drawing, shown };
    URL.revokeObjectURL(url);
    const labels = labelsOf(shown);
    url = drawing ? URL.createObjectURL(new Blob([svgOf(drawing, chosen, labels)], { type: "image/svg+xml" })) : "";
    picture.src = url;
    picture.alt = labels.alt;
    picture.className = `sheet ${chosen.ground}`;
    const height = drawing ? (chosen.width * drawing.height) / drawing.width : 0;
    // Larger on the screen than on paper, where there is room.
    picture.style.width = `${ENLARGED * chosen.width}mm`;
    size.textContent = `${chosen.width} × ${Math.round(height)} mm, ${fileNameOf(shown)}`;
    whats.update(what, reasons);
    title.update(labels.title);
    caption.update(wordsOf(shown));
    grounds.update(chosen.ground);
    width.update(chosen.width);
    letters.update(chosen.size);
    for (const key of Object.keys(ticks) as (keyof typeof ticks)[]) ticks[key].update(chosen.has[key], isOf(key, shown, chosen));
    mark.update(chosen.isMarked, what === "circuit" || what === "grids");
  }

  return (given) => {
    const isOther = given.run.id !== data?.run.id || given.look.edge !== data.look.edge;
    data = given;
    if (isOther) chosen = { ...chosen, title: null, caption: null };
    copied.hidden = true;
    draw();
  };
}

/** Whether there is such a part in what is shown. */
function isOf(key: keyof FigureChoice["has"], { what, run, edges }: Shown, choice: FigureChoice): boolean {
  switch (key) {
    case "bands":
      return what === "circuit" && hasNames(run, choice);
    case "ports":
    case "widths":
      return what === "circuit";
    case "estimates":
      return hasEstimates({ what, run, edges });
    default:
      return true;
  }
}

const FILES: Record<Kind, string> = {
  svg: "Vectors with real text, in a file that stands by itself",
  pdf: "Vectors with its fonts, for LaTeX",
  png: "300 points to the inch",
};

/** Why some of it cannot be shown. */
function reasonsOf({ run, look, detail }: FigureData): Partial<Record<What, string>> {
  if (!look.edge || !detail) {
    const why = "Attention and positions are those of the chosen edge, which has not been looked at.";
    return { attention: why, curve: why };
  }
  return {
    ...(looksIn(run, look, detail) ? {} : { attention: "The output reads what no head writes: there is no attention to show." }),
    ...(detail.byPosition ? {} : { curve: "The effect by position is still being computed: open this again in a moment." }),
  };
}
