// What an action makes of the state.

import { BUNDLED_REF, isSameModel } from "../core/model-ref";
import { isSameEdge } from "../core/node";
import type { Notes } from "../core/notes";
import { isSameQuestion } from "../core/request";
import { finished, type Run, stopped } from "../core/run";
import { choose, lookAt, within } from "../core/view";
import { EXAMPLE, isSameSettings, type Settings, type View } from "../lib/settings";
import { boxOf } from "./choice";
import type { Checked } from "./read-form";
import type { LoadProgress } from "../engine/types";
import type { Action, Detail, LoadJob, State } from "./state";

export const INITIAL: State = {
  loaded: null,
  load: null,
  tried: null,
  offer: null,
  planning: { box: boxOf(BUNDLED_REF), choice: { ref: BUNDLED_REF, files: [] }, isAsking: false, plan: null, error: "" },
  kept: [],
  space: null,
  draft: EXAMPLE.settings,
  formOf: null,
  isTyping: false,
  before: [],
  typed: null,
  reading: null,
  predictions: null,
  needsRun: null,
  asks: 0,
  run: null,
  job: null,
  stopped: null,
  view: EXAMPLE.view,
  look: null,
  detail: { state: "none" },
  seen: [],
  tour: null,
  isNew: false,
  failure: null,
  recent: [],
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "edit": {
      const draft = { ...state.draft, ...action.change };
      const typed = action.isTyping ? Object.keys(action.change).join() : null;
      const isMore = typed !== null && typed === state.typed;
      return { ...state, draft, before: isMore ? state.before : withBefore(state, draft), typed, isTyping: action.isTyping };
    }
    case "undo": {
      const draft = state.before.at(-1);
      return draft ? { ...state, draft, before: state.before.slice(0, -1), typed: null, isTyping: false } : state;
    }
    case "ask":
      return { ...state, asks: state.asks + 1 };
    case "want": {
      const { settings, view } = action.wanted;
      const draft = withUnused(settings, state.draft);
      const before = withBefore(state, draft);
      // The way back to what a saved result was asked does not lead to another model.
      const formOf = state.run && isSameSettings(settings, state.run.request.settings) ? state.formOf : null;
      return lookedAt({ ...state, draft, formOf, before, typed: null, isTyping: false, offer: null }, view);
    }
    case "look":
      return lookedAt(state, choose(state.view, state.look, action.change, state.run?.table ?? null));
    case "read":
      return { ...state, reading: action.reading };
    case "predicted":
      return { ...state, predictions: { of: action.of, pairs: action.pairs } };
    case "needs-run":
      return { ...state, needsRun: { seconds: action.seconds } };
    case "run-begun":
      return { ...halted(state), job: { id: action.id, progress: null }, needsRun: null, stopped: null, failure: null };
    case "run-estimated": {
      const { run } = action;
      if (state.job?.id !== run.id) return state;
      const pair = Math.min(state.view.pair, run.request.pairs.length - 1);
      // Where the edges of one sender alone become exact, it is the chosen one from here on.
      const from = run.sender ?? state.view.from;
      return lookedAt({ ...state, run, seen: [] }, { ...state.view, pair, from });
    }
    case "run-grown":
      if (state.job?.id !== action.job.id) return state;
      return { ...state, job: action.job, run: state.run && { ...state.run } };
    case "run-done":
      if (state.job?.id !== action.id) return state;
      return lookedAt({ ...state, job: null, run: state.run && finished(state.run, action.check, action.seconds) }, state.view);
    case "run-awaited":
      return { ...state, needsRun: null };
    case "run-settled":
      // What a file's run was asked was read when it was made; the model that is loaded may be another.
      return { ...state, ...(isOfFile(state.run) && readAs(state.run)), job: null, needsRun: null, stopped: null, failure: null };
    case "run-stopped":
      return { ...halted(state), job: null, stopped: "run" };
    case "run-refused":
      return { ...halted(state), job: null, reading: state.reading && withErrors(state.reading, action), needsRun: null };
    case "failed":
      if (!action.isOfRun) return { ...state, failure: action.failure };
      // A load that was stopped before needs no words beside this one.
      return { ...halted(state), job: null, failure: action.failure, stopped: null };
    case "file-refused":
      return { ...state, failure: { text: action.text, retry: state.failure?.retry ?? null } };
    case "shown": {
      const { run, wanted } = action;
      const { ref } = run.request.model;
      const formOf = state.loaded && isSameModel(ref, state.loaded.model.ref) ? null : ref;
      // What was asked of another model is not what this form held before.
      const before = formOf ? [] : withBefore(state, wanted.settings);
      const load = state.load && { ...state.load, isBehind: true };
      const form = { draft: wanted.settings, formOf, load, before, typed: null, isTyping: false, needsRun: null };
      const shown = { ...state, ...form, ...readAs(run), run, seen: run.known.details, job: null, stopped: null, failure: null };
      return lookedAt({ ...shown, detail: { state: "none" } }, wanted.view);
    }
    case "detail":
      return { ...state, detail: action.detail, seen: seenWith(state, action.detail) };
    case "tour":
      return { ...state, tour: action.step, isNew: false };
    case "welcomed":
      return { ...state, isNew: false };
    case "load-begun": {
      const { choice, wanted } = action;
      const tried = { choice, wanted };
      return { ...state, load: { ...tried, progress: null, received: {}, isBehind: false }, tried, offer: null, failure: null, stopped: null };
    }
    case "load-grown":
      return { ...state, load: state.load && grownLoad(state.load, action.progress) };
    case "load-stopped":
      return { ...state, load: null, stopped: "load" };
    case "load-failed":
      return { ...state, load: null, failure: action.failure };
    case "loaded": {
      const { loaded, wanted } = action;
      const isOfForm = state.formOf !== null && isSameModel(state.formOf, loaded.model.ref);
      // A saved result stays: its model came while it was opened, or came to it.
      if (isOfFile(state.run) && (state.load?.isBehind || isOfForm)) {
        return { ...state, loaded, load: null, formOf: isOfForm ? null : state.formOf, failure: null, stopped: null };
      }
      return {
        ...state,
        loaded,
        load: null,
        draft: wanted.settings,
        formOf: null,
        isTyping: false,
        before: [],
        typed: null,
        reading: null,
        predictions: null,
        needsRun: null,
        run: null,
        job: null,
        view: wanted.view,
        look: null,
        detail: { state: "none" },
        seen: [],
        failure: null,
        stopped: null,
      };
    }
    case "offered":
      return { ...state, offer: action.offer };
    case "dismissed":
      return { ...state, failure: null };
    case "planning":
      return { ...state, planning: { ...state.planning, ...action.planning } };
    case "kept":
      return { ...state, kept: action.kept, space: action.space };
    case "recent":
      return { ...state, recent: action.recent };
  }
}

