import { expect, test } from "vitest";
import { sayOf } from "./said";

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
