// One saved result, made in a page by the page's own engine and written by the page's own code.

import { readForm } from "../../www/src/app/read-form";
import { type LoadedModel, type ModelRef, nameOf } from "../../www/src/core/model-ref";
import { metricOptions, requestOf } from "../../www/src/core/request";
import { begun, finished, type Known, type KnownDetail, madeNow, type Run } from "../../www/src/core/run";
import { shownEdges } from "../../www/src/core/shown";
import { countsOf } from "../../www/src/core/table";
import { lookAt } from "../../www/src/core/view";
import { PathPatch } from "../../www/src/engine/pathpatch";
import type { EdgeName } from "../../www/src/engine/types";
import { formatProgress } from "../../www/src/lib/format";
import { presetsFor } from "../../www/src/lib/presets";
import type { Preset } from "../../www/src/lib/preset";
import { run as runAll } from "../../www/src/lib/run";
import { save } from "../../www/src/lib/saved";
import { FIRST_LOOK, settingsOf } from "../../www/src/lib/settings";
import { edgesOfStory, isTold } from "../../www/src/story/story";

export interface Made {
  title: string;
  edges: number;
  json: string;
}

let model: PathPatch | null = null;
let of: LoadedModel | null = null;

/**
 * Load a model's files, which are those of a commit of its repository where that is known. What it gives are the tasks
 * that there is a story of.
 */
export async function load(url: string, ref: ModelRef, revision: string | null, device: "auto" | "cpu"): Promise<string[]> {
  model?.dispose();
  model = await PathPatch.load(new URL(url), { device, keep: false });
  of = { ref, name: nameOf(ref), revision, dModel: model.config.d_model };
  return presetsFor(ref, model.config).map(({ name }) => name).filter(isTold);
}

/** Every edge of a task's prompts, exactly, with what the page tells of it. */
export async function make(name: string, tell: (progress: string) => void): Promise<Made> {
  if (!model || !of) throw new Error("gallery: expected a loaded model, got none");
  const preset = presetsFor(of.ref, model.config).find((one) => one.name === name);
  if (!preset) throw new Error(`gallery: expected a preset, got ${name}`);
  const run = await runOf(model, of, preset, tell);
  const look = lookAt(FIRST_LOOK, run.table, run.lead);
  const saved = save(run, look, { known: await knownOf(model, run) });
  return { title: name, edges: countsOf(run.table).edges, json: JSON.stringify(saved) };
}

async function runOf(engine: PathPatch, loaded: LoadedModel, preset: Preset, tell: (progress: string) => void): Promise<Run> {
  const settings = settingsOf(preset);
  const signal = new AbortController().signal;
  const { pairs, tokens, errors } = await readForm(engine, settings, signal);
  const [wrong] = Object.values(errors);
  if (wrong?.[0]) throw new Error(`${preset.name}: ${wrong[0].text}`);
  const request = requestOf(loaded, settings, pairs, tokens);
  const made = madeNow(engine.device);
  let run: Run | null = null;
  const check = await runAll(engine, settings, pairs, FIRST_LOOK, signal, ({ table, progress, sender, warnings }) => {
    run ??= begun(1, request, table, sender, warnings, made);
    if (progress) tell(formatProgress(progress));
  });
  if (!run) throw new Error(`${preset.name}: expected values, got none`);
  return finished(run, check);
}

/** What the page would show without a model: the circuit's edges and the story's in detail, and what both runs say. */
async function knownOf(engine: PathPatch, run: Run): Promise<Known> {
  const { settings, pairs } = run.request;
  const { direction, patch } = settings;
  const options = metricOptions(settings, pairs);
  const { pairs: [one], ...rest } = options;
  const details: KnownDetail[] = [];
  for (const { from, to } of edgesToKnow(run)) {
    const detail = await engine.edgeDetail({ ...one!, ...rest, direction, patch, from, to, byPosition: true });
    details.push({ from, to, pair: 0, detail });
  }
  return { details, predictions: await engine.predictions(options) };
}

/** The edges of the story, and those that the circuit first shows. */
function edgesToKnow(run: Run): EdgeName[] {
  const all = [...edgesOfStory(run), ...shownEdges(run.table, FIRST_LOOK).edges];
  return all.filter(({ from, to }, i) => all.findIndex((other) => other.from === from && other.to === to) === i);
}
