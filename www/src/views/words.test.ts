import { describe, expect, it } from "vitest";
import { runOf } from "../core/run.fixture";
import { edgeAt } from "../core/table";
import { tableFixture } from "../core/table.fixture";
import type { Metric } from "../engine/types";
import { baselineWords, compareWords, edgeLines, edgeWords, signWords } from "./words";

describe("numbers in words", () => {
  it("baselines name the patched run first", () => {
    expect(baselineWords(tableFixture())).toBe("0 is the corrupted run (−0.500); the clean run (3.25) is +3.75 from it");
    expect(baselineWords(tableFixture({}, { direction: "noise" }))).toBe("0 is the clean run (3.25); the corrupted run (−0.500) is −3.75 from it");
  });

  it("an edge says what it does, from where to where, and whether it is exact", () => {
    const table = tableFixture({ exact: 0 }, { direction: "noise" });
    const edge = { ...edgeAt(table, { from: "input", to: "logits" })!, value: 3, effect: -0.25 };
    expect(edgeWords(edge, table)).toBe("lowers the metric by 0.250, from 3.25 to 3, an estimate");
    expect(edgeLines(edge, table)).toEqual(["−0.250, estimate", "clean 3.25 → patched 3"]);
    const exact = { ...edge, isExact: true, stdDev: 0.5 };
    expect(edgeWords(exact, table)).toBe("lowers the metric by 0.250 ± 0.500 over the pairs, from 3.25 to 3");
    expect(edgeLines(exact, table)[0]).toBe("−0.250 ± 0.500 over the pairs, exact");
  });

  it("rounding is called that, not raised or lowered", () => {
    const table = tableFixture();
    const edge = { ...edgeAt(table, { from: "input", to: "logits" })!, effect: 1e-5, isExact: true };
    expect(edgeWords(edge, table)).toBe("moves the metric by no more than rounding");
    expect(edgeLines(edge, table)).toEqual(["no more than rounding, exact"]);
  });

  it("where less is better, that is said beside the colours", () => {
    expect(signWords("logit-diff")).toBe("Blue raises the metric, red lowers it.");
    expect(signWords("kl")).toContain("the lower, the closer to the clean run");
  });
});

describe("what the logits are read for", () => {
  const words = (metric: Metric, changed: Parameters<typeof runOf>[0] = {}) => {
    const { request } = runOf(changed);
    return compareWords({ metric }, request.pairs);
  };

  it("both tokens of a difference, the answer alone of a probability", () => {
    expect(words("logit-diff")).toBe("lamp − spoon");
    expect(words("normalized-logit-diff")).toBe("lamp − spoon");
    expect(words("prob")).toBe("lamp");
    expect(words("kl")).toBe("distance from the clean run");
  });

  it("another's metric by its name", () => {
    expect(compareWords({ metric: "logit-diff", metricName: "IOI score" }, runOf().request.pairs)).toBe("IOI score");
  });

  it("sets are told as they are read aloud", () => {
    expect(words("prob-diff", { answer: "42..99", distractor: "01|02" })).toBe("42 to 99 − 01 or 02");
  });

  it("pairs with different answers have no word in common", () => {
    const lines = "a b | a c | x | z\nd e | d f | y | z";
    expect(words("logit-diff", { mode: "lines", lines })).toBe("answer − z");
  });
});
