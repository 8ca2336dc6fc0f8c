import { expect, test } from "vitest";
import { colours, lineWidth, needsLightText } from "./scale";

const WHITE = "rgb(242, 239, 238)";

test("the scale is white at no effect and clamped at its reach", () => {
  const scale = colours(2, 0);
  expect(scale.of(0)).toBe(WHITE);
  expect(scale.of(2)).toBe(scale.of(9));
  expect(scale.of(-2)).not.toBe(scale.of(2));
});

test("rounding has no colour, whatever else there is", () => {
  expect(colours(2, 1e-5).of(9e-6)).toBe(WHITE);
  expect(colours(9e-6, 1e-5)).toMatchObject({ reach: 1 });
  expect(colours(9e-6, 1e-5).of(-9e-6)).toBe(WHITE);
  expect(colours(0, 0).of(0)).toBe(WHITE);
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
