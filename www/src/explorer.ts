// One model, one set of settings, one run at a time: what is chosen in the views becomes a result to explore.

import type { PathPatch } from "./engine/pathpatch";
import { fieldError, fieldOf, readForm } from "./form";
import { pathpatchJs, transformerLens } from "./lib/code";
import { csv } from "./lib/csv";
import { at, messageOf } from "./lib/dom";
import { embedCode } from "./lib/embed";
import { npy } from "./lib/npy";
import type { Pair } from "./lib/pairs";
import { fromParams, type Shared, toParams } from "./lib/permalink";
import { type Preset, presetsFor } from "./lib/presets";
import { recentRuns, remember } from "./lib/recent";
import { type EdgeId, edges, type Head, hasPath, isSameEdge, isSameHead, type Result, strongest } from "./lib/result";
import { metricOptions, run } from "./lib/run";
import { BUNDLED_SOURCE, save } from "./lib/saved";
import { type Settings, settingsOf, type View, viewOf } from "./lib/settings";
import * as boardView from "./views/board";
import * as controlsView from "./views/controls";
import * as detailView from "./views/detail";
import * as progressView from "./views/progress";
import * as takeView from "./views/take";

/** After the last keystroke, before tokens and grids follow. */
const TYPING_PAUSE_MS = 300;
/** While values come, the page is drawn no more often; and, where drawing takes long, for no more than a part
 * of the time. */
const DRAWING_PAUSE_MS = 200;
const DRAWING_SHARE = 0.2;
/** What a figure for a post holds beside what is in view. */
const FIGURE_EDGES = 200;

/** The mark in the browser's timeline by which the start is measured. */
const FIRST_GRID = "first-grid";

export interface ExplorerEvents {
  showProgress: (data: progressView.ProgressData) => void;
  /** Something failed, or was cancelled, that no field is to blame for. */
  fail: (error: unknown) => void;
}

export interface Explorer {
  /** Run what is chosen. */
  run: () => void;
  cancel: () => void;
  /** Look at something else. */
  look: (change: Partial<View>) => void;
  /** Leave the page to another. */
  close: () => void;
}

/** What the explorer is about. */
export interface Subject {
  model: PathPatch;
  name: string;
  /** As `PathPatch.load` takes it; null for files of the reader's own. */
  source: string | null;
  /** The same as a link has it; absent for the page's own model. */
  shared?: string;
}

