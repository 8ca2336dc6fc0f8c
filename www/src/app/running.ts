// One run at a time, of a question that is frozen before anything is computed; a new one cancels the one before.

import { isSameQuestion, type Request, requestOf } from "../core/request";
import { begun, madeNow, type Run } from "../core/run";
import type { PathPatch } from "../engine/pathpatch";
import { remember, titleOf } from "../lib/recent";
import { run } from "../lib/run";
import { FIRST_LOOK, type Settings } from "../lib/settings";
import { cautiousSeconds } from "./policy";
import { fieldError, type Reading } from "./read-form";
import { linkParams } from "./share";
import type { Action, Loaded, State } from "./state";
import { latest, type Store } from "./store";

export interface Running {
  start: (model: PathPatch, loaded: Loaded, settings: Settings, reading: Reading) => void;
  cancel: () => void;
  /** Whether the run under way answers the question. */
  answers: (loaded: Loaded, settings: Settings) => boolean;
  /** How long a run will take; `isKnown` where it is by one of the same model, `cautious` without that. */
  forecast: (loaded: Loaded, settings: Settings, reading: Reading) => { seconds: number; isKnown: boolean; cautious: number };
  /** Whether nothing was run yet since the model came. */
  isFirst: (loaded: Loaded) => boolean;
}

/** A run that should not take as long is mostly its beginning, and tells nothing of its speed. */
const TELLING_S = 1;

let runs = 0;

export function running(store: Store<State, Action>, fail: (error: unknown) => void): Running {
  const { dispatch } = store;
  let under: Request | null = null;
  let last: Loaded | null = null;
  /** What part of the cautious forecast runs of a model take. */
  let learnt: { of: Loaded; part: number } | null = null;
  const learn = (of: Loaded, forecast: number, seconds: number) => {
    if (forecast >= TELLING_S) learnt = { of, part: seconds / forecast };
  };

  const job = latest(
    async (signal, model: PathPatch, loaded: Loaded, settings: Settings, { pairs, tokens }: Reading) => {
      const request = requestOf(loaded.model, settings, pairs, tokens);
      const made = madeNow(loaded.device);
      const id = ++runs;
      [under, last] = [request, loaded];
      dispatch({ type: "run-begun", id });
      const forecast = cautiousSeconds(settings, loaded.config, tokens);
      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1e3;
      let isThere = false;
      try {
        const check = await run(model, settings, pairs, store.state().view, signal, ({ table, progress, sender, warnings }) => {
          if (signal.aborted) return;
          if (!isThere) dispatch({ type: "run-estimated", run: begun(id, request, table, sender, warnings, made) });
          isThere = true;
          // A run that is stopped tells how fast it was, too.
          if (progress && progress.done > 0) learn(loaded, (forecast * progress.done) / progress.total, seconds());
          dispatch({ type: "run-grown", job: { id, progress } });
        });
        if (signal.aborted) return;
        learn(loaded, forecast, seconds());
        dispatch({ type: "run-done", id, check, seconds: seconds() });
      } catch (error) {
        const refused = signal.aborted ? null : fieldError(error, settings);
        if (!refused) throw error;
        dispatch({ type: "run-refused", ...refused });
        return;
      } finally {
        if (under === request) under = null;
      }
      const done = store.state().run;
      if (done?.id === id) dispatch({ type: "recent", recent: remember(recentOf(done)) });
    },
    (error) => fail(error),
  );

  return {
    start: job.start,
    cancel: () => {
      under = null;
      job.cancel();
    },
    answers: ({ model }, settings) => under !== null && isSameQuestion(under, model, settings),
    forecast: (loaded, settings, { tokens }) => {
      const cautious = cautiousSeconds(settings, loaded.config, tokens);
      return learnt?.of === loaded ? { seconds: cautious * learnt.part, isKnown: true, cautious } : { seconds: cautious, isKnown: false, cautious };
    },
    isFirst: (loaded) => last !== loaded,
  };
}

/** A run as the list of those before has it: its question, and not what was looked at. */
function recentOf({ request }: Run): { title: string; params: string } {
  const { metric, direction, patch } = request.settings;
  const unusual = [...(direction === "noise" ? ["noising"] : []), ...(patch === "resample" ? [] : [patch])];
  const title = titleOf(request.pairs, metric, ...unusual);
  return { title, params: linkParams(request, FIRST_LOOK).toString() };
}
