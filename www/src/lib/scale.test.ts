import { expect, test } from "vitest";
import { between, colours, tint } from "./scale";

const GROUND = /\b0%, var\(--quiet\)/;

test("an effect of nothing has the ground's colour, and the scale is clamped at its reach", () => {
  const scale = colours(2, 0);
  expect(scale.of(0)).toMatch(GROUND);
  expect(scale.of(2)).toBe(scale.of(9));
  expect(scale.of(0.5)).toContain("50%");
  expect([scale.strength(-0.5), scale.strength(3)]).toEqual([0.5, 1]);
});

test("the sign has the colour, the size its strength", () => {
  const scale = colours(2, 0);
  expect(scale.of(2)).toContain("--raises");
  expect(scale.of(-2)).toContain("--lowers");
});

test("rounding has no colour, whatever else there is", () => {
  expect(colours(2, 1e-5).of(9e-6)).toMatch(GROUND);
  expect(colours(9e-6, 1e-5)).toMatchObject({ reach: 1 });
  expect(colours(9e-6, 1e-5).of(-9e-6)).toMatch(GROUND);
  expect(colours(0, 0).of(0)).toMatch(GROUND);
});

test("a share without a sign is clamped too", () => {
  expect(tint(0)).toMatch(GROUND);
  expect(tint(2)).toBe(tint(1));
});

test("one range is mapped onto another", () => {
  expect(between([-1, 1], [0, 10])(0.5)).toBe(7.5);
});