/** Fill the page's views for a model; `run` draws the first result. */
export function explore(subject: Subject, params: URLSearchParams, { showProgress, fail }: ExplorerEvents): Explorer {
  const { model } = subject;
  const presets = presetsFor(model.config);
  const defaults = { settings: settingsOf(presets[0]), view: viewOf(presets[0]) };
  let { settings, view } = within(model, fromParams(params, defaults));
  let result: Result | undefined;
  let pairs: Pair[] = [];
  let tokens: controlsView.PairTokens[] = [];
  let isRunning = false;
  /** The run under way; a new one takes its place. */
  let running = new AbortController();
  /** The edge that is looked at; likewise. */
  let looking = new AbortController();
  let lookedAt: EdgeId | null = null;
  /** Whether the destination is the reader's choice; else it is the one that the source moves most. */
  let isChosen = view.dst !== null;
  let typing: ReturnType<typeof setTimeout> | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let drawingTook = 0;

  /** A result of other settings than the form's is dimmed. */
  const showStale = (isStale: boolean) => {
    for (const part of [board, detail, take]) part.classList.toggle("stale", isStale);
  };
  const change = (changed: Partial<Settings>) => {
    settings = { ...settings, ...changed };
    showStale(true);
    clearTimeout(typing);
  };
  const choose = (changed: Partial<Settings>) => {
    change(changed);
    void start();
  };
  const restore = (shared: Shared) => {
    ({ settings, view } = within(model, shared));
    isChosen = view.dst !== null;
    showStale(true);
    void start();
  };
  const form = at<HTMLFormElement>("controls");
  const board = at("board");
  const detail = at("detail");
  const take = at("take");
  const showControls = controlsView.create(form, presets, {
    onInput: (changed) => {
      change(changed);
      typing = setTimeout(start, TYPING_PAUSE_MS);
    },
    onChoice: choose,
    onPreset: (preset: Preset) => restore({ settings: settingsOf(preset), view: viewOf(preset) }),
    onRecent: (index) => {
      const kept = recentRuns().filter(isOfThisModel)[index];
      if (kept) restore(fromParams(new URLSearchParams(kept.params), defaults));
    },
  });
  const showBoard = boardView.create(board, new Set(), { onView: look });
  const showDetail = detailView.create(detail, {
    onHead: (head, role) => look(role === "src" ? { src: head, dst: null } : { dst: head }),
    onPair: (pair) => look({ pair }),
  });
  const about = () => ({
    model: { name: subject.name, source: subject.shared ?? (subject.source && BUNDLED_SOURCE) },
    settings,
    view,
    tokens: tokens.map(({ clean, corrupted }) => ({ clean, corrupted })),
  });
  const paramsNow = () => {
    const dst = isChosen ? view.dst : null;
    return toParams({ model: subject.shared, settings, view: { ...view, dst } }, defaults);
  };
  const link = () => {
    if (subject.source === null) throw new Error("link: expected a model that others can load, got files of your own");
    const url = new URL(location.href);
    url.hash = paramsNow().toString();
    return url.href;
  };
  const codeRequest = () => ({ ...settings, ...view, model: subject.source, pairs, tokens });
  const there = () => {
    if (!result) throw new Error("result: expected one, got none yet");
    return result;
  };
  const moduleUrl = () => new URL("./pathpatch.js", document.baseURI).href;
  const showTake = takeView.create(take, {
    csv: () => csv(edges(there())),
    json: () => JSON.stringify(save(there(), about())),
    figure: () => JSON.stringify(save(there(), about(), FIGURE_EDGES)),
    npy: (component) => {
      const { layers, heads, components } = there();
      return npy(components[component].values, [layers, heads, layers, heads]);
    },
    link,
    python: () => transformerLens(codeRequest()),
    js: () => pathpatchJs(codeRequest(), moduleUrl()),
    embed: () => embedCode(paramsNow(), document.baseURI),
  });
  const isOfThisModel = ({ params: kept }: { params: string }) =>
    (new URLSearchParams(kept).get("model") ?? undefined) === subject.shared;

  function look(changed: Partial<View>): void {
    const { src: before } = view;
    view = { ...view, ...changed };
    if ("dst" in changed) isChosen = view.dst !== null;
    else if (view.dst && changed.src && !hasPath({ src: changed.src, dst: view.dst })) isChosen = false;
    if (changed.dst && !changed.src && result) chooseSource(result);
    draw();
    if (["src", "dst", "component", "pair"].some((key) => key in changed)) void showEdge();
    // A source whose edges alone are exact has others once it is another.
    if (settings.scope === "source" && !isSameHead(before, view.src)) void start();
  }

  /** Where no destination is chosen, take the one that the source moves most. */
  function chooseDestination(known: Result): void {
    if (isChosen) return;
    const best = strongest(known, "src", view.src, view.component);
    if (best) view = { ...view, dst: best.dst };
  }

  /** Where the destination is chosen and the source does not reach it, take the one that moves it most. */
  function chooseSource(known: Result): void {
    const { src, dst, component } = view;
    if (!dst || hasPath({ src, dst })) return;
    const best = strongest(known, "dst", dst, component);
    if (best) view = { ...view, src: best.src };
  }

  /** The form, with what is wrong. */
  const showForm = (errors: controlsView.ControlsData["errors"]) => {
    showControls({ settings, tokens, errors, recent: recentRuns().filter(isOfThisModel) });
    const isWrong = Object.keys(errors).length > 0;
    if (isWrong) showProgress({ state: "idle" });
    return isWrong;
  };

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    showTake(result !== undefined);
    if (!result) return;
    const began = performance.now();
    chooseDestination(result);
    showBoard({ result, view, isRunning });
    drawingTook = performance.now() - began;
    // The address bar has what is looked at, for a reload or a bookmark.
    const hash = `#${paramsNow()}`;
    if (location.hash !== hash) history.replaceState(history.state, "", hash);
    if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
  }

  /** Look at the chosen edge, on one pair. */
  async function showEdge(): Promise<void> {
    const { src, dst, component } = view;
    const edge = dst && hasPath({ src, dst }) ? { src, dst, component } : null;
    looking.abort();
    const controller = new AbortController();
    looking = controller;
    if (!edge) {
      lookedAt = null;
      showDetail({ state: "none" });
      return;
    }
    const index = Math.min(view.pair, pairs.length - 1);
    const pair = pairs[index];
    const { clean = [], corrupted = [] } = tokens[index] ?? {};
    if (!pair) return;
    if (!isSameEdge(edge, lookedAt)) showDetail({ state: "waiting", edge });
    lookedAt = edge;
    const { pairs: [one], ...options } = metricOptions(settings, [pair]);
    try {
      const found = await model.edgeDetail({
        ...one!,
        ...options,
        component,
        srcLayer: src.layer,
        srcHead: src.head,
        dstLayer: edge.dst.layer,
        dstHead: edge.dst.head,
        signal: controller.signal,
      });
      if (looking !== controller) return;
      showDetail({ state: "there", edge, detail: found, clean, corrupted, pairs: pairs.length, pair: index });
    } catch (error) {
      if (looking === controller) showDetail({ state: "failed", edge, message: messageOf(error) });
    }
  }

  /** Tokenise, show what is wrong, else run and draw. Only the latest run may touch the page. */
  async function start(): Promise<void> {
    running.abort();
    looking.abort();
    const controller = new AbortController();
    running = controller;
    const isLatest = () => running === controller;
    const mine = settings;
    const { pairs: minePairs, tokens: mineTokens, errors } = await readForm(model, mine);
    if (!isLatest()) return;
    tokens = mineTokens;
    pairs = minePairs;
    at("failure").textContent = "";
    if (showForm(errors)) return;
    isRunning = true;
    showProgress({ state: "running", text: "Running both prompts", done: 0, total: null });
    try {
      await run(model, mine, minePairs, view, controller.signal, ({ result: grown, sweep }) => {
        if (!isLatest()) return;
        const isFirst = result !== grown;
        result = grown;
        if (sweep) showProgress(progressView.ofSweep(sweep));
        if (isFirst) {
          showStale(false);
          draw();
          void showEdge();
        } else drawing ??= setTimeout(draw, Math.max(DRAWING_PAUSE_MS, drawingTook / DRAWING_SHARE));
      });
      if (!isLatest()) return;
      isRunning = false;
      remember({ title: titleOf(minePairs, mine), params: paramsNow().toString() });
      showForm({});
      draw();
      void showEdge();
      showProgress({ state: "idle" });
    } catch (error) {
      if (!isLatest()) return;
      isRunning = false;
      draw();
      const field = fieldOf(error, mine);
      if (field) showForm({ [field]: fieldError(error, mine) });
      else fail(error);
    }
  }

  const close = () => {
    clearTimeout(typing);
    clearTimeout(drawing);
    running.abort();
    looking.abort();
    // Whatever still comes is not of the latest run.
    running = new AbortController();
    looking = new AbortController();
    for (const part of [form, board, detail, take]) part.replaceChildren();
  };
  return { run: () => void start(), cancel: () => running.abort(), look, close };
}

/** Settings and view with heads that the model has. */
function within({ config }: PathPatch, { settings, view }: Shared): Pick<Shared, "settings" | "view"> {
  const isThere = ({ layer, head }: Head) => layer < config.n_layers && head < config.n_heads;
  const src = isThere(view.src) ? view.src : { layer: 0, head: 0 };
  const dst = view.dst && isThere(view.dst) ? view.dst : null;
  return { settings, view: { ...view, src, dst } };
}

/** What a run is called in the list of those before. */
function titleOf([first, ...others]: Pair[], { metric }: Settings): string {
  const text = first?.clean.trim().replaceAll(/\s+/g, " ") ?? "";
  const more = others.length ? ` and ${others.length} more` : "";
  return `${text.length > 40 ? `${text.slice(0, 39)}…` : text}${more}, ${metric}`;
}
