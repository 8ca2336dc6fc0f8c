// Five steps through a run: what is asked, the strongest path, what its receiver makes of it, what feeds its sender, and
// what reaches the output. Every number is the run's own; what a run does not show is not told.

import type { Run } from "../core/run";
import { edgeAt } from "../core/table";
import type { EdgeName } from "../engine/types";
import { asked } from "./asked";
import { output } from "./output";
import { receiver } from "./receiver";
import { type Scene, sceneOf, type Seen, type Step } from "./scene";
import { sender } from "./sender";
import { strongest } from "./strongest";

export type { Seen, Step } from "./scene";

const TELLERS: ((scene: Scene) => Step)[] = [asked, strongest, receiver, sender, output];

export const STEPS = TELLERS.length;

/** The steps; null while nothing is known of any edge. */
export function storyOf(run: Run, seen: Seen): Step[] | null {
  const scene = sceneFor(run, seen);
  return scene && TELLERS.map((tell) => tell(scene));
}

/** One of them, from 0. */
export function stepOf(run: Run, at: number, seen: Seen): Step | null {
  const scene = sceneFor(run, seen);
  return scene && (TELLERS[at]?.(scene) ?? null);
}

function sceneFor(run: Run, seen: Seen): Scene | null {
  const lead = run.lead && edgeAt(run.table, run.lead);
  return lead && sceneOf(run, lead, seen);
}

/** The edges that its steps look at: with their details a story is whole without a model. */
export function edgesOfStory(run: Run): EdgeName[] {
  const steps = storyOf(run, { predictions: [], detail: () => null }) ?? [];
  const edges = steps.flatMap(({ view: { from, to } }) => (from && to ? [{ from, to }] : []));
  return edges.filter((edge, i) => edges.findIndex(({ from, to }) => from === edge.from && to === edge.to) === i);
}

/** Whether the gallery has a result for a preset: of tasks whose prompts a story knows how to tell. */
export const isTold = (name: string): boolean => /^(Induction|Indirect object|Greater than):/.test(name);
