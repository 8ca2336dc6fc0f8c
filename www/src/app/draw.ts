// From the state to the views: each is drawn again only where what it shows has changed.

import { bandsOf } from "../core/bands";
import { chosenOf } from "../core/chosen";
import { isSameEdge } from "../core/node";
import type { Band, DetailData } from "../core/props";
import { type Roles, rolesOf } from "../core/roles";
import type { Run } from "../core/run";
import type { Show } from "../core/view";
import { elementById } from "../lib/dom";
import type { View } from "../lib/settings";
import * as edgeView from "../views/edge/edge";
import * as pictureView from "../views/picture";
import { compareWords } from "../views/words";
import { asked } from "./asked";
import type { Events } from "./events";
import { knownOf } from "./figures";
import { isOfLoaded, isOtherVersion, isStale } from "./reduce";
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
  const showEdge = edgeView.create(elementById("edge"), {
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
    showEdge(edgeData(store.state()));
    const began = performance.now();
    const { pairs } = run.request;
    showPicture({
      table: run.table,
      look: seen,
      isRunning: run.status === "running",
      compares: compareWords(run.table, pairs),
      ...placesOf(run),
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
    if (changed("detail", "predictions") || (changed("run", "look") && !now.run)) showEdge(edgeData(now));
    showAsked(now, before);
    showShell(now, before);
  };
  store.subscribe(update);
  update(store.state(), null);
}

let known: { request: Run["request"]; bands: readonly Band[]; roles: Roles["of"] | undefined } | undefined;

/** What parts of a run's circuit are known for; the same as long as it is the same run. */
function placesOf({ request }: Run): { bands: readonly Band[]; roles: Roles["of"] | undefined } {
  if (known?.request !== request) {
    const roles = rolesOf(request);
    known = { request, bands: roles ? bandsOf(roles) : [], roles: roles?.of };
  }
  const { bands, roles } = known;
  return { bands, roles };
}

/** What the run knows of the edge that is looked at, and the look at it, once it is of this edge. */
function edgeData(state: State): DetailData {
  const { run, look, detail } = state;
  const chosen = run && look && chosenOf(run, look, knownOf(state).predictions);
  if (!chosen) return { state: "none" };
  if (detail.state === "none") {
    if (isOfLoaded(state)) return { ...chosen, state: "waiting" };
    return { ...chosen, state: "alone", why: isOtherVersion(state) ? "other-version" : "absent" };
  }
  if (!isSameEdge(detail.edge, chosen.edge)) return { ...chosen, state: "waiting" };
  if (detail.state !== "there") return { ...chosen, ...detail };
  const isOfThis = detail.run.id === run.id && detail.pair === chosen.pair;
  return isOfThis ? { ...chosen, state: "there", detail: detail.detail } : { ...chosen, state: "waiting" };
}
