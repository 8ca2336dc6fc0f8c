import { expect, test } from "vitest";
import { detailFixture, predictionsFixture } from "../core/known.fixture";
import { runOf } from "../core/run.fixture";
import { type Known, knownDetail, opened } from "../core/run";
import { lookAt } from "../core/view";
import { restore, save } from "./saved";
import { EXAMPLE } from "./settings";

const run = runOf({ clean: "a bb ccc", corrupted: "a dd ccc" });
const look = lookAt(EXAMPLE.view, run.table, run.lead);
const HEADS = { from: "a0.h1", to: "a1.h0<k>" };
const OUTPUT = { from: "m0", to: "logits" };
const known: Known = {
  details: [detailFixture(run, HEADS, { byPosition: [0, 0.1, 0.2] }), detailFixture(run, OUTPUT)],
  predictions: [predictionsFixture()],
};
const written = () => JSON.parse(JSON.stringify(save(run, look, { known })));

test("edges in detail and what both runs say next come back with a file", () => {
  const read = restore(JSON.stringify(written()));
  expect(read.known.predictions).toEqual(known.predictions);
  expect(read.known.details).toEqual(known.details);
  const { check, made } = run;
  const shown = opened(-1, run.request, read.table, { check, made, file: "a file", known: read.known });
  expect(knownDetail(shown.known.details, HEADS, 0)).toEqual(known.details[0]!.detail);
  expect(knownDetail(shown.known.details, HEADS, 1)).toBeNull();
  expect(knownDetail(shown.known.details, { from: "input", to: "logits" }, 0)).toBeNull();
  // A file that is saved again has them still.
  expect(JSON.stringify(save(shown, look))).toBe(JSON.stringify(written()));
});

test("of attention only what a token can see is written, in few digits", () => {
  const [{ src, dst, patched }, output] = written().details;
  expect(src.pattern.clean).toEqual([1, 0.75, 0.25, 0.125, 0.75, 0.125]);
  expect(patched).toEqual(dst.pattern.clean);
  expect([output.src, output.dst, output.patched]).toEqual([null, null, []]);
  const third = detailFixture(run, HEADS, { added: [0, 1 / 3, 0] });
  const [rounded] = save(run, look, { known: { ...known, details: [third] } }).details;
  expect(rounded!.added).toEqual([0, 0.3333, 0]);
});

test("a file without them knows nothing beside its edges", () => {
  const { details: _, predictions: __, ...before } = written();
  expect(restore(JSON.stringify(before)).known).toEqual({ details: [], predictions: [] });
});

test("tokens without texts, and a metric without a scale, come back as they were", () => {
  const bare = detailFixture(run, OUTPUT, { tokens: [] });
  const unscaled = { ...predictionsFixture(), metric: { clean: null, corrupted: null } };
  const saved = save(run, look, { known: { details: [bare], predictions: [unscaled] } });
  expect(restore(JSON.stringify(saved)).known).toEqual({ details: [bare], predictions: [unscaled] });
});

test("what is not finite is left out: an edge, and pairs from the first such one on", () => {
  const infinite = detailFixture(run, OUTPUT, { value: Number.NEGATIVE_INFINITY });
  const unlikely = { ...predictionsFixture(), metric: { clean: 0, corrupted: Number.NEGATIVE_INFINITY } };
  const saved = save(run, look, { known: { details: [infinite, known.details[0]!], predictions: [predictionsFixture(), unlikely] } });
  expect(saved.details.map(({ to }) => to)).toEqual([HEADS.to]);
  expect(saved.predictions).toHaveLength(1);
});

type Any = Record<string, any>;

test.each<[string, (saved: Any) => void, string]>([
  ["an edge without a path", (s) => Object.assign(s.details[0], { from: "m1", to: "a0.h0<q>" }), "details[0]: expected one of the edges, got m1->a0.h0<q>"],
  ["an edge of another model", (s) => (s.details[0].to = "a7.h0<q>"), "details[0]: expected one of the edges, got a0.h1->a7.h0<q>"],
  ["a pair that is not there", (s) => (s.details[1].pair = 1), "details[1].pair: expected a whole number from 0 to 0, got 1"],
  ["attention of fewer tokens", (s) => s.details[0].src.pattern.clean.pop(), "details[0].src.pattern.clean: expected a list of 6, got 5 entries"],
  ["attention of more tokens", (s) => s.details[0].patched.push(0), "details[0].patched: expected a list of at most 6, got 7 entries"],
  ["lengths of fewer tokens", (s) => s.details[0].added.pop(), "details[0].added: expected a list of 3, got 2 entries"],
  ["an effect that is none", (s) => (s.details[0].byPosition[1] = "x"), "details[0].byPosition[1]: expected a finite number"],
  ["a token that has one logit", (s) => s.details[0].moved[1].logit.pop(), "details[0].moved[1].logit: expected a list of 2, got 1 entries"],
  ["a probability above one", (s) => (s.predictions[0].top.clean[0].probability = 7), "predictions[0].top.clean[0].probability: expected a finite number from 0 to 1, got 7"],
  ["a moved probability above one", (s) => (s.details[0].moved[0].probability[1] = 2), "details[0].moved[0].probability[1]: expected a finite number from 0 to 1, got 2"],
  ["attention above one", (s) => (s.details[0].patched[0] = 3), "details[0].patched[0]: expected a finite number from 0 to 1, got 3"],
  ["a length below nothing", (s) => (s.details[0].added[0] = -1), "details[0].added[0]: expected a finite number"],
  ["more next tokens than are shown", (s) => (s.predictions[0].top.clean = Array(101).fill(s.predictions[0].top.clean[0])), "predictions[0].top.clean: expected a list of at most 100, got 101 entries"],
  ["predictions of more pairs", (s) => s.predictions.push(s.predictions[0]), "predictions: expected a list of at most 1, got 2 entries"],
  ["a prediction that is none", (s) => (s.predictions[0].top.clean[0] = "lamp"), "predictions[0].top.clean[0]: expected an object, got lamp"],
  ["a metric that is none", (s) => (s.predictions[0].metric.clean = "high"), "predictions[0].metric.clean: expected a finite number"],
])("%s is refused", (_, spoil, message) => {
  const saved: Any = written();
  spoil(saved);
  expect(() => restore(JSON.stringify(saved))).toThrow(`saved result: ${message}`);
});
