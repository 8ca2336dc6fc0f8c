import { expect, it } from "vitest";
import { addedShares, moves, pickedUp, shiftOf, telling } from "./attention";

it("a row is told from the metric's position, unless another one has more than twice as much to tell", () => {
  expect(telling([0, 0.4, 0.3], 2)).toBe(2);
  expect(telling([0, 0.7, 0.3], 2)).toBe(1);
  expect(telling([0, 0, 0], 2)).toBe(2);
});

it("how much of each token's attention is moved", () => {
  expect(moves([1, 0, 0.25, 0.75], [1, 0, 0.75, 0.25], 2)).toEqual([0, 0.5]);
});

it("what is added is a share of what is read", () => {
  expect(addedShares({ added: [1, 0, 3], length: [4, 5, 0] })).toEqual([0.25, 0, 3]);
});

it("what is picked up is attention times what is changed there", () => {
  expect(pickedUp([1, 0, 0.25, 0.75], [0.4, 0])).toEqual([0.4, 0.1]);
});

it("attention turns where another token is looked at most, and by at least a point", () => {
  expect(shiftOf([0.1, 0.9], [0.8, 0.2])).toEqual({ kind: "turn", from: 1, to: 0 });
  expect(shiftOf([0.1, 0.9], [0.3, 0.7])).toEqual({ kind: "more", from: 1, to: 0 });
  expect(shiftOf([0.4999, 0.5001], [0.5001, 0.4999])).toEqual({ kind: "none", from: null, to: null });
  // What one token gains may come from many.
  expect(shiftOf([0.7, ...Array<number>(30).fill(0.01)], [0.8, ...Array<number>(30).fill(0.02 / 3)])).toEqual({ kind: "more", from: null, to: 0 });
});
