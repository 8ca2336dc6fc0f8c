import { expect, test } from "vitest";
import { mapped, rectangle, segments } from "./path";

test("commands of one coordinate, relative ones and curves of one handle become points", () => {
  expect(segments("M10 20h5v-4L.5-1")).toEqual([
    { op: "M", at: [10, 20] },
    { op: "L", at: [15, 20] },
    { op: "L", at: [15, 16] },
    { op: "L", at: [0.5, -1] },
  ]);
  const [, curve] = segments("M0 0Q3 3 6 0");
  expect(curve).toEqual({ op: "C", at: [2, 2, 4, 2, 6, 0] });
});

test("after a closed part one is where it began", () => {
  expect(segments("M1 1L5 1Zl2 0").at(-1)).toEqual({ op: "L", at: [3, 1] });
});

test("numbers that follow a move are lines", () => {
  expect(segments("M0 0 1 1 2 2").map(({ op }) => op)).toEqual(["M", "L", "L"]);
});

test("arcs of circles become curves", () => {
  const [, first, second] = segments("M0 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0");
  const rounded = (segment?: ReturnType<typeof segments>[number]) => segment && "at" in segment && segment.at.map((each) => Math.round(each * 100) / 100);
  // Counterclockwise as one sees it, where down is more: along the foot to the middle, then to the right.
  expect(rounded(first)).toEqual([0, 2.76, 2.24, 5, 5, 5]);
  expect(rounded(second)).toEqual([7.76, 5, 10, 2.76, 10, 0]);
});

test("what is not drawn here is refused", () => {
  expect(() => segments("M0 0S1 1 2 2")).toThrow("path: expected one of M L H V C Q A Z, got S");
});

test("a path is moved and turned", () => {
  expect(mapped("M0 0H10Z", [1, 0, 0, 1, 2.345, 3])).toBe("M2.35 3L12.35 3Z");
  expect(mapped("M1 0L0 1", [0, 1, -1, 0, 0, 0])).toBe("M0 1L-1 0");
});

test("a rectangle has corners as round as it is large", () => {
  expect(rectangle(0, 0, 10, 4, 0)).toHaveLength(5);
  expect(rectangle(0, 0, 10, 4, 99)[0]).toEqual({ op: "M", at: [2, 0] });
});
