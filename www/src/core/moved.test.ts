import { expect, test } from "vitest";
import type { EdgeDetail } from "../engine/types";
import { EXAMPLE } from "../lib/settings";
import { chosenOf } from "./chosen";
import { detailFixture, predictionsFixture } from "./known.fixture";
import { movedOf } from "./moved";
import { runOf } from "./run.fixture";
import { lookAt } from "./view";

const EDGE = { from: "a0.h0", to: "a1.h0<k>" };

/** Rises first, then falls, of tokens from 10 on. */
const movedBy = (changes: readonly number[]): Pick<EdgeDetail, "moved" | "tokens"> => ({
  moved: changes.map((change, i) => ({ id: 10 + i, logit: [0, 0], probability: [0.2, 0.2 + change] })),
  tokens: changes.map((_, i) => ({ id: 10 + i, text: `t${i}` })),
});

function rowsOf(answer: number, distractor: number, listed: Pick<EdgeDetail, "moved" | "tokens">) {
  const run = runOf();
  const chosen = chosenOf(run, lookAt({ ...EXAMPLE.view, ...EDGE }, run.table, null), [predictionsFixture()])!;
  const [pair] = chosen.pairs;
  const named = (id: number) => [{ id, text: { 1: "lamp", 3: "spoon" }[id] ?? "" }];
  return movedOf({ ...chosen, pairs: [{ ...pair!, answer: named(answer), distractor: named(distractor) }] }, detailFixture(run, EDGE, listed).detail);
}

test("what is asked for has a row though others move more, and though it is still", () => {
  const many = movedBy([0.3, 0.2, 0.1, 0.05, -0.0004, -0.1, -0.2, -0.3]);
  const rows = rowsOf(1, 3, many);
  expect(rows.map(({ text }) => text)).toEqual(["t0", "t7", "t1", "lamp", "spoon"]);
  // By how much they have moved at most: as the last that is listed on either side.
  expect(rows.filter(({ isAsked }) => isAsked)).toEqual([
    { text: "lamp", isAsked: true, before: 0.0102, after: 0.0102, within: expect.closeTo(0.05), other: 0.87 },
    { text: "spoon", isAsked: true, before: 0.006, after: 0.006, within: expect.closeTo(0.05), other: 0.01 },
  ]);
});

test("one that is listed has its own numbers, and nothing else that is still has a row", () => {
  const rows = rowsOf(10, 11, movedBy([0.0002, 0.0001, -0.0003, -0.0004]));
  expect(rows.map(({ text, within }) => [text, within])).toEqual([["t0", null], ["t1", null]]);
});

test("an asked token is left out where neither the edge nor the predictions list it", () => {
  expect(rowsOf(77, 3, movedBy([0.2, -0.2])).map(({ text }) => text)).toEqual(["t0", "t1", "spoon"]);
});
