// From the form to a run, and from a look at it to an edge in detail.
//
// One question is read and run at a time, and one edge looked at: a new one cancels the one before. A question is
// frozen in its run before anything is computed; nothing here reads the form afterwards.

import { isSameEdge } from "../core/node";
import { metricOptions, requestOf } from "../core/request";
import { begun, knownDetail, madeNow, type Run } from "../core/run";
import { type PathPatch, PathPatchError } from "../engine/pathpatch";
import { messageOf } from "../lib/dom";
import { remember, titleOf } from "../lib/recent";
import { run } from "../lib/run";
import { FIRST_LOOK, isSameSettings } from "../lib/settings";
import { fieldError, readForm } from "./read-form";
import { isOfFile, isOfLoaded, isStale } from "./reduce";
import { linkParams } from "./share";
import type { Action, State } from "./state";
import { latest, type Store } from "./store";

/** After the last keystroke, before tokens and grids follow. */
const TYPING_PAUSE_MS = 300;

export interface Asking {
  /** Ask what the form says, though it was asked before. */
  again: () => void;
  cancel: () => void;
}

let runs = 0;

export function asking(store: Store<State, Action>, engine: () => PathPatch | null): Asking {
  const { dispatch } = store;

  const ask = latest(
    async (signal) => {
      const model = engine();
      const { loaded, draft } = store.state();
      // There is nothing to run, and perhaps the model that made the file is not loaded.
      if (isAnsweredByFile(store.state())) {
        dispatch({ type: "run-settled" });
        return;
      }
      if (!model || !loaded) return;
      const reading = await readForm(model, draft, signal);
      if (signal.aborted) return;
      dispatch({ type: "read", reading });
      if (Object.keys(reading.errors).length > 0) {
        dispatch({ type: "run-refused", notes: {} });
        return;
      }
      // By what was read: more may have been typed meanwhile.
      const asked = { ...store.state(), draft };
      if (asked.run?.status === "done" && !isStale(asked) && !needsSender(asked)) {
        dispatch({ type: "run-settled" });
        return;
      }
      const request = requestOf(loaded.model, draft, reading.pairs, reading.tokens);
      const made = madeNow(loaded.device.kind);
      const id = ++runs;
      dispatch({ type: "run-begun", id });
      const began = performance.now();
      let isThere = false;
      const check = await run(model, draft, reading.pairs, store.state().view, signal, ({ table, progress, sender, warnings }) => {
        if (signal.aborted) return;
        if (!isThere) dispatch({ type: "run-estimated", run: begun(id, request, table, sender, warnings, made) });
        isThere = true;
        dispatch({ type: "run-grown", job: { id, progress } });
      });
      if (signal.aborted) return;
      dispatch({ type: "run-done", id, check, seconds: (performance.now() - began) / 1e3 });
      const done = store.state().run;
      if (done?.id === id) dispatch({ type: "recent", recent: remember(recentOf(done)) });
    },
    (error) => {
      const refused = fieldError(error, store.state().draft);
      if (refused) dispatch({ type: "run-refused", notes: refused.notes });
      else fail(error);
    },
  );

  const lookCloser = latest(
    async (signal) => {
      const model = engine();
      const { run: of, look, detail, seen } = store.state();
      const edge = look?.edge;
      const known = of && edge ? knownDetail(seen, edge, look.pair) : null;
      if (of && edge && known && (known.byPosition || !isOfLoaded(store.state()))) {
        dispatch({ type: "detail", detail: { state: "there", edge, run: of, pair: look.pair, detail: known } });
        return;
      }
      if (!model || !of || !edge || !isOfLoaded(store.state())) {
        dispatch({ type: "detail", detail: { state: "none" } });
        return;
      }
      const isAnother = detail.state === "none" || !isSameEdge(detail.edge, edge);
      if (isAnother) dispatch({ type: "detail", detail: { state: "waiting", edge } });
      const pair = Math.min(look.pair, of.request.pairs.length - 1);
      const { settings, pairs } = of.request;
      const { direction, patch } = settings;
      try {
        // All pairs, for the mean over them where that goes in.
        const asked = { ...metricOptions(settings, pairs), pair, direction, patch, ...edge, signal };
        const found = await model.edgeDetail(asked);
        if (signal.aborted) return;
        const there = { state: "there", edge, run: of, pair } as const;
        dispatch({ type: "detail", detail: { ...there, detail: found } });
        // A run for each position takes longer than all the rest: it fills in its bars.
        const { byPosition } = await model.edgeDetail({ ...asked, byPosition: true });
        if (!signal.aborted) dispatch({ type: "detail", detail: { ...there, detail: { ...found, byPosition } } });
      } catch (error) {
        if (signal.aborted) return;
        dispatch({ type: "detail", detail: { state: "failed", edge, message: messageOf(error) } });
        if (isLost(error)) fail(error);
      }
    },
    (error) => fail(error),
  );

  /** What no field is to blame for. A lost engine is begun anew, anything else tried again. */
  function fail(error: unknown): void {
    if (error instanceof PathPatchError && error.code === "cancelled") dispatch({ type: "run-stopped" });
    else dispatch({ type: "failed", failure: { text: messageOf(error), retry: isLost(error) ? "load" : "run" } });
  }

  let typing: ReturnType<typeof setTimeout> | undefined;
  store.subscribe((now, before) => {
    // The way back to another edge says the same again: what runs goes on, and what was stopped stays so.
    const isAnother = !isSameSettings(now.draft, before.draft);
    const isOpened = now.run?.id !== before.run?.id && isOfFile(now.run);
    if (now.loaded !== before.loaded || isOpened || (isAnother && !now.isTyping)) {
      clearTimeout(typing);
      ask.start();
    } else if (isAnother) {
      clearTimeout(typing);
      typing = setTimeout(ask.start, TYPING_PAUSE_MS);
    } else if (now.view !== before.view && needsSender(now) && !isStale(now)) ask.start();
    const isOther =
      now.run?.id !== before.run?.id ||
      now.look?.pair !== before.look?.pair ||
      !isSameEdge(now.look?.edge ?? null, before.look?.edge ?? null);
    if (isOther) lookCloser.start();
  });

  return {
    again: ask.start,
    cancel: () => {
      ask.cancel();
      dispatch({ type: "run-stopped" });
    },
  };
}

/** Whether a file's run is what the form says. */
const isAnsweredByFile = (state: State): boolean => isOfFile(state.run) && !isStale(state);

/** Whether the exact values on screen are those of another sender than the chosen one. */
function needsSender({ run: of, view, draft }: State): boolean {
  if (!of?.sender || draft.scope !== "source") return false;
  return view.from !== null && view.from !== of.sender;
}

const isLost = (error: unknown): boolean =>
  error instanceof PathPatchError && (error.code === "device" || error.code === "engine");

/** A run as the list of those before has it: its question, and not what was looked at. */
function recentOf({ request }: Run): { title: string; params: string } {
  const { metric, direction, patch } = request.settings;
  const unusual = [...(direction === "noise" ? ["noising"] : []), ...(patch === "resample" ? [] : [patch])];
  const title = titleOf(request.pairs, metric, ...unusual);
  return { title, params: linkParams(request, FIRST_LOOK).toString() };
}
