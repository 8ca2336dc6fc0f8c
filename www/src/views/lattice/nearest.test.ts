import { expect, it } from "vitest";
import { nodesOf, shapeOf, strongest } from "../../core/table";
import { tableFixture } from "../../core/table.fixture";
import { distanceTo, distanceToBox, piecesOf } from "./nearest";
import { routes } from "./paths";
import { place } from "./place";

const distance = (d: string, x: number, y: number) => distanceTo(piecesOf(d), { x, y });

it("a point's distance from straight lines, of any command", () => {
  expect(distance("M0 0L10 0", 5, 3)).toBe(3);
  expect(distance("M0 0H10V10", 13, 5)).toBe(3);
  expect(distance("M0 0H10", 14, 3)).toBe(5);
});

it("curves are followed", () => {
  // Both of the second and of the third degree go through the middle of their pull.
  expect(distance("M0 0Q5 10 10 0", 5, 5)).toBeLessThan(0.1);
  expect(distance("M0 0C0 10 10 10 10 0", 5, 7.5)).toBeLessThan(0.1);
});

it("every line of a circuit is near both of its ends, and its tip is", () => {
  const table = tableFixture({ layers: 12, heads: 12 });
  const lattice = place(nodesOf(table), shapeOf(table), { width: 960, height: 560 });
  for (const { d, tip } of routes(strongest(table, 300), lattice).values()) {
    const [x, y] = d.slice(1).split(/[CLQVH ]/).map(Number);
    expect(distance(d, x!, y!)).toBeLessThan(0.01);
    expect(distance(d, tip.x, tip.y)).toBeLessThan(6);
  }
});

it("a box is far by its nearest corner or side, and not at all within", () => {
  const box = { x: 10, y: 10, width: 20, height: 10 };
  expect([15, 5, 33].map((x) => distanceToBox(box, { x, y: 15 }))).toEqual([0, 5, 3]);
  expect(distanceToBox(box, { x: 7, y: 6 })).toBe(5);
});
