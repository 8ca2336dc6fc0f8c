import { expect, test } from "vitest";
import { headFilter } from "./head-filter";

const edge = { src: { layer: 0, head: 3 }, dst: { layer: 1, head: 13 } };

test.each(["0.3", "1.13", "L1H13", "l0h3", "a0.h3", "0.", "L1", "0.3 1.13", "0.3->1.13", "0.3 → 1.", "0. 1.", "0.3, 1.13"])(
  "%s finds 0.3 -> 1.13",
  (text) => {
    expect(headFilter(text)?.(edge)).toBe(true);
  },
);

test.each(["1.1", "1.3", "2.", "1.13 0.3", "0.3 0.3"])("%s does not", (text) => {
  expect(headFilter(text)?.(edge)).toBe(false);
});

test.each(["", "fox", "1.3 2.2 3.1", "0.3 fox", "1.3x"])("%j names no heads", (text) => {
  expect(headFilter(text)).toBeNull();
});
