import { describe, expect, it } from "vitest";
import { edgeAt, scoreOf } from "../core/table";
import { tableFixture } from "../core/table.fixture";
import { baselineWords, edgeWords, signWords } from "./words";

describe("what a sign means", () => {
  it.each(["denoise", "noise"] as const)("in a %s run an edge helps where its score in EAP-IG's files is positive", (direction) => {
    const table = tableFixture({}, { direction });
    const { up, down } = signWords(table);
    expect(up.includes("helps")).toBe(scoreOf(table, 1) > 0);
    expect(down.includes("helps")).toBe(scoreOf(table, -1) > 0);
  });

  it("a distance from the clean run is better the lower it is", () => {
    expect(signWords({ metric: "kl", direction: "denoise" }).down).toContain("helps");
    expect(signWords({ metric: "kl", direction: "noise" }).up).toContain("helps");
  });
});

describe("numbers in words", () => {
  it("baselines name the patched run first", () => {
    const runs = { cleanMetric: 3.25, corruptedMetric: -0.5 };
    expect(baselineWords({ ...runs, direction: "denoise" })).toBe("0 is the corrupted run (-0.500); the clean run (3.250) is +3.75 from it");
    expect(baselineWords({ ...runs, direction: "noise" })).toBe("0 is the clean run (3.250); the corrupted run (-0.500) is -3.75 from it");
  });

  it("an edge says its value, how far that is from which run, and whether it is exact", () => {
    const table = tableFixture({ exact: 0 }, { direction: "noise" });
    const edge = { ...edgeAt(table, { from: "input", to: "logits" })!, value: 3, effect: -0.25 };
    expect(edgeWords(edge, table)).toBe("logit difference 3.000 (-0.25 from the clean run, an estimate)");
    const exact = { ...edge, isExact: true, stdDev: 0.5 };
    expect(edgeWords(exact, table)).toBe("logit difference 3.000 (-0.25 ± 0.500 over the pairs from the clean run)");
  });
});
