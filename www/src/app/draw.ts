// From the state to the views: each is drawn again only where what it shows has changed.

import { chosenOf } from "../core/chosen";
import { linkOf } from "../core/model-ref";
import { isSameEdge } from "../core/node";
import { warningNotes } from "../core/notes";
import type { DetailData } from "../core/props";
import type { Show } from "../core/view";
import { element, elementById } from "../lib/dom";
import { fromParams } from "../lib/permalink";
import { presetsFor } from "../lib/presets";
import { EXAMPLE, FIRST_LOOK, settingsOf, type View } from "../lib/settings";
import * as controlsView from "../views/controls";
import * as edgeView from "../views/edge/edge";
import * as pictureView from "../views/picture";
import * as tokensView from "../views/tokens";
import { compareWords, isSameThroughout } from "../views/words";
import type { Events } from "./events";
import { isOfLoaded, isStale } from "./reduce";
import { shell } from "./shell";
import type { Action, Loaded, State } from "./state";
import type { Store } from "./store";

/** Least pause between two drawings while values come, and the share of the time that drawing may take. */
const DRAWING_PAUSE_MS = 200;
const DRAWING_SHARE = 0.2;
/** The mark in the browser's timeline by which the start is measured. */
const FIRST_GRID = "first-grid";

export function draw(store: Store<State, Action>, events: Events): void {
  const { dispatch } = store;
  const showShell = shell(store, events);
  const look = (change: Partial<View>) => dispatch({ type: "look", change });
  const form = element("form", { id: "controls", autocomplete: "off", novalidate: true });
  const pair = element("div");
  elementById("question").append(pair, element("details", { id: "edit" }, element("summary", {}, "Edit prompts"), form));
  const showPair = tokensView.create(pair);
  const stale = ["picture", "edge"].map((id) => elementById(id));

  const places = { circuit: elementById("circuit"), grids: elementById("grids"), table: elementById("table") };
  const showPicture = pictureView.create({ ...places, scale: elementById("scale") }, { onView: look });
  const showEdge = edgeView.create(elementById("edge"), {
    onView: look,
    onPair: (pair) => look({ pair }),
  });
  let showControls: ReturnType<typeof controlsView.create> | undefined;
  /** The form is a model's: its examples, and what was run with it. */
  const makeControls = ({ model, config }: Loaded) => {
    const presets = presetsFor(model.ref, config);
    showControls = controlsView.create(form, presets, {
      onInput: (change) => dispatch({ type: "edit", change, isTyping: true }),
      onChoice: (change) => dispatch({ type: "edit", change, isTyping: false }),
      onPreset: (preset) => dispatch({ type: "want", wanted: { settings: settingsOf(preset), view: FIRST_LOOK } }),
      onRecent: (params) => dispatch({ type: "want", wanted: fromParams(new URLSearchParams(params), EXAMPLE) }),
    });
  };

  let drawing: ReturnType<typeof setTimeout> | undefined;
  let took = 0;
  const drawBoard = () => {
    clearTimeout(drawing);
    drawing = undefined;
    const { run, look: seen } = store.state();
    if (!run || !seen) return;
    showEdge(edgeData(store.state()));
    const began = performance.now();
    const { pairs } = run.request;
    showPicture({
      table: run.table,
      look: seen,
      isRunning: run.status === "running",
      compares: compareWords(run.table, pairs),
      isSamePrompts: isSameThroughout(pairs),
    });
    took = performance.now() - began;
    if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
  };

  const update = (now: State, before: State | null) => {
    const changed = (...keys: (keyof State)[]) => !before || keys.some((key) => now[key] !== before[key]);

    if (changed("loaded") && now.loaded) makeControls(now.loaded);
    if (changed("view")) for (const show of Object.keys(places) as Show[]) places[show].hidden = show !== now.view.show;
    if (changed("loaded", "draft", "reading", "runErrors", "run", "recent")) {
      const isOther = changed("loaded", "draft", "reading", "runErrors", "recent") || now.run?.id !== before?.run?.id;
      if (isOther && now.loaded) showControls?.(controlsData(now));
      const [first] = now.reading?.tokens ?? [];
      if (first) showPair(first);
    }
    if (changed("run", "draft", "loaded", "job")) {
      const isOld = isStale(now);
      for (const part of stale) part.classList.toggle("stale", isOld);
    }
    const isGrown = now.run?.id === before?.run?.id && now.run?.status === "running" && now.look === before?.look;
    if (changed("run", "look")) {
      if (isGrown) drawing ??= setTimeout(drawBoard, Math.max(DRAWING_PAUSE_MS, took / DRAWING_SHARE));
      else drawBoard();
    }
    if (changed("run")) elementById("picture").toggleAttribute("data-empty", now.run === null);
    if (changed("detail") || (changed("run", "look") && !now.run)) showEdge(edgeData(now));
    showShell(now, before);
  };
  store.subscribe(update);
  update(store.state(), null);
}

const NO_TOKENS: controlsView.ControlsData["tokens"] = [];

function controlsData({ draft, reading, runErrors, run, recent, loaded }: State): controlsView.ControlsData {
  // What was worth knowing of another question is not of this one.
  const isOfDraft = run !== null && loaded !== null && !isStale({ run, loaded, draft });
  return {
    settings: draft,
    tokens: reading?.tokens ?? NO_TOKENS,
    errors: reading ? { ...reading.errors, ...runErrors } : {},
    warnings: isOfDraft ? warningNotes(run.warnings, draft).fields : {},
    recent: loaded ? recentOf(recent, linkOf(loaded.model.ref)) : [],
  };
}

let recentShown: { all: State["recent"]; model: string | undefined; runs: State["recent"] } | undefined;

/** The runs of one model; the same list as long as nothing has changed. */
function recentOf(all: State["recent"], model: string | undefined): State["recent"] {
  if (recentShown?.all !== all || recentShown.model !== model) {
    const runs = all.filter(({ params }) => (new URLSearchParams(params).get("model") ?? undefined) === model);
    recentShown = { all, model, runs };
  }
  return recentShown.runs;
}

/** What the run knows of the edge that is looked at, and the look at it, once it is of this edge. */
function edgeData(state: State): DetailData {
  const { run, look, detail } = state;
  const chosen = run && look && chosenOf(run, look);
  if (!chosen) return { state: "none" };
  if (detail.state === "none") return { ...chosen, state: isOfLoaded(state) ? "waiting" : "alone" };
  if (!isSameEdge(detail.edge, chosen.edge)) return { ...chosen, state: "waiting" };
  if (detail.state !== "there") return { ...chosen, ...detail };
  const isOfThis = detail.run.id === run.id && detail.pair === chosen.pair;
  return isOfThis ? { ...chosen, state: "there", detail: detail.detail } : { ...chosen, state: "waiting" };
}
