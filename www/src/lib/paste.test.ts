import { expect, test } from "vitest";
import type { Pair } from "./pairs";
import { isTable, pastedPairs } from "./paste";

const PAIR: Pair = { clean: "a b", corrupted: "a c", answer: " x", distractor: " y" };

test.each([
  ["spaced bars", "a b | a c | x | y"],
  ["bare bars", "a b|a c| x| y"],
  ["bars with a header", "clean | corrupted | answer | distractor\na b | a c | x | y"],
  ["tabs", "a b\ta c\t x\t y"],
  ["tabs without spaces", "a b\ta c\tx\ty"],
  ["CSV", "a b,a c,x,y"],
  ["CSV with a header in another order", "answer,clean,corrupt,wrong_answer,note\nx,a b,a c,y,hello"],
  ["CSV with quotes", 'clean,corrupted,answer,distractor\n"a b","a c"," x"," y"'],
  ["a spreadsheet's empty cells", "clean;corrupted;answer;distractor;;\na b;a c;x;y;;\n;;;;;"],
  ["JSONL", '{"clean": "a b", "corrupted": "a c", "answer": " x", "distractor": " y", "id": 7},'],
  ["an array", '[{"clean":"a b","corrupted":"a c","answer":[" x"],"distractor":" y"}]'],
  ["an object of pairs", '{"pairs": [{"clean":"a b","corrupted":"a c","answer":" x","distractor":" y"}]}'],
])("%s are read", (_, text) => {
  expect(pastedPairs(text)).toEqual([PAIR]);
});

test("a quoted cell may hold commas and line ends", () => {
  expect(pastedPairs('"Q: a,\nA:","Q: b,\nA:",x,y')).toEqual([{ clean: "Q: a,\nA:", corrupted: "Q: b,\nA:", answer: " x", distractor: " y" }]);
});

test.each([
  ["a b c", "Line 1 has one part: write clean | corrupted | answer | distractor."],
  ["a|b\nc", "Line 2 has one part: write clean | corrupted | answer | distractor."],
  ["a,b,c,d,e", "Line 1 has 5 parts: write clean | corrupted | answer | distractor."],
  ["clean,corrupted", "There is a header and no row below it."],
  ["  ", "There is nothing to read."],
  ["[{]", /^This begins like JSON, but cannot be read as JSON: /],
  ["[]", "There is no pair in this JSON."],
  ['{"clean":"a","corrupted":"b"}\n{"clean":"a"}', "Line 2 has no text as its “corrupted”."],
  ['{"clean":[1,2],"corrupted":"b"}', "Line 1 has no text as its “clean”."],
  ['{"clean":"a"', /^Line 1 begins like JSON, but cannot be read as JSON: /],
] as const)("%j is refused in words", (text, message) => {
  expect(() => pastedPairs(text)).toThrow(message);
});

test("what goes into one cell is no table", () => {
  expect(["a b", "a, b", "Mary ", "{A} met"].map(isTable)).toEqual([false, false, false, false]);
  expect(["a\tb", "a\nb", '{"clean":"a"}', '[{"clean":"a"}]'].map(isTable)).toEqual([true, true, true, true]);
});
