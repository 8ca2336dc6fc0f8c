import { expect, test } from "vitest";
import { EXAMPLE, type Settings } from "../lib/settings";
import { BUNDLED_REF, type LoadedModel } from "./model-ref";
import { isSameQuestion, requestOf } from "./request";

const model: LoadedModel = { ref: BUNDLED_REF, name: "ioi-demo", revision: null, load: 1 };
const { settings } = EXAMPLE;
const pair = { clean: settings.clean, corrupted: settings.corrupted, answer: settings.answer, distractor: settings.distractor };
const request = requestOf(model, settings, [pair], []);

test("a request is frozen, and has nothing of what it was made from", () => {
  const mine: Settings = { ...settings };
  const frozen = requestOf(model, mine, [pair], []);
  mine.clean = "something else";
  expect(frozen.settings.clean).toBe(settings.clean);
  expect(() => Object.assign(frozen.settings, { clean: "x" })).toThrow(TypeError);
  expect(() => Object.assign(frozen.pairs[0]!, { clean: "x" })).toThrow(TypeError);
});

test.each<[keyof Settings, Partial<Settings>]>([
  ["clean", { clean: "fox lamp" }],
  ["corrupted", { corrupted: "fox lamp" }],
  ["answer", { answer: "crown" }],
  ["distractor", { distractor: "crown" }],
  ["metric", { metric: "kl" }],
  ["direction", { direction: "noise" }],
  ["patch", { patch: "zero" }],
  ["layerNorm", { layerNorm: "frozen" }],
  ["prependBos", { prependBos: false }],
  ["position", { position: -2 }],
  ["scope", { scope: "none" }],
  ["lines", { mode: "lines", lines: "a|b|c|d" }],
  ["fillings", { mode: "template", clean: "{A} b", fillings: "A=x\nA=y" }],
])("another %s is another question", (_, changed) => {
  expect(isSameQuestion(request, model, { ...settings, ...changed })).toBe(false);
});

test("how many are strongest is asked only where the scope is that", () => {
  const some = requestOf(model, { ...settings, scope: "strongest" }, [pair], []);
  expect(isSameQuestion(some, model, { ...settings, scope: "strongest" })).toBe(true);
  expect(isSameQuestion(some, model, { ...settings, scope: "strongest", strongest: 7 })).toBe(false);
});

test("what the mode does not use, and another way to write the same pair, is the same question", () => {
  expect(isSameQuestion(request, model, { ...settings, lines: "x|y", fillings: "A=b", strongest: 7 })).toBe(true);
  const lines = Object.values(pair).join("|");
  expect(isSameQuestion(request, model, { ...settings, mode: "lines", clean: "", lines })).toBe(true);
  expect(isSameQuestion(request, null, settings)).toBe(false);
  // The same model loaded again, as after a lost GPU; but two sets of files may be of two models.
  expect(isSameQuestion(request, { ...model, load: 2 }, settings)).toBe(true);
  const own = { ...model, ref: { kind: "files" } as const };
  const ofFiles = requestOf(own, settings, [pair], []);
  expect(isSameQuestion(ofFiles, own, settings)).toBe(true);
  expect(isSameQuestion(ofFiles, { ...own, load: 2 }, settings)).toBe(false);
  expect(isSameQuestion(request, { ...model, load: 2, ref: { kind: "hub", repo: "a/b", revision: null } }, settings)).toBe(false);
});

test("only commits that are both known tell two versions of a model apart", () => {
  const hub = { ...model, ref: { kind: "hub", repo: "a/b", revision: null } as const };
  const ofFile = requestOf({ ...hub, load: undefined }, settings, [pair], []);
  expect(isSameQuestion(ofFile, { ...hub, revision: "607a30d", load: 2 }, settings)).toBe(true);
  const ofCommit = requestOf({ ...hub, revision: "607a30d" }, settings, [pair], []);
  expect(isSameQuestion(ofCommit, { ...hub, load: 2 }, settings)).toBe(true);
  expect(isSameQuestion(ofCommit, { ...hub, revision: "0000000", load: 2 }, settings)).toBe(false);
});
