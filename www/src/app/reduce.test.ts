import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import { FIRST_LOOK } from "../lib/settings";
import { INITIAL, isStale, reduce } from "./reduce";
import type { Action, Loaded, State } from "./state";

const run = runOf();
const { settings } = run.request;
const loaded = {
  choice: { ref: run.request.model.ref, files: [] },
  model: run.request.model,
  config: { n_layers: 2, n_heads: 2 },
} as unknown as Loaded;
const after = (...actions: Action[]): State => actions.reduce(reduce, INITIAL);
const arrived: Action = { type: "loaded", loaded, wanted: { settings, view: FIRST_LOOK } };
const estimated: Action = { type: "run-estimated", run: { ...run, status: "running" } };

test("a run is stale as soon as the form asks something else, and no more once it asks the same again", () => {
  const there = after(arrived, { type: "run-begun" }, estimated, { type: "run-done" });
  expect(isStale(there)).toBe(false);
  expect(there.run?.status).toBe("done");
  const edited = reduce(there, { type: "edit", change: { metric: "kl" }, isTyping: false });
  expect(isStale(edited)).toBe(true);
  // What is on screen is the run that it was, with its question.
  expect(edited.run).toBe(there.run);
  expect(isStale(reduce(edited, { type: "edit", change: { metric: "logit-diff" }, isTyping: false }))).toBe(false);
});

test("a load and a run know nothing of each other", () => {
  const choice = { ref: { kind: "hub", repo: "a/b", revision: null } as const, files: [] };
  const both = after(arrived, { type: "run-begun" }, estimated, { type: "load-begun", choice, wanted: null });
  expect(both.job).not.toBeNull();
  const stopped = reduce(both, { type: "load-stopped" });
  expect(stopped).toMatchObject({ load: null, stopped: "load", job: both.job, run: both.run });
  expect(reduce(both, { type: "run-stopped" })).toMatchObject({ load: both.load, job: null, run: { status: "stopped" } });
  const failed = reduce(both, { type: "load-failed", failure: { text: "no", retry: "load" } });
  expect(failed).toMatchObject({ run: both.run, job: both.job, failure: { retry: "load" } });
});

test("where to look moves when the estimates come and when all is there, and not between", () => {
  const there = after(arrived, { type: "run-begun" }, estimated);
  expect(there.look).toMatchObject({ ...run.lead });
  run.result.components.q.values[6] = 99;
  const grown = reduce(there, { type: "run-grown", job: { sweep: null } });
  expect(grown.look).toBe(there.look);
  expect(grown.run?.grown).toBe(there.run!.grown + 1);
  const done = reduce(grown, { type: "run-done" });
  expect(done.look).toMatchObject({ src: { layer: 0, head: 1 }, dst: { layer: 1, head: 0 }, component: "q" });
  // A reader's choice stays.
  const chosen = reduce(there, { type: "look", change: { dst: { layer: 1, head: 0 } } });
  expect(reduce(chosen, { type: "run-done" }).look).toEqual(chosen.look);
});

test("the edges of one source are of that source from then on", () => {
  const ofOne: Action = { type: "run-estimated", run: { ...run, source: { layer: 0, head: 1 } } };
  expect(after(arrived, ofOne).view.src).toEqual({ layer: 0, head: 1 });
});
