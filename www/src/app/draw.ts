// From the state to the views: each is drawn again only where what it shows has changed.

import type { DetailData } from "../core/props";
import { noiseOf } from "../core/table";
import type { Show } from "../core/view";
import { elementById } from "../lib/dom";
import type { View } from "../lib/settings";
import * as detailView from "../views/detail";
import * as pictureView from "../views/picture";
import { compareWords, isSameThroughout } from "../views/words";
import { asked } from "./asked";
import type { Events } from "./events";
import { isStale } from "./reduce";
import { shell } from "./shell";
import type { Action, State } from "./state";
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
  const showAsked = asked(store, events);
  const stale = ["picture", "edge"].map((id) => elementById(id));

  const places = { circuit: elementById("circuit"), grids: elementById("grids"), table: elementById("table") };
  const showPicture = pictureView.create({ ...places, scale: elementById("scale") }, { onView: look });
  const showDetail = detailView.create(elementById("edge"), {
    onView: look,
    onPair: (pair) => look({ pair }),
  });
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let took = 0;
  const drawBoard = () => {
    clearTimeout(drawing);
    drawing = undefined;
    const { run, look: seen } = store.state();
    if (!run || !seen) return;
    const began = performance.now();
    const { pairs, settings } = run.request;
    showPicture({
      table: run.table,
      look: seen,
      isRunning: run.status === "running",
      compares: compareWords(settings.metric, pairs),
      isSamePrompts: isSameThroughout(pairs),
    });
    took = performance.now() - began;
    if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
  };

  const update = (now: State, before: State | null) => {
    const changed = (...keys: (keyof State)[]) => !before || keys.some((key) => now[key] !== before[key]);

    if (changed("view")) for (const show of Object.keys(places) as Show[]) places[show].hidden = show !== now.view.show;
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
    if (changed("detail")) showDetail(detailData(now));
    showAsked(now, before);
    showShell(now, before);
  };
  store.subscribe(update);
  update(store.state(), null);
}

function detailData({ detail }: State): DetailData {
  if (detail.state !== "there") return detail;
  const { run, pair } = detail;
  const { clean, corrupted } = run.request.pairs[pair]!.tokens;
  return { ...detail, table: run.table, noise: noiseOf(run.table), clean, corrupted, pairs: run.request.pairs.length };
}
