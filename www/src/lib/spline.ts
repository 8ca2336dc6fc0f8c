// A smooth line along points, as the path of an SVG: the uniform cubic B-spline that d3-shape calls `curveBasis`.
//
// It starts at the first point, ends at the last, and is drawn towards those between. For three points in a row a, b, c
// it is the Bézier curve
//
//     to (a + 4 b + c) / 6, with the control points (2 a + b) / 3 and (a + 2 b) / 3.

export interface Point {
  x: number;
  y: number;
}

/** The path along points; empty where there are none. */
export function spline(points: readonly Point[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return "";
  const parts = [`M${text(first)}`];
  if (points.length > 2) {
    parts.push(`L${text(mix([5, first], [1, points[1]!]))}`);
    // The last point counts twice, so that the curve comes near it before the straight end.
    const ends = [...points, last];
    for (let i = 2; i < ends.length; i += 1) {
      const [a, b, c] = [ends[i - 2]!, ends[i - 1]!, ends[i]!];
      parts.push(`C${text(mix([2, a], [1, b]))},${text(mix([1, a], [2, b]))},${text(mix([1, a], [4, b], [1, c]))}`);
    }
  }
  parts.push(`L${text(last)}`);
  return parts.join("");
}

/** The mean of points with weights. */
function mix(...weighted: [number, Point][]): Point {
  const whole = weighted.reduce((sum, [weight]) => sum + weight, 0);
  const mean = (axis: keyof Point) => weighted.reduce((sum, [weight, point]) => sum + weight * point[axis], 0) / whole;
  return { x: mean("x"), y: mean("y") };
}

const text = ({ x, y }: Point): string => `${round(x)},${round(y)}`;

const round = (value: number): number => Math.round(value * 1000) / 1000;
