// The question and what both runs say next, as the views show them, and what a change there does.

import { isSameModel, linkOf } from "../core/model-ref";
import { warningNotes } from "../core/notes";
import { answered } from "../lib/batch";
import { elementById } from "../lib/dom";
import { formatCount } from "../lib/format";
import { calledOf } from "../lib/models";
import { positionFor } from "../lib/merged";
import { fromParams } from "../lib/permalink";
import { presetsFor } from "../lib/presets";
import { titleOf } from "../lib/recent";
import { EXAMPLE, FIRST_LOOK, isSameSettings, type Settings, settingsOf } from "../lib/settings";
import { GALLERY, modelOf } from "../story/gallery";
import * as questionView from "../views/question/question";
import * as saysView from "../views/says";
import type { Events } from "./events";
import { previewOf } from "./preview";
import { isWrong } from "./read-form";
import { isOfFile, isStale } from "./reduce";
import type { Action, Loaded, State } from "./state";
import type { Store } from "./store";

/** Metrics that take sets of tokens. */
const OF_SETS: readonly Settings["metric"][] = ["log-prob", "prob", "prob-diff"];

/** Draws the question; to be called whenever the state has changed. */
export function asked(store: Store<State, Action>, { complete, openExample, openSaved }: Pick<Events, "complete" | "openExample" | "openSaved">): (now: State, before: State | null) => void {
  const { dispatch, state } = store;
  const choose = (change: Partial<Settings>) => dispatch({ type: "edit", change, isTyping: false });
  /** Whether the loaded model's vocabulary is of whole words: no token then has a space. */
  let isOfWords = false;

  const showQuestion = questionView.create(elementById("question"), {
    onInput: (change) => dispatch({ type: "edit", change, isTyping: true }),
    onChoice: choose,
    onPair: (pair) => dispatch({ type: "look", change: { pair } }),
    onPosition: (at, length) => {
      const lengths = (state().reading?.tokens ?? []).map(({ clean }) => clean.length);
      choose({ position: positionFor(at, length, lengths) });
    },
    onPreset: (preset) => dispatch({ type: "want", wanted: { settings: settingsOf(preset), view: { ...FIRST_LOOK, show: state().view.show } } }),
    onRecent: (params) => dispatch({ type: "want", wanted: fromParams(new URLSearchParams(params), EXAMPLE) }),
    onRun: () => dispatch({ type: "ask" }),
    onRevert: () => {
      const { run, view } = state();
      if (run) dispatch({ type: "want", wanted: { settings: run.request.settings, view } });
    },
    onOpen: openSaved,
    onUndo: () => dispatch({ type: "undo" }),
    complete,
  });
  const showSays = saysView.create(elementById("says"), {
    onAnswer: (field, text, isMore) => {
      const { draft, view } = state();
      choose(answered(draft, view.pair, field, text, isMore));
    },
  });
  document.addEventListener("keydown", (event) => {
    const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    // A field of text has an undo of its own.
    if (!isUndo || (event.target as HTMLElement).closest("input, textarea, [contenteditable]")) return;
    event.preventDefault();
    dispatch({ type: "undo" });
  });

  const learnWords = async (loaded: Loaded) => {
    const spaced = await complete(" ");
    if (state().loaded !== loaded) return;
    isOfWords = spaced.length === 0;
    showQuestion(questionData(state(), isOfWords, openExample));
  };

  return (now, before) => {
    const changed = (...keys: (keyof State)[]) => !before || keys.some((key) => now[key] !== before[key]);
    if (changed("loaded") && now.loaded) void learnWords(now.loaded);
    const isOtherRun = changed("run") && (now.run?.id !== before?.run?.id || now.run?.status !== before?.run?.status);
    const isOther = changed("loaded", "formOf", "draft", "reading", "predictions", "needsRun", "before", "recent", "stopped", "failure", "offer");
    const isAwaited = changed("load") && !now.loaded && now.load?.choice !== before?.load?.choice;
    if (isOther || isOtherRun || isAwaited || now.view.pair !== before?.view.pair) {
      showQuestion(questionData(now, isOfWords, openExample));
      showSays(saysData(now));
    }
  };
}

const isPredicted = ({ predictions, draft }: State): boolean => predictions !== null && isSameSettings(predictions.of, draft);

export function questionData(state: State, isOfWords: boolean, openExample: Events["openExample"]): questionView.QuestionData {
  const { formOf, draft, reading, predictions, needsRun, run, loaded, recent, view, stopped, failure } = state;
  const preview = previewOf(state);
  // A short run takes the place of the one before at once: it is told only where that stays.
  const stays = formOf !== null || needsRun !== null || (reading !== null && isWrong(reading)) || stopped === "run" || failure !== null;
  return {
    settings: preview?.settings ?? draft,
    presets: preview?.presets ?? (loaded && !formOf ? presetsFor(loaded.model.ref, loaded.config) : []),
    saved: GALLERY.filter((entry) => formOf || !loaded || !isSameModel(modelOf(entry), loaded.model.ref)).map((entry) => {
      const note = `${calledOf(modelOf(entry))}, ${formatCount(entry.edges)} edges`;
      return { name: entry.title, note, act: () => openExample(entry) };
    }),
    recent: loaded ? recentOf(recent, linkOf(loaded.model.ref)) : [],
    pairs: preview?.pairs ?? reading?.pairs ?? [],
    tokens: preview?.tokens ?? reading?.tokens ?? [],
    pair: view.pair,
    errors: reading?.errors ?? {},
    rows: reading?.rows ?? [],
    warnings: reading ? warningNotes(reading.warnings, draft, reading.pairs).fields : {},
    predictions: predictions?.pairs ?? [],
    predictedAs: predictions?.of.metric ?? draft.metric,
    isPredicted: isPredicted(state),
    old: run && stays && isStale(state) ? { title: titleOf(run.request.pairs) } : null,
    hasRun: run !== null,
    // Nobody reads edits of a result whose model is not here, so the words that are shown stay the file's.
    isUnread: formOf !== null && isStale(state),
    isUnsaid: unsaidOf(state) !== null,
    isUntold: isOfFile(run) && (formOf !== null || !isStale(state)) && run.request.pairs.every(({ tokens }) => tokens.clean.length === 0),
    needsRun,
    canUndo: state.before.length > 0,
    isOfWords,
  };
}

/** What is told in the place of what both runs say next, where nothing of it will come by itself. */
function unsaidOf({ run, formOf, load, loaded, offer, draft, predictions }: State): string | null {
  if (offer && !load && !loaded && !run) return "What the model says next stands here once it is loaded.";
  const isLeftOut = isOfFile(run) && predictions === null && (formOf !== null || !isStale({ run, loaded, draft }));
  return isLeftOut ? "What both runs say next is not part of this file." : null;
}

function saysData(state: State): saysView.SaysData {
  const { predictions, view, draft } = state;
  const pairs = predictions?.pairs ?? [];
  return {
    predictions: pairs[Math.min(view.pair, pairs.length - 1)] ?? null,
    isOld: predictions !== null && !isPredicted(state),
    unsaid: unsaidOf(state),
    takesSets: OF_SETS.includes(draft.metric),
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
