import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import type { Run } from "../core/run";
import { edgesOf } from "../core/table";
import { FIRST_LOOK } from "../lib/settings";
import { INITIAL, isOfLoaded, isOtherVersion, isStale, reduce } from "./reduce";
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
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated, { type: "run-done", id: run.id, check: null });
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
  const both = after(arrived, { type: "run-begun", id: run.id }, estimated, { type: "load-begun", choice, wanted: null });
  expect(both.job).not.toBeNull();
  const stopped = reduce(both, { type: "load-stopped" });
  expect(stopped).toMatchObject({ load: null, stopped: "load", job: both.job, run: both.run });
  expect(reduce(both, { type: "run-stopped" })).toMatchObject({ load: both.load, job: null, run: { status: "stopped" } });
  const failed = reduce(both, { type: "load-failed", failure: { text: "no", retry: "load" } });
  expect(failed).toMatchObject({ run: both.run, job: both.job, failure: { retry: "load" } });
});

test("where to look moves when the estimates come and when all is there, and not between", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated);
  expect(there.look).toMatchObject({ ...run.lead });
  const { place, from, to } = edgesOf(run.table).findLast(({ from, to }) => from !== "input" && to !== "logits")!;
  run.table.values[place] = 99;
  run.table.version += 1;
  const grown = reduce(there, { type: "run-grown", job: { id: run.id, progress: null } });
  expect(grown.look).toBe(there.look);
  expect(grown.run).not.toBe(there.run);
  const done = reduce(grown, { type: "run-done", id: run.id, check: null });
  expect(done.look).toMatchObject({ from, to, edge: { from, to } });
  // A reader's choice stays.
  const chosen = reduce(there, { type: "look", change: { to: "a1.h0<q>" } });
  expect(reduce(chosen, { type: "run-done", id: run.id, check: null }).look).toEqual(chosen.look);
});

test("the edges of one sender are of that sender from then on", () => {
  const ofOne: Action = { type: "run-estimated", run: { ...run, sender: "a0.h1" } };
  expect(after(arrived, { type: "run-begun", id: run.id }, ofOne).view.from).toBe("a0.h1");
});

test("what is told of a run that is no longer under way changes nothing", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated);
  const file: Run = { ...runOf({ metric: "kl" }), id: -1, file: "mine.json" };
  const wanted = { settings: file.request.settings, view: FIRST_LOOK };
  const late: Action[] = [estimated, { type: "run-grown", job: { id: run.id, progress: null } }, { type: "run-done", id: run.id, check: null }];
  const opened = reduce(there, { type: "shown", run: file, wanted });
  expect(opened).toMatchObject({ run: file, job: null, draft: { metric: "kl" } });
  const next = reduce(there, { type: "run-begun", id: run.id + 1 });
  for (const action of late) {
    expect(reduce(opened, action)).toBe(opened);
    expect(reduce(next, action)).toBe(next);
  }
});

test("an opened file's form is read as the file was asked, whatever stood there", () => {
  const file: Run = { ...runOf({ answer: " lamp" }), file: "mine.json" };
  const errors = { answer: [{ text: "answer: expected one token, got 2" }] };
  const edit: Action = { type: "edit", change: { answer: " lamp lamp" }, isTyping: true };
  const wrong = after(arrived, edit, { type: "read", reading: { pairs: [], tokens: [], errors, rows: [], warnings: [] } }, { type: "run-refused", notes: errors, rows: [] });
  const opened = reduce(wrong, { type: "shown", run: file, wanted: { settings: file.request.settings, view: FIRST_LOOK } });
  expect(opened).toMatchObject({ isTyping: false, reading: { errors: {}, pairs: [{ answer: " lamp" }] } });
  expect(opened.reading?.tokens).toEqual(file.request.pairs.map(({ tokens }) => tokens));
  // Edited and edited back, it is read so again.
  const back = after(arrived, { type: "shown", run: file, wanted: { settings: file.request.settings, view: FIRST_LOOK } }, { type: "read", reading: { pairs: [], tokens: [], errors, rows: [], warnings: [] } }, { type: "run-settled" });
  expect(back.reading).toEqual(opened.reading);
});

test("a file's run of the author's own files stands as it is", () => {
  const own = runOf({}, { kind: "files" });
  const { load: _, ...model } = own.request.model;
  const file: Run = { ...own, request: { ...own.request, model }, file: "mine.json" };
  const opened = after(arrived, { type: "shown", run: file, wanted: { settings: file.request.settings, view: FIRST_LOOK } });
  expect(isStale(opened)).toBe(false);
  expect(isOfLoaded(opened)).toBe(false);
  expect(isStale(reduce(opened, { type: "edit", change: { metric: "kl" }, isTyping: false }))).toBe(true);
});

