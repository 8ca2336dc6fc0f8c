import { expect, test } from "vitest";
import { distance, nearest } from "./near";

test("letters wrong, missing, added, or turned round", () => {
  expect(distance("lamp", "lamp")).toBe(0);
  expect(distance("lmap", "lamp")).toBe(1);
  expect(distance("lam", "lamp")).toBe(1);
  expect(distance("camp", "lamp")).toBe(1);
  expect(distance("", "lamp")).toBe(4);
});

test("the nearest words come first, and far ones not at all", () => {
  const words = ["lamp", "lip", "river", "spoon", "Lamp"];
  expect(nearest("lanp", words)).toEqual(["lamp", "Lamp"]);
  expect(nearest("spon", words)).toEqual(["spoon"]);
  expect(nearest("quokka", words)).toEqual([]);
  // Case alone is a slip that is worth telling.
  expect(nearest("River", words)).toEqual(["river"]);
  expect(nearest("it", ["at", "is"])).toEqual([]);
});
