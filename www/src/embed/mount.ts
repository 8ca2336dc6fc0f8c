// The figure within <path-patching>: a saved result, or one that is run here, in a shadow tree of its own.
//
// What runs a model is loaded only when one is run.

import { readSaved } from "../app/saved-run";
import { linkOf, nameOf, pinned, refOfLink } from "../core/model-ref";
import type { Run } from "../core/run";
import { choose, type Look, lookAt, within } from "../core/view";
import { element, messageOf } from "../lib/dom";
import { fromParams, toParams } from "../lib/permalink";
import { save, type Saved } from "../lib/saved";
import { EXAMPLE, exampleOf } from "../lib/settings";
import styles from "../styles/figure.css?inline";
import * as boardView from "./board";
import * as tokensView from "../views/tokens";
import { compareWords, isSameThroughout } from "../views/words";
import type { Question } from "./question";
import { follow, type Scheme } from "./scheme";
import { type SelectDetail, selected } from "./selected";

/** What a figure is about: a saved result or its address, or what a link says. */
export type Subject =
  | { kind: "data"; text: string }
  | { kind: "file"; url: string }
  | { kind: "link"; params: URLSearchParams };

/** How it is shown; changing it loses nothing. */
export interface Appearance {
  /** Parts of the board, `prompts` and `run`. */
  hidden: ReadonlySet<string>;
  /** Null where it is the post's. */
  theme: Scheme | null;
}

export interface MountOptions {
  subject: Subject;
  isLive: boolean;
  look: Appearance;
  /** Where links lead and the bundled model is; null where there is no site. */
  site: string | null;
  /** Aborted when the element shows something else. */
  signal: AbortSignal;
  /** A result is whole: a saved one, or the end of a run. */
  onResult: () => void;
  onSelect: (edge: SelectDetail) => void;
  onError: (error: unknown) => void;
}

export interface Figure {
  show: (look: Appearance) => void;
  /** Go on with what is not done: read the saved result, run once it is near where the reader is. */
  start: () => void;
  /** The element has gone: stop what is under way. */
  stop: () => void;
  data: () => Saved | null;
}

/** Least pause between two drawings while values come. */
const DRAWING_PAUSE_MS = 200;
/** A live figure runs once it is as near to what the reader sees. */
const NEAR = "300px";

