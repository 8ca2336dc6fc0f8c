// The walk through the run on screen. Each step looks at what it tells of, by the same action as a reader does; its text
// is made of what is known then, and follows as more of it comes.

import { knownDetail } from "../core/run";
import { elementById } from "../lib/dom";
import { isSameSettings } from "../lib/settings";
import { tourIsSeen } from "../lib/tour";
import { say } from "../story/part";
import { type Step, STEPS, storyOf } from "../story/story";
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
    const step = stepOf(now);
    const isAnother = now.tour !== before.tour || now.run?.id !== before.run?.id || now.run?.lead !== before.run?.lead;
    if (step && isAnother) dispatch({ type: "look", change: { ...step.view, show: "circuit" } });
    const told = ["tour", "run", "seen", "detail", "predictions"] as const;
    if (told.some((key) => now[key] !== before[key])) show(tourData(now, step));
    if (before.isNew && !now.isNew) tourIsSeen();
  });

  return { start: () => dispatch({ type: "tour", step: 0 }) };
}

function stepOf({ tour, run, seen, predictions: said }: State): Step | null {
  if (tour === null || !run) return null;
  const predictions = said && isSameSettings(said.of, run.request.settings) ? said.pairs : [];
  return storyOf(run, { predictions, detail: (edge) => knownDetail(seen, edge, 0) })?.[tour] ?? null;
}

function tourData(state: State, step: Step | null): tourView.TourData | null {
  const { tour } = state;
  if (tour === null) return null;
  const where = { step: tour, steps: STEPS };
  if (!step) return { ...where, title: "The run has only begun", lines: [say`Its first values are what this is told from.`], at: "picture", edge: null };
  const { title, lines, at, missing, view } = step;
  const edge = view.from && view.to ? { from: view.from, to: view.to } : null;
  return { ...where, title, lines: missing ? [say`${whyMissing(state)}`, ...lines] : lines, at, edge };
}

/** Why a step cannot tell of an edge in detail. */
function whyMissing({ detail, loaded }: State): string {
  if (detail.state === "waiting") return "Looking closer …";
  if (detail.state === "failed") return detail.message;
  return loaded ? "This takes a closer look, which goes with the run on screen alone." : "What it looks at is not saved with this result: load the model to see it.";
}
