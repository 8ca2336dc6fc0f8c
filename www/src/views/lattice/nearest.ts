// Which line of a drawing a point means: the nearest one, not the one that happens to be drawn on top.

import type { Point } from "./place";

/** A line as straight pieces: `x, y, x, y, …`. */
export type Pieces = Float32Array;

const PIECES_OF_CURVE = 14;

/** The straight pieces of a path of `M`, `L`, `H`, `V`, `Q` and `C`, all absolute. */
export function piecesOf(d: string): Pieces {
  const points: number[] = [];
  let [x, y] = [0, 0];
  const to = (nextX: number, nextY: number) => {
    [x, y] = [nextX, nextY];
    points.push(x, y);
  };
  const curve = (a: Point, b: Point, end: Point) => {
    const start = { x, y };
    for (let i = 1; i <= PIECES_OF_CURVE; i += 1) {
      const t = i / PIECES_OF_CURVE;
      const at = (key: "x" | "y") =>
        (1 - t) ** 3 * start[key] + 3 * (1 - t) ** 2 * t * a[key] + 3 * (1 - t) * t ** 2 * b[key] + t ** 3 * end[key];
      to(at("x"), at("y"));
    }
  };
  for (const [, command, text] of d.matchAll(/([MLHVQC])([^MLHVQC]*)/g)) {
    const n = text!.trim().split(/[\s,]+/).map(Number) as [number, number, number, number, number, number];
    if (command === "M" || command === "L") to(n[0], n[1]);
    else if (command === "H") to(n[0], y);
    else if (command === "V") to(x, n[0]);
    else if (command === "C") curve({ x: n[0], y: n[1] }, { x: n[2], y: n[3] }, { x: n[4], y: n[5] });
    else {
      // A curve of the second degree is one of the third.
      const [start, pull, end] = [{ x, y }, { x: n[0], y: n[1] }, { x: n[2], y: n[3] }];
      const third = (from: Point) => ({ x: from.x + (2 / 3) * (pull.x - from.x), y: from.y + (2 / 3) * (pull.y - from.y) });
      curve(third(start), third(end), end);
    }
  }
  return Float32Array.from(points);
}

/** How far a point is from a line. */
export function distanceTo(pieces: Pieces, { x, y }: Point): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 3 < pieces.length; i += 2) {
    const [ax, ay] = [pieces[i]!, pieces[i + 1]!];
    const [dx, dy] = [pieces[i + 2]! - ax, pieces[i + 3]! - ay];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
    const [offX, offY] = [ax + along * dx - x, ay + along * dy - y];
    least = Math.min(least, offX * offX + offY * offY);
  }
  return Math.sqrt(least);
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** How far a point is from a box, by its left upper corner; 0 within. */
export function distanceToBox({ x, y, width, height }: Box, point: Point): number {
  return Math.hypot(Math.max(x - point.x, 0, point.x - x - width), Math.max(y - point.y, 0, point.y - y - height));
}
