// The walk through the run on screen. Each step looks at what it tells of, by the same action as a reader does; its text
// is made of what is known then, and follows as more of it comes.

import { knownDetail } from "../core/run";
import { elementById } from "../lib/dom";
import { isSameSettings } from "../lib/settings";
import { tourIsSeen } from "../lib/tour";
import { say } from "../story/part";
import { type Step, stepOf, STEPS } from "../story/story";
import * as tourView from "../views/tour";
import type { Action, State } from "./state";
import type { Store } from "./store";

export interface Touring {
  start: () => void;
}

export function touring(store: Store<State, Action>): Touring {
  const { dispatch } = store;
  const show = tourView.create(elementById("tour"), { onStep: (step) => dispatch({ type: "tour", step }) });

  store.subscribe((now, before) => {
    if (before.isNew && !now.isNew) tourIsSeen();
    // A step is told from a whole table: only where something of it may have changed.
    const told = ["tour", "run", "seen", "detail", "predictions", "loaded", "load", "job"] as const;
    if (told.every((key) => now[key] === before[key])) return;
    const step = stepNow(now);
    const isAnother = now.tour !== before.tour || now.run?.id !== before.run?.id || now.run?.lead !== before.run?.lead;
    if (step && isAnother) dispatch({ type: "look", change: { ...step.view, show: "circuit" } });
    show(tourData(now, step));
  });

  return { start: () => dispatch({ type: "tour", step: 0 }) };
}

function stepNow({ tour, run, seen, predictions: said }: State): Step | null {
  if (tour === null || !run) return null;
  const predictions = said && isSameSettings(said.of, run.request.settings) ? said.pairs : [];
  return stepOf(run, tour, { predictions, detail: (edge) => knownDetail(seen, edge, 0) });
}

function tourData(state: State, step: Step | null): tourView.TourData | null {
  const { tour } = state;
  if (tour === null) return null;
  const where = { step: tour, steps: STEPS };
  if (!step) {
    const { title, text } = notYet(state);
    return { ...where, title, lines: [[text]], at: "picture", edge: null };
  }
  const { title, lines, at, missing, view } = step;
  const edge = view.from && view.to ? { from: view.from, to: view.to } : null;
  return { ...where, title, lines: missing ? [say`${whyMissing(state)}`, ...lines] : lines, at, edge };
}

/** Why there is nothing to tell from. */
export function notYet({ run, job, load, loaded }: Pick<State, "run" | "job" | "load" | "loaded">): { title: string; text: string } {
  if (job) return { title: "The run has only begun", text: "Its first values are what this is told from." };
  if (load) return { title: "The model is on its way", text: "Once it is loaded and run, its values are what this is told from." };
  if (run) return { title: "Nothing is known of any edge", text: "This result has no value that the tour could tell of." };
  return { title: "Nothing has been run yet", text: `This is told from the values of a run: ${loaded ? "run the question" : "load a model"}, or open a saved result under “Examples”.` };
}

/** Why a step cannot tell of an edge in detail. */
function whyMissing({ detail, loaded }: State): string {
  if (detail.state === "waiting") return "Looking closer …";
  if (detail.state === "failed") return detail.message;
  return loaded ? "The model that is loaded did not make this result, so it cannot be asked." : "What it looks at is not saved with this result: load the model to see it.";
}
