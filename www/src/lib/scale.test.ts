import { expect, test } from "vitest";
import { colours, lineWidth, needsLightText } from "./scale";

const WHITE = "rgb(242, 239, 238)";

test("the scale is centred on the baseline and clamped at its reach", () => {
  const scale = colours(2, 1);
  expect(scale.of(1)).toBe(WHITE);
  expect(scale.of(3)).toBe(scale.of(9));
  expect(scale.of(-1)).not.toBe(scale.of(3));
});

test("without any effect all is white", () => {
  expect(colours(0, 0.5)).toMatchObject({ baseline: 0.5, reach: 1 });
  expect(colours(0, 0.5).of(0.5)).toBe(WHITE);
});

test("text on dark colours is light", () => {
  expect(needsLightText("rgb(5, 48, 97)")).toBe(true);
  expect(needsLightText(WHITE)).toBe(false);
});

test("lines grow with the effect, either way, up to the reach", () => {
  expect(lineWidth(-1, 2)).toBe(lineWidth(1, 2));
  expect(lineWidth(1, 2)).toBeGreaterThan(lineWidth(0.5, 2));
  expect(lineWidth(5, 2)).toBe(lineWidth(2, 2));
});
