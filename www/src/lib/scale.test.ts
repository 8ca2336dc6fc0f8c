import { expect, test } from "vitest";
import { colours, needsLightText } from "./scale";

test("the baseline is the middle and both directions reach as far", () => {
  const scale = colours([1, 2, 7, Number.NaN], 2);
  expect(scale.reach).toBe(5);
  expect(scale.of(2)).toBe(colours([0, 1], 0).of(0));
  expect(scale.of(7)).not.toBe(scale.of(-3));
});

test("a grid without effect still has a scale", () => {
  expect(colours([3, 3, Number.NaN], 3).reach).toBe(1);
});

test("text is light on dark colours", () => {
  expect(needsLightText("rgb(5, 48, 97)")).toBe(true);
  expect(needsLightText("rgb(247, 247, 247)")).toBe(false);
});
