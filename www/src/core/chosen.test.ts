import { expect, test } from "vitest";
import { chosenOf, isSameChoice } from "./chosen";
import { runOf } from "./run.fixture";
import { lookAt } from "./view";
import { FIRST_LOOK } from "../lib/settings";

test("what is known of an edge is of one run and one pair", () => {
  const lines = "a b | c b | x | y\na d | c d | x | y";
  const [run, other] = [runOf({ mode: "lines", lines }), runOf({ mode: "lines", lines })];
  const at = (of: typeof run, to: string, pair: number) => chosenOf(of, lookAt({ ...FIRST_LOOK, from: "a0.h1", to, pair }, of.table, null))!;
  const first = at(run, "a1.h0<k>", 0);
  expect(isSameChoice(first, at(run, "a1.h0<k>", 0))).toBe(true);
  expect(isSameChoice(first, at(run, "a1.h0<q>", 0))).toBe(false);
  expect(isSameChoice(first, at(run, "a1.h0<k>", 1))).toBe(false);
  expect(isSameChoice(first, at(other, "a1.h0<k>", 0))).toBe(false);
});
