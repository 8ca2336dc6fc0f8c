import { expect, test } from "vitest";
import { spline } from "./spline";

const at = (...places: [number, number][]) => places.map(([x, y]) => ({ x, y }));

// The paths that d3-shape 3.2.1 gives for line().curve(curveBasis).
test("a line along points is d3-shape's basis spline", () => {
  expect(spline([])).toBe("");
  expect(spline(at([0, 0], [6, 12]))).toBe("M0,0L6,12");
  expect(spline(at([0, 0], [6, 12], [18, 0]))).toBe("M0,0L1,2C2,4,4,8,7,8C10,8,14,4,16,2L18,0");
  expect(spline(at([0, 0], [0, 30], [60, 30], [60, 90]))).toBe(
    "M0,0L0,5C0,10,0,20,10,25C20,30,40,30,50,40C60,50,60,70,60,80L60,90",
  );
});
