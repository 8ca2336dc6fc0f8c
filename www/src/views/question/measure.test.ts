import { expect, test } from "vitest";
import { positionOf } from "./measure";

test("a number that is only begun is no empty field", () => {
  expect(positionOf({ value: "", validity: { badInput: false } })).toBeNull();
  expect(positionOf({ value: "", validity: { badInput: true } })).toBeUndefined();
  expect(positionOf({ value: "-2", validity: { badInput: false } })).toBe(-2);
});
