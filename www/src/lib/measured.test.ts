import { expect, test } from "vitest";
import type { PairPredictions } from "../engine/types";
import { isNoContrast, measured } from "./measured";

const of = (clean: number | null, corrupted: number | null): PairPredictions => ({
  top: { clean: [], corrupted: [] },
  answers: { clean: [], corrupted: [] },
  distractors: { clean: [], corrupted: [] },
  metric: { clean, corrupted },
  logitDiff: { clean: 9.2327, corrupted: -0.2841 },
});
const pair = { clean: "", corrupted: "", answer: " lamp", distractor: " spoon" };
const inWords = (...args: Parameters<typeof measured>) => {
  const { clean, corrupted, of } = measured(...args);
  return `${clean} ${corrupted} ${of.map((part) => (typeof part === "string" ? part : `*${part.own}*`)).join("")}`;
};

test("each metric says what its numbers are of", () => {
  expect(inWords("logit-diff", pair, of(9.2327, -0.2841))).toBe("+9.23 −0.284 logit of *lamp* less that of *spoon*");
  // The normalised one is always 1 and 0: what it normalises says more.
  expect(inWords("normalized-logit-diff", pair, of(1, 0))).toBe("+9.23 −0.284 logit of *lamp* less that of *spoon*");
  expect(inWords("prob", pair, of(0.983, 0.0000182))).toBe("98.3% 0.00182% probability of *lamp*");
  expect(inWords("log-prob", pair, of(-0.0171, -10.9))).toBe("−0.0171 −10.9 log-probability of *lamp*");
  expect(inWords("prob-diff", { ...pair, answer: "42..99", distractor: "00..41" }, of(0.975, -0.2))).toMatch(
    /^\+97\.5% [-−]20% probability of \*“42” to “99”\* less that of \*“00” to “41”\*$/,
  );
  expect(inWords("kl", pair, of(0, 10.7))).toBe("0 10.7 divergence from the clean run’s output");
});

test("without answers the words stand alone", () => {
  expect(inWords("logit-diff", { ...pair, answer: "", distractor: "" }, of(null, null))).toBe("– – logit of the answer less that of the distractor");
  expect(inWords("prob", null, null)).toBe("– – probability of the answer");
});

test("a pair whose corrupted run is no worse is told", () => {
  expect(isNoContrast("logit-diff", of(1, 2))).toBe(true);
  expect(isNoContrast("logit-diff", of(2, 1))).toBe(false);
  expect(isNoContrast("logit-diff", of(1, 1))).toBe(true);
  expect(isNoContrast("kl", of(0, 2))).toBe(false);
  expect(isNoContrast("prob", of(null, 1))).toBe(false);
});
