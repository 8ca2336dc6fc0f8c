import { expect, test } from "vitest";
import { stretches } from "./fold";

const inWords = (length: number, differing: number[], at = length - 1) =>
  stretches(length, differing, at)
    .map(({ from, to, isShown }) => (isShown ? `${from}-${to}` : `(${from}-${to})`))
    .join(" ");

test("a short prompt is shown whole, and an empty one has nothing to show", () => {
  expect(inWords(3, [1])).toBe("0-2");
  expect(inWords(60, [30])).toBe("0-59");
  expect(inWords(0, [], 0)).toBe("");
});

test("a long one shows its differences, where the metric reads, and its end", () => {
  expect(inWords(200, [100])).toBe("0-1 (2-93) 94-106 (107-191) 192-199");
  expect(inWords(200, [100, 104], 150)).toBe("0-1 (2-93) 94-110 (111-143) 144-156 (157-191) 192-199");
});

test("what is hardly longer than the sign for it is not folded", () => {
  expect(inWords(200, [11])).toBe("0-17 (18-191) 192-199");
});

test("prompts without a word in common fold all the same", () => {
  expect(inWords(1000, Array.from({ length: 1000 }, (_, i) => i))).toBe("0-51 (52-991) 992-999");
});
