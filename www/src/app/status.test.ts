import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import type { LoadProgress } from "../engine/types";
import { INITIAL, reduce } from "./reduce";
import type { Action, Choice, Loaded, State } from "./state";
import { oldWords, statusOf } from "./status";

const run = runOf();
const { settings } = run.request;
const gpt2: Choice = { ref: { kind: "hub", repo: "openai-community/gpt2", revision: null }, files: [] };
const loaded = { choice: { ref: run.request.model.ref, files: [] }, model: run.request.model } as unknown as Loaded;
const after = (...actions: Action[]): State => actions.reduce(reduce, INITIAL);
const there: Action[] = [
  { type: "loaded", loaded, wanted: { settings, view: INITIAL.view } },
  { type: "run-begun", id: run.id },
  { type: "run-estimated", run: { ...run, status: "running" } },
];
const came = (file: string, bytes: number, more: Partial<LoadProgress> = {}): Action => ({
  type: "load-grown",
  progress: { file, from: "network", loaded: bytes, total: null, bytesPerSecond: 1, secondsLeft: null, waiting: null, ...more },
});

test("between a load and its first run it is said what the page waits for", () => {
  const { text, ...rest } = statusOf(after(there[0]!));
  expect(text).toBe("Reading the prompts");
  // A screen reader is told by what comes next: the run, or the error beside its field.
  expect(rest).toEqual({ spoken: "", button: null, line: null });
  const reading = { pairs: [], tokens: [], errors: { clean: [{ text: "no" }] }, rows: [], warnings: [] };
  expect(statusOf(after(there[0]!, { type: "read", reading })).text).toMatch(/^Not run: /);
  expect(statusOf(after(there[0]!, { type: "read", reading: { ...reading, errors: {} } }, { type: "needs-run", seconds: null })).text).toBe("Ready to run");
  const failed: Action = { type: "failed", failure: { text: "no", retry: "run" }, isOfRun: true };
  expect(statusOf(after(there[0]!, failed)).text).toBe("Not run");
  const read: Action = { type: "read", reading: { ...reading, errors: {} } };
  expect(statusOf(after(there[0]!, read, failed, { type: "dismissed" }))).toMatchObject({ text: "Not run", button: { does: "run-again" } });
});

test("a run is estimates first, then a count with what is left, then what is there", () => {
  const begun = after(...there);
  expect(statusOf(begun)).toMatchObject({ text: "Estimating", line: { share: 0, what: "run" }, button: { does: "cancel-run" } });
  const progress = { done: 1200, total: 32_491, edgesPerSecond: 100, secondsLeft: 40, flops: 0, maxEstimateError: null };
  const grown = reduce(begun, { type: "run-grown", job: { id: run.id, progress } });
  expect(statusOf(grown).text).toBe("1,200 of 32,491 exact · 40 s left");
  expect(statusOf(grown).line!.share).toBeCloseTo(1200 / 32_491);
  // Between two numbers nothing is said aloud.
  const later = reduce(grown, { type: "run-grown", job: { id: run.id, progress: { ...progress, done: 1300 } } });
  expect(statusOf(later).spoken).toBe(statusOf(grown).spoken);
  expect(statusOf(reduce(grown, { type: "run-done", id: run.id, check: null, seconds: 0.42 }))).toMatchObject({
    text: expect.stringMatching(/^\d+ edges exact, \d+ estimated · 0\.4 s$/),
    line: null,
    button: null,
  });
  expect(statusOf(reduce(grown, { type: "run-stopped" }))).toMatchObject({
    text: expect.stringMatching(/^Cancelled · /),
    button: { name: "Run again", does: "run-again" },
  });
});

test("a first run that is cancelled before its estimates can be run again", () => {
  const cancelled = after(there[0]!, there[1]!, { type: "run-stopped" });
  expect(statusOf(cancelled)).toMatchObject({ text: "Cancelled", button: { name: "Run again", does: "run-again" }, line: null });
});

test("a download is one total, over all its files where their sizes are known", () => {
  const plan = { title: "", revision: null, kept: false, space: null, files: [{ name: "config.json", bytes: 1e6 }, { name: "model.safetensors", bytes: 547e6 }] };
  const begun = reduce(after(...there), { type: "load-begun", choice: gpt2, wanted: null });
  expect(statusOf(begun)).toMatchObject({ text: "Loading GPT-2 small", line: { share: null, what: "load" } });
  const known = reduce(begun, { type: "planning", planning: { choice: gpt2, plan: plan as State["planning"]["plan"] } });
  const most = [came("config.json", 1e6), came("model.safetensors", 273e6, { secondsLeft: 20 })].reduce(reduce, known);
  expect(statusOf(most)).toMatchObject({ text: "Loading GPT-2 small · 274 MB of 548 MB · 20 s left", line: { share: 0.5 } });
  const silent = reduce(most, came("model.safetensors", 273e6, { waiting: "no answer from huggingface.co (TypeError: x); asking again in 2 s" }));
  expect(statusOf(silent).text).toBe("Loading GPT-2 small · no answer from huggingface.co; asking again in 2 s");
  expect(statusOf(reduce(most, { type: "load-stopped" }))).toMatchObject({
    text: "GPT-2 small is not loaded",
    button: { name: "Load again", does: "load-again" },
  });
});

test("what is still on screen while another model comes is said to be of the one before", () => {
  const done = reduce(after(...there), { type: "run-done", id: run.id, check: null });
  expect(oldWords(done)).toBe("");
  expect(oldWords(reduce(done, { type: "load-begun", choice: gpt2, wanted: null }))).toBe("Still shown: the result of Names and lists.");
});

test("what is on screen after an edit is said to be from before it, until it is undone", () => {
  const done = reduce(after(...there), { type: "run-done", id: run.id, check: null });
  const edited = reduce(done, { type: "edit", change: { clean: `${done.draft.clean} crown` }, isTyping: false });
  expect(oldWords(edited)).toBe("Of the question before");
  expect(oldWords(reduce(edited, { type: "edit", change: { clean: done.draft.clean }, isTyping: false }))).toBe("");
});