function grownLoad(load: LoadJob, progress: LoadProgress): LoadJob {
  return { ...load, progress, received: { ...load.received, [progress.file]: progress.loaded } };
}

/** The view, and by the run what it shows. */
function lookedAt(state: State, wanted: View): State {
  const { run } = state;
  if (!run) return { ...state, view: wanted };
  const view = within(run.table, wanted);
  // A link or a file may name a pair that the run does not have.
  const pair = Math.min(view.pair, run.request.pairs.length - 1);
  return { ...state, view, look: lookAt({ ...view, pair }, run.table, run.lead) };
}

/** Numbers of the edges that are remembered; one of 1,024 tokens has 5 million. */
const MOST_SEEN = 10_000_000;

/** The edges that were looked at, this one among them; the oldest are let go. */
function seenWith({ run, seen }: State, detail: Detail): State["seen"] {
  if (detail.state !== "there" || detail.run.id !== run?.id) return seen;
  const { edge, pair } = detail;
  const others = seen.filter((one) => one.pair !== pair || !isSameEdge(one, edge));
  const all = [...others, { from: edge.from, to: edge.to, pair, detail: detail.detail }];
  let left = MOST_SEEN;
  const first = all.findLastIndex(({ detail: { patched } }) => (left -= 5 * patched.length) < 0);
  return all.slice(first + 1);
}

/** The form as a run was asked: its tokens, and nothing wrong with it. */
function readAs({ request, known }: Run): Pick<State, "reading" | "predictions"> {
  const pairs = request.pairs.map(({ tokens: _, ...pair }) => pair);
  const tokens = request.pairs.map(({ tokens }) => tokens);
  const { predictions } = known;
  return {
    reading: { pairs, tokens, errors: {}, rows: [], warnings: [] },
    predictions: predictions.length > 0 ? { of: request.settings, pairs: predictions } : null,
  };
}

const withErrors = (reading: Checked, { notes, rows }: Pick<Checked, "rows"> & { notes: Notes }): Checked => ({
  ...reading,
  errors: { ...reading.errors, ...notes },
  rows: [...reading.rows, ...rows],
});

/** Changes that can be undone. */
const MOST_BEFORE = 100;

/** What was before, and the form before this change; one that changes nothing does not count. */
function withBefore({ before, draft }: State, next: Settings): readonly Settings[] {
  return isSameSettings(draft, next) ? before : [...before.slice(1 - MOST_BEFORE), draft];
}

/** What another question says nothing of stays in the form: a batch that is not in use, fill-ins without a template. */
function withUnused(settings: Settings, draft: Settings): Settings {
  const { mode, lines, fillings } = settings;
  return {
    ...settings,
    lines: mode !== "lines" && lines === "" ? draft.lines : lines,
    fillings: mode !== "template" && fillings === "" ? draft.fillings : fillings,
  };
}

export const isOfFile = (run: Run | null): run is Run => run !== null && run.file !== null;

/** With a run that goes on no more: it looks where all that is known by now says. */
const halted = (state: State): State =>
  state.run?.status === "running" ? lookedAt({ ...state, run: stopped(state.run) }, state.view) : state;

/** Whether the run on screen is of another question than the form's. A file's run stands by itself until an edit. */
export function isStale({ run, loaded, draft }: Pick<State, "run" | "loaded" | "draft">): boolean {
  if (!run) return false;
  const model = run.file === null ? (loaded?.model ?? null) : run.request.model;
  return !isSameQuestion(run.request, model, draft);
}

/** Whether the run on screen is of the model that is loaded, so that more can be asked of it. */
export function isOfLoaded({ run, loaded }: Pick<State, "run" | "loaded">): boolean {
  return run !== null && loaded !== null && isSameQuestion(run.request, loaded.model, run.request.settings);
}

/** Whether the run on screen is of another version of the model that is loaded. */
export function isOtherVersion(state: Pick<State, "run" | "loaded">): boolean {
  const { run, loaded } = state;
  return run !== null && loaded !== null && isSameModel(run.request.model.ref, loaded.model.ref) && !isOfLoaded(state);
}
