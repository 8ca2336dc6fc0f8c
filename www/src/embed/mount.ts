// The figure within <path-patching>: a saved result, or one that is run here, in a shadow tree of its own.

import { PathPatch } from "../engine/pathpatch";
import { element, messageOf } from "../lib/dom";
import { COMPONENT_NAMES, formatLoading, formatProgress } from "../lib/format";
import { BUNDLED } from "../lib/models";
import { pairsOf } from "../lib/pairs";
import { fromParams, type Shared, toParams } from "../lib/permalink";
import { presetsFor } from "../lib/presets";
import { edges, isSameHead, type Result } from "../lib/result";
import { run } from "../lib/run";
import { BUNDLED_SOURCE, restore } from "../lib/saved";
import { settingsOf, viewOf } from "../lib/settings";
import styles from "../styles/board.css?inline";
import * as boardView from "../views/board";
import * as progressView from "../views/progress";
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
  if (options.theme) (root.host as HTMLElement).style.colorScheme = options.theme;

  // Defaults of the bundled model's first example, as in the page.
  const [preset] = presetsFor({ d_vocab: 0, n_layers: 0, n_heads: 0 });
  const defaults = { settings: settingsOf(preset), view: viewOf(preset) };
  let shared: Shared = fromParams(options.link, defaults);
  let result: Result | undefined;
  let isRunning = false;
  let running = new AbortController();
  let drawing: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => running.abort());

  const parts = new Set(boardView.PARTS.filter((part) => hidden.has(part)));
  const showBoard = boardView.create(place, parts, {
    onView: (change) => {
      shared = { ...shared, view: { ...shared.view, ...change } };
      draw();
    },
  });
  const showTokens = tokensView.create(prompts);
  prompts.hidden = true;
  const showProgress = progressView.create(bar, {
    onCancel: () => running.abort(),
    onRunAgain: () => void go(),
  });
  showProgress({ state: "idle" });
  start.addEventListener("click", () => void go());

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    const page = new URL(site());
    page.hash = toParams(shared, defaults).toString();
    more.href = page.href;
    if (!result) return;
    const { view } = shared;
    const best = () => edges(result!).find((e) => e.component === view.component && isSameHead(e.src, view.src));
    if (!view.dst) shared = { ...shared, view: { ...view, dst: best()?.dst ?? null } };
    showBoard({ result, view: shared.view, isRunning });
  }

  const fail = (error: unknown) => {
    failure.textContent = messageOf(error);
  };

  async function showSaved(src: string): Promise<void> {
    const response = await fetch(new URL(src, document.baseURI), { signal });
    if (!response.ok) throw new Error(`saved result: expected ${src}, got status ${response.status}`);
    const { saved, result: restored } = restore(await response.text());
    result = restored;
    const source = saved.model.source ?? undefined;
    shared = { model: source === BUNDLED_SOURCE ? undefined : source, settings: saved.settings, view: saved.view };
    // Files of the author's own cannot be loaded here.
    start.hidden = saved.model.source === null;
    const [first] = saved.tokens;
    if (first && !hidden.has("prompts")) showTokens(first);
    draw();
  }

  async function go(): Promise<void> {
    running.abort();
    const mine = new AbortController();
    running = mine;
    failure.textContent = "";
    start.disabled = true;
    showProgress({ state: "running", text: "Starting", done: 0, total: null });
    let model: PathPatch | undefined;
    try {
      const source = shared.model ?? new URL(BUNDLED.source as string, site()).href;
      model = await PathPatch.load(source, {
        keep: shared.model !== undefined,
        signal: mine.signal,
        onProgress: (progress) => {
          const { loaded: done, total } = progress;
          showProgress({ state: "running", text: formatLoading(progress), done, total });
        },
      });
      const { settings, view } = shared;
      const pairs = pairsOf(settings);
      const [first] = pairs;
      if (!hidden.has("prompts")) {
        const { prependBos } = settings;
        showTokens({
          clean: await model.tokenize(first.clean, { prependBos }),
          corrupted: await model.tokenize(first.corrupted, { prependBos }),
        });
      }
      isRunning = true;
      await run(model, settings, pairs, view, mine.signal, ({ result: grown, sweep }) => {
        result = grown;
        if (sweep) {
          const { done, total } = sweep.progress;
          const text = `${COMPONENT_NAMES[sweep.component]}: ${formatProgress(sweep.progress)}`;
          showProgress({ state: "running", text, done, total });
        }
        drawing ??= setTimeout(draw, DRAWING_PAUSE_MS);
      });
      showProgress({ state: "idle" });
    } catch (error) {
      const isCancel = mine.signal.aborted;
      if (!isCancel) fail(error);
      showProgress({ state: isCancel ? "stopped" : "idle" });
    } finally {
      isRunning = false;
      start.disabled = false;
      model?.dispose();
      draw();
    }
  }

  draw();
  if (options.src !== null) void showSaved(options.src).catch(fail);
  if (options.isLive) void go();
}
