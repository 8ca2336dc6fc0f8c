// From the form to a run, and from a look at it to an edge in detail.
//
// The form is read after each change: its tokens, what is wrong, what both runs say next. A run follows at once where it
// is short, and where it is long once the reader asks for it; until then the one before goes on. One question is read at
// a time, and one edge looked at: a new one cancels the one before.

import { isSameEdge } from "../core/node";
import { metricOptions } from "../core/request";
import { knownDetail } from "../core/run";
import { type PathPatch, PathPatchError } from "../engine/pathpatch";
import type { Token } from "../engine/types";
import { messageOf } from "../lib/dom";
import type { Pair } from "../lib/pairs";
import { isSameSettings, type Settings } from "../lib/settings";
import { isLost, runFailure } from "./failure";
import { isShort } from "./policy";
import { checkForm, isWrong, readForm, type Reading } from "./read-form";
import { isOfFile, isOfLoaded, isStale } from "./reduce";
import { running } from "./running";
import type { Action, State } from "./state";
import { latest, type Store } from "./store";

/** After the last keystroke, before tokens and grids follow. */
const TYPING_PAUSE_MS = 300;

/** Edges that are looked at within less than this of each other are passed by. */
const STEPPING_MS = 150;

export interface Asking {
  cancel: () => void;
  /** Tokens of the vocabulary that begin so. */
  complete: (start: string, limit?: number) => Promise<Token[]>;
}

export function asking(store: Store<State, Action>, engine: () => PathPatch | null): Asking {
  const { dispatch } = store;
  const job = running(store, (error) => fail(error, true));

  const read = latest(
    async (signal, isAsked: boolean) => {
      const model = engine();
      const { loaded, draft, formOf } = store.state();
      // There is nothing to run, and perhaps the model that made the file is not loaded.
      if (isAnsweredByFile(store.state())) {
        settle();
        return;
      }
      // The words of a saved result's prompts are its own model's.
      if (!model || !loaded || formOf) return;
      const reading = await readForm(model, draft, signal);
      const checked = isWrong(reading) ? { ...reading, warnings: [] } : await checkForm(model, draft, reading, signal);
      if (signal.aborted) return;
      dispatch({ type: "read", reading: checked });
      const asked = predictable(draft, reading);
      if (asked && !isPredicted(store.state(), draft)) {
        const pairs = await model.predictions({ ...metricOptions(draft, asked), top: TOP, signal });
        if (signal.aborted) return;
        dispatch({ type: "predicted", of: draft, pairs });
      }
      if (isWrong(checked)) return;
      // By what was read: more may have been typed meanwhile.
      const now = { ...store.state(), draft };
      if (now.run?.status === "done" && !isStale(now) && !needsSender(now)) {
        settle();
        return;
      }
      if (job.answers(loaded, draft) && !needsSender(now)) {
        dispatch({ type: "run-awaited" });
        return;
      }
      const { seconds, isKnown, cautious } = job.forecast(loaded, draft, reading);
      const mayBegin = isAsked || job.isFirst(loaded) || isShort(loaded.model.ref, seconds, cautious);
      if (mayBegin) job.start(model, loaded, draft, reading);
      else dispatch({ type: "needs-run", seconds: isKnown ? seconds : null });
    },
    (error) => fail(error),
  );

  /** What is asked is on screen: whatever else was under way is not wanted any more. */
  function settle(): void {
    job.cancel();
    dispatch({ type: "run-settled" });
  }

  let looked = Number.NEGATIVE_INFINITY;
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
      // Who steps from edge to edge is asked for the last of them alone.
      const isSoon = performance.now() - looked < STEPPING_MS;
      looked = performance.now();
      if (isSoon) await new Promise((resolve) => setTimeout(resolve, STEPPING_MS));
      if (signal.aborted) return;
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
  function fail(error: unknown, isOfRun = false): void {
    if (error instanceof PathPatchError && error.code === "cancelled") dispatch({ type: "run-stopped" });
    else dispatch({ type: "failed", failure: { ...runFailure(error), retry: isLost(error) ? "reload" : "run" }, isOfRun: isOfRun || isLost(error) });
  }

  let typing: ReturnType<typeof setTimeout> | undefined;
  const readNow = (isAsked: boolean) => {
    clearTimeout(typing);
    read.start(isAsked);
  };
  store.subscribe((now, before) => {
    // The way back to another edge says the same again: what runs goes on, and what was stopped stays so.
    const isAnother = !isSameSettings(now.draft, before.draft);
    const isOpened = now.run?.id !== before.run?.id && isOfFile(now.run);
    // What is under way is of another model, or makes room for what a file has.
    if (now.loaded !== before.loaded || isOpened) job.cancel();
    if (now.asks !== before.asks) readNow(true);
    else if (now.loaded !== before.loaded || isOpened || (isAnother && !now.isTyping)) readNow(false);
    else if (isAnother) {
      clearTimeout(typing);
      typing = setTimeout(read.start, TYPING_PAUSE_MS, false);
    } else if (now.view !== before.view && needsSender(now) && !isStale(now)) readNow(false);
    const isOther =
      now.loaded !== before.loaded ||
      now.run?.id !== before.run?.id ||
      now.look?.pair !== before.look?.pair ||
      !isSameEdge(now.look?.edge ?? null, before.look?.edge ?? null);
    if (isOther) lookCloser.start();
  });

  return {
    cancel: () => {
      job.cancel();
      dispatch({ type: "run-stopped" });
    },
    complete: async (start, limit) => {
      try {
        return (await engine()?.complete(start, { limit })) ?? [];
      } catch (error) {
        // A model that another one takes the place of completes nothing more.
        if (!(error instanceof PathPatchError && error.code === "cancelled")) fail(error);
        return [];
      }
    },
  };
}

/** Tokens that each run says next. */
const TOP = 5;

/**
 * The pairs of which can be told what both runs say next: all of them, or null. Answers that are wrong are left out,
 * since the reader may want to choose another among what is said.
 */
function predictable({ position }: Settings, { pairs, tokens, errors, rows }: Reading): Pair[] | null {
  const areWrong = (["clean", "corrupted", "lines", "fillings", "position"] as const).some((field) => errors[field]);
  if (areWrong || rows.some(({ field }) => field === "clean" || field === "corrupted") || pairs.length === 0) return null;
  const without = (pair: Pair, i: number): Pair => ({
    ...pair,
    answer: tokens[i]!.answer.length > 0 ? pair.answer : "",
    distractor: tokens[i]!.distractor.length > 0 ? pair.distractor : "",
  });
  const isIn = position === null || tokens.every(({ clean }) => position < clean.length && position >= -clean.length);
  return isIn ? pairs.map(without) : null;
}

/** Whether what both runs say next is known of this very question. */
const isPredicted = ({ predictions }: State, draft: Settings): boolean => predictions !== null && isSameSettings(predictions.of, draft);

/** Whether a file's run is what the form says. */
const isAnsweredByFile = (state: State): boolean => isOfFile(state.run) && !isStale(state);

/** Whether the exact values on screen are those of another sender than the chosen one. */
function needsSender({ run: of, view, draft }: State): boolean {
  if (!of?.sender || draft.scope !== "source") return false;
  return view.from !== null && view.from !== of.sender;
}
