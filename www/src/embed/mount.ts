// The figure within <path-patching>: a saved result, or one that is run here, in a shadow tree of its own.
//
// What runs a model is loaded only when one is run.

import { lookAt } from "../core/look";
import { element, messageOf } from "../lib/dom";
import { fromParams, type Shared, toParams } from "../lib/permalink";
import { type Result, strongestOf } from "../lib/result";
import { BUNDLED_SOURCE, restore } from "../lib/saved";
import { EXAMPLE } from "../lib/settings";
import styles from "../styles/board.css?inline";
import * as boardView from "../views/board";
import * as tokensView from "../views/tokens";
import { site } from "./site";

export interface MountOptions {
  /** The address of a saved result. */
  src: string | null;
  /** What a link says. */
  link: URLSearchParams;
  isLive: boolean;
  /** Parts of the board, `prompts` and `run`. */
  hidden: ReadonlySet<string>;
  theme: "light" | "dark" | null;
  /** Aborted when the element goes. */
  signal: AbortSignal;
}

/** While values come, the figure is drawn no more often. */
const DRAWING_PAUSE_MS = 200;

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** Fill a shadow tree. */
export function mount(root: ShadowRoot, options: MountOptions): void {
  const { hidden, signal } = options;
  const prompts = element("div", { class: "prompts" });
  const place = element("div");
  const failure = element("p", { class: "error", role: "alert" });
  const bar = element("div");
  const start = element("button", { type: "button", class: "primary" }, "Run it");
  const more = element("a", {}, "Open in pathpatch");
  const foot = element("div", { class: "tools" }, ...(hidden.has("run") ? [] : [start]), more);
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(prompts, place, bar, failure, foot);
  (root.host as HTMLElement).style.colorScheme = options.theme ?? "";
  prompts.hidden = true;

  let shared: Shared = fromParams(options.link, EXAMPLE);
  let result: Result | undefined;
  let isRunning = false;
  let drawing: ReturnType<typeof setTimeout> | undefined;

  const parts = new Set(boardView.PARTS.filter((part) => hidden.has(part)));
  const showBoard = boardView.create(place, parts, {
    onView: (change) => {
      shared = { ...shared, view: { ...shared.view, ...change } };
      draw();
    },
  });
  const showTokens = tokensView.create(prompts);

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    const page = new URL(site());
    page.hash = toParams(shared, EXAMPLE).toString();
    more.href = page.href;
    if (!result) return;
    showBoard({ result, view: lookAt(shared.view, result, strongestOf(result, {})), isRunning });
  }

  const fail = (error: unknown) => {
    failure.textContent = messageOf(error);
  };

  async function showSaved(src: string): Promise<void> {
    const response = await fetch(new URL(src, document.baseURI), { signal });
    if (!response.ok) throw new Error(`saved result: expected ${src}, got status ${response.status}`);
    const { saved, result: restored } = restore(await response.text());
    result = restored;
    const { source } = saved.model;
    const model = source === null || source === BUNDLED_SOURCE ? undefined : source;
    shared = { model, settings: saved.settings, view: saved.view };
    // Files of the author's own cannot be loaded here.
    start.hidden = source === null;
    const [first] = saved.tokens;
    if (first && !hidden.has("prompts")) showTokens(first);
    draw();
  }

  async function go(): Promise<void> {
    failure.textContent = "";
    start.disabled = true;
    isRunning = true;
    try {
      const { runLive } = await import("./live");
      await runLive(bar, shared, signal, {
        onTokens: (tokens) => {
          if (!hidden.has("prompts")) showTokens(tokens);
        },
        onResult: (grown) => {
          result = grown;
          drawing ??= setTimeout(draw, DRAWING_PAUSE_MS);
        },
      });
    } catch (error) {
      fail(error);
    } finally {
      isRunning = false;
      start.disabled = false;
      draw();
    }
  }

  start.addEventListener("click", () => void go());
  draw();
  if (options.src !== null) void showSaved(options.src).catch(fail);
  if (options.isLive) void go();
}