test("a saved run of another commit than the loaded model's is told from one of another model", () => {
  const ref = { kind: "hub", repo: "a/b", revision: null } as const;
  const { load: _, ...model } = runOf({}, ref).request.model;
  const opened = (revision: string | null, of: Loaded = { ...loaded, model: { ...model, revision: "607a30d", load: 1 } }) => {
    const saved = runOf({}, ref);
    const file: Run = { ...saved, request: { ...saved.request, model: { ...model, revision } }, file: "saved.json" };
    const state = after({ ...arrived, loaded: of } as Action, { type: "shown", run: file, wanted: { settings: file.request.settings, view: FIRST_LOOK } });
    return [isOfLoaded(state), isOtherVersion(state)];
  };
  expect(opened("607a30d")).toEqual([true, false]);
  expect(opened(null)).toEqual([true, false]);
  expect(opened("0000000")).toEqual([false, true]);
  expect(opened("607a30d", loaded)).toEqual([false, false]);
});

test("a file that is refused stops nothing, and leaves the way out of a failure", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated);
  expect(reduce(there, { type: "file-refused", text: "no" })).toEqual({ ...there, failure: { text: "no", retry: null } });
  const lost = reduce(there, { type: "failed", failure: { text: "lost", retry: "reload" }, isOfRun: true });
  expect(reduce(lost, { type: "file-refused", text: "no" }).failure).toEqual({ text: "no", retry: "reload" });
});

test("a saved run of the reader's own files answers itself, though such files have no name to compare", () => {
  const own = runOf({}, { kind: "files" });
  const { load: _, ...model } = own.request.model;
  const file = { ...own, request: { ...own.request, model }, file: "own.json" };
  const shown = after(arrived, { type: "shown", run: file, wanted: { settings: own.request.settings, view: FIRST_LOOK } });
  expect(isStale(shown)).toBe(false);
  expect(isStale(reduce(shown, { type: "edit", change: { metric: "kl" }, isTyping: false }))).toBe(true);
});

test("undo takes back a change at a time; letters typed into one field are one change", () => {
  const type = (answer: string): Action => ({ type: "edit", change: { answer }, isTyping: true });
  const metric: Action = { type: "edit", change: { metric: "kl" }, isTyping: false };
  const edited = after(arrived, type("a"), type("ab"), metric, type("abc"), { type: "edit", change: { distractor: "x" }, isTyping: true });
  const drafts = [edited];
  while (drafts.at(-1)!.before.length > 0) drafts.push(reduce(drafts.at(-1)!, { type: "undo" }));
  expect(drafts.map(({ draft }) => [draft.answer, draft.metric, draft.distractor])).toEqual([
    ["abc", "kl", "x"],
    ["abc", "kl", settings.distractor],
    ["ab", "kl", settings.distractor],
    ["ab", settings.metric, settings.distractor],
    [settings.answer, settings.metric, settings.distractor],
  ]);
  // Nothing is left to take back, and what changes nothing is no change.
  expect(reduce(drafts.at(-1)!, { type: "undo" })).toBe(drafts.at(-1));
  expect(after(arrived, { type: "want", wanted: { settings, view: FIRST_LOOK } }).before).toEqual([]);
  // Another model's words are not gone back to.
  expect(reduce(edited, arrived).before).toEqual([]);
});

test("a question of one pair leaves the batch that is not in use where it is", () => {
  const batch: Action = { type: "edit", change: { lines: "a|b|c|d", fillings: "A=x" }, isTyping: false };
  const wanted = { settings: { ...settings, answer: "other" }, view: FIRST_LOOK };
  expect(after(arrived, batch, { type: "want", wanted }).draft).toEqual({ ...wanted.settings, lines: "a|b|c|d", fillings: "A=x" });
  const lines = { settings: { ...settings, mode: "lines" as const, lines: "e|f|g|h" }, view: FIRST_LOOK };
  expect(after(arrived, batch, { type: "want", wanted: lines }).draft.lines).toBe("e|f|g|h");
});

test("what waits to be asked for leaves the run that is under way alone, until it begins", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated, { type: "edit", change: { metric: "kl" }, isTyping: false });
  const waits = reduce(there, { type: "needs-run", seconds: 40 });
  expect(waits).toMatchObject({ needsRun: { seconds: 40 }, job: there.job, run: { status: "running" } });
  const asked = reduce(waits, { type: "ask" });
  expect(asked.asks).toBe(there.asks + 1);
  expect(reduce(asked, { type: "run-begun", id: run.id + 1 })).toMatchObject({ needsRun: null, run: { status: "stopped" } });
  expect(reduce(waits, { type: "run-awaited" })).toMatchObject({ needsRun: null, job: there.job });
});

test("what fails beside a run leaves it under way, and what fails of it stops it", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated);
  const failure = { text: "no", retry: "run" } as const;
  expect(reduce(there, { type: "failed", failure, isOfRun: false })).toMatchObject({ failure, job: there.job, run: { status: "running" } });
  expect(reduce(there, { type: "failed", failure, isOfRun: true })).toMatchObject({ failure, job: null, run: { status: "stopped" } });
});

test("what is looked at is of a pair that the run has", () => {
  const there = after(arrived, { type: "run-begun", id: run.id }, estimated, { type: "look", change: { pair: 7 } });
  expect(there.look!.pair).toBe(run.request.pairs.length - 1);
});
