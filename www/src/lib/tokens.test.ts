import { expect, test } from "vitest";
import { differences, visible } from "./tokens";

const tokens = (...ids: number[]) => ids.map((id) => ({ id, text: `${id}` }));

test("positions differ where the ids do", () => {
  expect(differences(tokens(1, 2, 3), tokens(1, 5, 3))).toEqual([false, true, false]);
});

test("a prompt that is longer differs from there on", () => {
  expect(differences(tokens(1, 2), tokens(1, 2, 3, 4))).toEqual([false, false, true, true]);
  expect(differences([], [])).toEqual([]);
});

test("spaces and line ends can be seen", () => {
  expect(visible(" a b\n\t")).toBe("·a·b↵⇥");
});
