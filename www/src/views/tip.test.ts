import { expect, test } from "vitest";
import { placeTip } from "./tip";

const WINDOW = { width: 1000, height: 800 };
const SIZE = { width: 200, height: 50 };
const pointer = (x: number, y: number) => placeTip({ left: x, top: y, right: x, bottom: y }, SIZE, WINDOW, true);

test("a tip is above the pointer and to its right, and stays in the window", () => {
  expect(pointer(400, 300)).toEqual({ left: 412, top: 238 });
  expect(pointer(990, 300).left + SIZE.width).toBeLessThanOrEqual(WINDOW.width - 8);
  // Below, so that it does not lie under the pointer.
  expect(pointer(400, 10)).toEqual({ left: 412, top: 22 });
  expect(pointer(400, 799).top + SIZE.height).toBeLessThanOrEqual(WINDOW.height - 8);
});

test("of an element it is above the middle, or below where there is no room", () => {
  const cell = { left: 100, top: 200, right: 140, bottom: 220 };
  expect(placeTip(cell, SIZE, WINDOW, false)).toEqual({ left: 20, top: 138 });
  expect(placeTip({ ...cell, top: 20, bottom: 40 }, SIZE, WINDOW, false).top).toBe(52);
  expect(placeTip({ ...cell, left: 0, right: 10 }, SIZE, WINDOW, false).left).toBe(8);
});

test("a window smaller than the tip shows its beginning", () => {
  expect(placeTip({ left: 50, top: 20, right: 50, bottom: 20 }, SIZE, { width: 150, height: 40 }, true)).toEqual({ left: 8, top: 8 });
});
