import { expect, test } from "vitest";
import { PathPatchError } from "../engine/error";
import { workersOf } from "./workers";

test("what an author says of workers", () => {
  expect(workersOf(null)).toBeUndefined();
  expect(workersOf("1")).toBe(1);
  expect(workersOf(" 4 ")).toBe(4);
});

test.each(["", "0", "-2", "1.5", "many", "Infinity"])("%j is no number of workers", (said) => {
  const wrong = `workers: expected a whole number, 1 or more, got ${JSON.stringify(said)}`;
  expect(() => workersOf(said)).toThrow(expect.objectContaining({ name: "PathPatchError", code: "option", message: wrong }));
  expect(() => workersOf(said)).toThrow(PathPatchError);
});