const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block; }\n${styles}`);

/** Fill a shadow tree, which keeps the height that it has until there is something to draw. */
export function mount(root: ShadowRoot, options: MountOptions): Figure {
  const { subject, site, signal } = options;
  let { look } = options;
  const prompts = element("div", { class: "prompts" });
  const place = element("div");
  const failure = element("p", { class: "error", role: "alert" });
  const warning = element("p", { class: "warning", role: "status" });
  const bar = element("div");
  const start = element("button", { type: "button", class: "primary" }, "Run it");
  const more = element("a", { target: "_blank", rel: "noopener" }, "Open in pathpatch");
  const foot = element("div", { class: "tools" }, start, more);
  const probe = element("span", { class: "probe", "aria-hidden": "true" });
  const body = element("div", { class: "embedded" }, prompts, place, bar, warning, failure, foot);
  const room = (root.firstElementChild as HTMLElement | null)?.style.minHeight ?? "";
  body.style.minHeight = room;
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(probe, body);
  prompts.hidden = true;

  /** Null until the link or the saved result is read. */
  let question: Question | null = null;
  /** What is shown, with the question that it answers. */
  let run: Run | undefined;
  /** Why the model is not kept for the next visit; empty where it is, or need not be. */
  let notKept = "";
  /** Whether there is nothing left to be done without the reader. */
  let isDone = false;
  /** Whether the reader knows what a run downloads, and from where. */
  let isAsked = false;
  /** Whether that is what the button says, for the reader to press. */
  let isAsking = false;
  let active: AbortController | undefined;
  let isRunning = false;
  let near: IntersectionObserver | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let showBoard: ReturnType<typeof boardView.create> | undefined;
  const showTokens = tokensView.create(prompts);
  let around: Scheme = "light";

  follow(probe, (scheme) => {
    around = scheme;
    dress();
  });
  start.addEventListener("click", () => void go(true));

  function dress(): void {
    body.style.colorScheme = look.theme ?? around;
    body.toggleAttribute("data-theme", look.theme !== null);
    start.hidden = !canRun() || (look.hidden.has("run") && !isAsking);
    prompts.hidden = look.hidden.has("prompts") || !run;
  }

  /** Files of the author's own cannot be loaded here. */
  function canRun(): boolean {
    return question !== null && question.model.ref.kind !== "files";
  }

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    dress();
    more.hidden = !site || !question;
    if (!question) return;
    if (site) {
      const page = new URL(site);
      const { model, settings, view } = question;
      page.hash = toParams({ model: linkOf(pinned(model)), settings, view }, EXAMPLE).toString();
      more.href = page.href;
    }
    if (!run) return;
    const warnings = [...run.warnings.map(({ message }) => message), notKept].filter(Boolean).map(sentence).join(" ");
    // Only where it is another: a screen reader says it again.
    if (warning.textContent !== warnings) warning.textContent = warnings;
    showBoard ??= board();
    const { pairs, settings } = run.request;
    showBoard({
      table: run.table,
      look: seen(question, run),
      isRunning,
      compares: compareWords(settings.metric, pairs),
      isSamePrompts: isSameThroughout(pairs),
    });
    const [first] = pairs;
    if (first && !look.hidden.has("prompts")) showTokens(first.tokens);
    if (!isRunning) body.style.minHeight = "";
  }

  function board(): ReturnType<typeof boardView.create> {
    place.replaceChildren();
    const parts = new Set(boardView.PARTS.filter((part) => look.hidden.has(part)));
    return boardView.create(place, parts, {
      onView: (change) => {
        if (!question) return;
        question = { ...question, view: choose(question.view, run ? seen(question, run) : null, change, run?.table ?? null) };
        draw();
        if (run && ("from" in change || "to" in change || change.node)) options.onSelect(selected(seen(question, run)));
      },
    });
  }

  async function showPoster(): Promise<void> {
    if (!question || run) return;
    const { poster } = await import("./poster");
    if (signal.aborted || run || !question) return;
    place.replaceChildren(poster(question));
    if (!options.isLive) body.style.minHeight = "";
  }

  function fail(error: unknown): void {
    if (signal.aborted) return;
    failure.textContent = messageOf(error);
    body.style.minHeight = "";
    options.onError(error);
  }

  /** Show a saved result; its question becomes the figure's. */
  function showSaved(text: string): void {
    const opened = readSaved(text, subject.kind === "file" ? subject.url : "data");
    run = opened.run;
    question = { model: run.request.model, settings: run.request.settings, view: opened.view };
    draw();
    options.onResult();
  }

  async function begin(): Promise<void> {
    if (!active) return;
    const mine = AbortSignal.any([active.signal, signal]);
    try {
      if (subject.kind === "file" && !question) showSaved(await textOf(subject.url, mine));
      else if (subject.kind === "data" && !question) showSaved(subject.text);
      else if (subject.kind === "link") {
        question ??= questionOf(subject.params);
        draw();
        await showPoster();
      }
    } catch (error) {
      // Gone meanwhile: it is read again when the element comes back.
      if (mine.aborted) return;
      isDone = true;
      fail(error);
      return;
    }
    if (mine.aborted) return;
    if (!options.isLive || !canRun()) {
      isDone = true;
      return;
    }
    near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near?.disconnect();
        void go(false);
      },
      { rootMargin: NEAR },
    );
    near.observe(root.host);
  }

  async function go(hasPressed: boolean): Promise<void> {
    if (isRunning || !question) return;
    active ??= new AbortController();
    const mine = AbortSignal.any([active.signal, signal]);
    failure.textContent = "";
    start.disabled = isRunning = true;
    try {
      const { downloadOf, runLive } = await import("./live");
      mine.throwIfAborted();
      if (!isAsked) {
        const download = await downloadOf(question.model, site, hasPressed, mine);
        isAsked = download === null || download.isSized;
        if (download) {
          start.textContent = `Run it (${download.text})`;
          isAsking = true;
          body.style.minHeight = "";
          return;
        }
      }
      isAsking = false;
      const whole = await runLive(bar, question, site, mine, {
        onLoaded: ({ kept, reason }, isToBeKept) => {
          notKept = isToBeKept && !kept ? `The model is not kept in this browser: ${reason}` : "";
        },
        onRun: (grown) => {
          run = grown;
          drawing ??= setTimeout(draw, DRAWING_PAUSE_MS);
        },
      });
      isDone = true;
      if (whole) {
        isRunning = false;
        draw();
        options.onResult();
      }
    } catch (error) {
      if (mine.aborted) return;
      isDone = true;
      fail(error);
    } finally {
      isRunning = false;
      start.disabled = false;
      draw();
    }
  }

  draw();
  return {
    show: (changed) => {
      const hasMoved = [...changed.hidden].sort().join() !== [...look.hidden].sort().join();
      look = changed;
      if (hasMoved) showBoard = undefined;
      draw();
    },
    start: () => {
      if (active && !active.signal.aborted) return;
      active = new AbortController();
      if (!isDone) void begin();
    },
    stop: () => {
      near?.disconnect();
      active?.abort();
    },
    data: () => {
      return run && question && !isRunning ? save(run, seen(question, run)) : null;
    },
  };
}

/** What a link asks; the model's address is relative to the post. Throws where it names no model. */
function questionOf(params: URLSearchParams): Question {
  const ref = refOfLink(fromParams(params, EXAMPLE).model, document.baseURI);
  const { settings, view } = fromParams(params, exampleOf(ref));
  return { model: { ref, name: nameOf(ref), revision: null }, settings, view };
}

/** What is looked at, the rest left to the result. */
function seen({ view }: Question, { table, lead }: Run): Look {
  return lookAt(within(table, view), table, lead);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

async function textOf(url: string, signal: AbortSignal): Promise<string> {
  const failed = (got: string) => new Error(`saved result: expected a file at ${url}, got ${got}`);
  const response = await fetch(url, { signal }).catch((error: Error) => {
    if (signal.aborted) throw error;
    const isElsewhere = new URL(url).origin !== self.origin;
    const hint = isElsewhere
      ? "; does its server allow other origins (Access-Control-Allow-Origin), and this page's Content-Security-Policy it (connect-src)?"
      : "";
    throw failed(`${error.message}${hint}`);
  });
  if (!response.ok) throw failed(`status ${response.status}`);
  return response.text();
}
