// The embed builder: a figure for a web page, with a preview that is the element itself, and the snippet to paste.

import { element, messageOf } from "../../lib/dom";
import { embedCode, type EmbedChoice, type EmbedSubject, FIRST_EMBED, type Form, FORMS, type Place, PLACES } from "../../lib/embed";
import { EXTRAS, type Extra, PARTS, type Part } from "../../lib/figure-parts";
import { headlineOf } from "../../lib/headline";
import { formatBytes } from "../../lib/format";
import { download } from "../../lib/download";
import { pack } from "../../lib/pack";
import type { FigureData, FigureEvents } from "./data";
import { amount, choice, copy, outlets, tick, words } from "./fields";

const THEMES = { post: "As the post is", light: "Light", dark: "Dark" } as const;
type Theme = keyof typeof THEMES;

const WIDTH = { least: 280, most: 1600, step: 10 };
/** A post's column, a wide one, a phone. */
const WIDTHS = [360, 720, 1100] as const;
/** Pause before what is typed is drawn. */
const TYPING_MS = 250;
/** A snippet with more is better a file. */
const LARGE = 60_000;

type Preview = Awaited<ReturnType<FigureEvents["element"]>>;

export function create(container: HTMLElement, events: FigureEvents): (data: FigureData) => void {
  let data: FigureData | undefined;
  let chosen = FIRST_EMBED;
  /** Null for the figure's own. */
  let title: string | null = null;
  let preview: Preview | undefined;
  /** What the preview shows. */
  let previewed = "";
  let subject: EmbedSubject | undefined;
  let soon: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;

  const holder = element("div", { class: "embed-holder" });
  const note = element("p", { class: "note", role: "status" });
  const code = element("textarea", { rows: 6, readonly: true, spellcheck: "false", "aria-label": "Snippet" });
  const change = (part: Partial<EmbedChoice>) => {
    chosen = { ...chosen, ...part };
    void draw();
  };
  const toggled = <T>(set: ReadonlySet<T>, one: T, isIn: boolean): Set<T> => new Set(isIn ? [...set, one] : [...set].filter((each) => each !== one));

  const name = words("Title", 1, (text) => {
    title = text;
    clearTimeout(soon);
    soon = setTimeout(() => void draw(), TYPING_MS);
  });
  const parts = (Object.entries(PARTS) as [Part, string][]).map(([part, text]) => ({
    part,
    ...tick(text, (isOn) => change({ hide: toggled(chosen.hide, part, !isOn) })),
  }));
  const extras = (Object.entries(EXTRAS) as [Extra, string][]).map(([extra, text]) => ({
    extra,
    ...tick(text, (isOn) => change({ show: toggled(chosen.show, extra, isOn) })),
  }));
  const live = tick("Runs by itself", (isLive) => change({ isLive }));
  const themes = choice<Theme>("Theme", THEMES, (theme) => change({ theme: theme === "post" ? null : theme }));
  const widths = amount("At most", "px wide", WIDTH, WIDTHS, (width) => change({ width }));
  const limit = tick("As wide as its column", (isOn) => change({ width: isOn ? null : 720 }));
  const forms = choice<Form>("For", FORMS, (form) => change({ form }));
  const places = choice<Place>("Result", PLACES, (place) => change({ place }));
  const out = outlets();
  out.add("Copy snippet", "Into the clipboard", () => copy(code.value, "Snippet", code), true);
  const file = out.add("Save its file", "The saved result, to put beside the post", async () => {
    if (!subject) throw new Error("figure: expected a result, got none yet");
    download(subject.file, new Blob([subject.json], { type: "application/json" }));
    return `Saved as ${subject.file}: put it beside the post.`;
  });

  container.append(
    element("div", { class: "preview" }, holder),
    element(
      "div",
      { class: "fields" },
      element(
        "div",
        { class: "settings" },
        name.element,
        element("fieldset", { class: "ticks" }, element("legend", {}, "Parts"), ...[...parts, ...extras].map((one) => one.element), live.element),
        themes.element,
        limit.element,
        widths.element,
        forms.element,
        places.element,
      ),
      element("div", { class: "take" }, code, note, out.row, out.says),
    ),
  );

  async function draw(): Promise<void> {
    clearTimeout(soon);
    if (!data) return;
    const mine = ++turn;
    const { request } = data.run;
    const isOwn = request.model.ref.kind === "files";
    if (isOwn && chosen.place === "none") chosen = { ...chosen, place: "inline" };
    const called = title ?? headlineOf(request.pairs);
    name.update(called);
    for (const { part, update } of parts) update(!chosen.hide.has(part));
    for (const { extra, update } of extras) update(chosen.show.has(extra));
    live.update(chosen.isLive, !isOwn);
    themes.update(chosen.theme ?? "post");
    limit.update(chosen.width === null);
    widths.element.hidden = chosen.width === null;
    widths.update(chosen.width ?? 720);
    forms.update(chosen.form);
    places.update(chosen.place, isOwn ? { none: "Nobody else has the files of this model, so its result has to come along." } : {});
    file.hidden = chosen.place !== "file";
    try {
      const made = events.subject(called);
      const packed = await pack(made.json);
      const figure = preview ?? (await events.element());
      if (mine !== turn) return;
      subject = { ...made, packed };
      preview = figure;
      show(figure, subject);
      write();
    } catch (error) {
      note.textContent = messageOf(error);
    }
  }

  /** The element itself, with what the snippet would give it. */
  function show(figure: Preview, { json, params, title: called }: EmbedSubject): void {
    if (!figure.isConnected) {
      holder.replaceChildren(figure);
      // The snippet keeps as much height free as it takes.
      new ResizeObserver(() => {
        const height = Math.ceil(figure.getBoundingClientRect().height);
        if (height === 0 || height === chosen.height) return;
        chosen = { ...chosen, height };
        write();
      }).observe(figure);
    }
    const set = (attribute: string, value: string | null) => (value === null ? figure.removeAttribute(attribute) : figure.setAttribute(attribute, value));
    set("show", [...chosen.show].join(" ") || null);
    set("hide", [...chosen.hide].join(" ") || null);
    set("theme", chosen.theme);
    figure.style.maxWidth = chosen.width === null ? "" : `${chosen.width}px`;
    const isAsked = chosen.place === "none" && params !== null;
    // Another title is no reason to draw all of it anew.
    const { title: _, ...untitled } = JSON.parse(json);
    set("heading", isAsked ? null : called);
    const now = isAsked ? `link ${params}` : JSON.stringify(untitled);
    if (now === previewed) return;
    previewed = now;
    set("link", isAsked ? params.toString() : null);
    figure.data = isAsked ? null : untitled;
  }

  function write(): void {
    if (!subject) return;
    const { text, note: told } = embedCode(subject, chosen);
    if (code.value !== text) code.value = text;
    const size = `${formatBytes(text.length)} to paste.`;
    const large = text.length > LARGE ? " That is much for a page: put the result into a file beside the post." : "";
    const says = [told, `${size}${large}`].filter(Boolean).join(" ");
    if (note.textContent !== says) note.textContent = says;
  }

  return (given) => {
    if (given.run.id !== data?.run.id) title = null;
    data = given;
    void draw();
  };
}
