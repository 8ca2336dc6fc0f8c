import { expect, test } from "vitest";
import { likelihood, sayOf } from "./said";

test.each([
  [" Mary", "Mary"],
  ["Mary", "Mary"],
  ["  x", "··x"],
  [" ", "·"],
  ["\n", "↵"],
  ["", "token 7"],
  [" \ufffd", "bytes, token 7"],
])("the token %j is said as %s", (text, words) => {
  expect(sayOf({ id: 7, text })).toBe(words);
});

test("a likelihood has two digits, down to a thousandth of a percent", () => {
  expect([0.983, 0.0807, 0.0000182, 0.0000104, 6e-7, 3e-10, 0, 1].map(likelihood)).toEqual(["98%", "8.1%", "0.0018%", "0.001%", "<0.001%", "<0.001%", "0%", "100%"]);
});
