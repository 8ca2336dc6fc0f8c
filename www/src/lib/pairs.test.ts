import { expect, test } from "vitest";
import { inQuotes, linesOf, type Prompts, pairsOf } from "./pairs";

const prompts = (changed: Partial<Prompts>): Prompts => ({
  mode: "one",
  clean: "When {A} and {B} met, {B} called",
  corrupted: "When {A} and {B} met, {A} called",
  answer: " {A}",
  distractor: " {B}",
  lines: "",
  fillings: "",
  ...changed,
});

test("one pair is taken as it stands", () => {
  const [pair] = pairsOf(prompts({ clean: "a {x}", corrupted: "b {x}" }));
  expect(pair).toEqual({ clean: "a {x}", corrupted: "b {x}", answer: " {A}", distractor: " {B}" });
});

test("a template is filled once a line, and empty lines are passed over", () => {
  const pairs = pairsOf(prompts({ mode: "template", fillings: "A=Mary, B=John\n\n A = Ann ,B=Tom\n" }));
  expect(pairs.map((p) => p.clean)).toEqual(["When Mary and John met, John called", "When Ann and Tom met, Tom called"]);
  expect(pairs[1]).toMatchObject({ corrupted: "When Ann and Tom met, Ann called", answer: " Ann", distractor: " Tom" });
});

test.each([
  ["A=Mary", "Line 1 has nothing for {B}."],
  ["A=Mary, John", "Line 1: “John” does not say which slot it fills. Write A=Mary, B=John."],
  ["A=Mary, B=John\nA=Mary, B=John, C=x", "Line 2 fills {C}, which is not in the template."],
  ["", "Write at least one line of fill-ins, such as A=Mary, B=John."],
])("fillings %j are refused", (fillings, message) => {
  expect(() => pairsOf(prompts({ mode: "template", fillings }))).toThrow(message);
});

test("lines are split at bars or tabs, and leading spaces of an answer are kept", () => {
  const lines = "a b|a c| x| y\na b\ta c\t x\t y\na b | a c |  x |  y\na b | a c | x | y\na|b";
  const pairs = pairsOf(prompts({ mode: "lines", lines }));
  expect(pairs.slice(0, 4)).toEqual(Array(4).fill({ clean: "a b", corrupted: "a c", answer: " x", distractor: " y" }));
  expect(pairs[4]).toEqual({ clean: "a", corrupted: "b", answer: "", distractor: "" });
  expect(pairsOf(prompts({ mode: "lines", lines: linesOf(pairs) }))).toEqual(pairs);
  expect(() => pairsOf(prompts({ mode: "lines", lines: "a\nb" }))).toThrow("Line 1 has one part: write clean | corrupted | answer | distractor.");
});

test.each([
  ["gave a drink to | x | Mary | John", " Mary", " John"],
  ["the year 17 | x | 50 | 30", "50", "30"],
  ["the year | x | 17 | 30", " 17", " 30"],
  ["isn't it | x | ? | .", "?", "."],
  ["she said “ | x | Yes | No", "Yes", "No"],
  ["The keys | x | are|were | is|was", " are| were", " is| was"],
  ["the year | x | 42..99 | 00..41", " 42..99", " 00..41"],
])("between spaced bars an answer gets the space that its prompt calls for: %s", (lines, answer, distractor) => {
  expect(pairsOf(prompts({ mode: "lines", lines }))[0]).toMatchObject({ answer, distractor });
});

test("a pair with sets of answers is between tabs as a line, and the same again", () => {
  const pairs = [{ clean: "a b", corrupted: "a c", answer: " x| y", distractor: " z" }];
  expect(linesOf(pairs)).toBe("a b\ta c\t x| y\t z");
  expect(pairsOf(prompts({ mode: "lines", lines: linesOf(pairs) }))).toEqual(pairs);
});

test.each([
  { clean: "Q: a\nA:", corrupted: "Q: b\nA:", answer: " x", distractor: " y" },
  { clean: "a\tb", corrupted: "a", answer: "", distractor: "" },
  { clean: '{"a": 1', corrupted: "{}", answer: "x", distractor: "" },
  { clean: "{A} met", corrupted: "{B} met", answer: "x|y", distractor: " " },
  { clean: "a ", corrupted: " b", answer: " c ", distractor: " d" },
  { clean: "", corrupted: "", answer: "", distractor: "" },
])("whatever is in a pair, its line says it: %j", (pair) => {
  expect(pairsOf(prompts({ mode: "lines", lines: linesOf([pair, pair]) }))).toEqual([pair, pair]);
});

test.each([
  [" Mary", "“Mary”"],
  [" are| were", "“are” or “were”"],
  ["42..99", "“42” to “99”"],
  ["7|10..12", "“7” or “10” to “12”"],
  ["|", "“|”"],
  ["", ""],
])("the answer %j is %s to read", (answer, words) => {
  expect(inQuotes(answer)).toBe(words);
});

test("a template without slots or fill-ins is the pair that it holds", () => {
  const plain = { clean: "a b", corrupted: "a c", answer: "x", distractor: "y" };
  expect(pairsOf(prompts({ mode: "template", ...plain }))).toEqual([plain]);
});

test.each([
  ["lines", { lines: "a|b\n".repeat(10_001) }, "There are 10001 pairs; a run takes at most 10000."],
  ["filled prompts", { fillings: `A=${"x".repeat(1000)}, B=y\n`.repeat(2000) }, "The pairs are longer than the 4000000 characters that a run takes."],
  ["one prompt", { clean: "{A}".repeat(1e5), fillings: `A=${"x".repeat(1e5)}` }, "The pairs are longer than the 4000000 characters that a run takes."],
] as const)("more %s than a run can have are refused before they are made", (_, changed, message) => {
  expect(() => pairsOf(prompts({ mode: "lines" in changed ? "lines" : "template", ...changed }))).toThrow(message);
});

test("a message repeats no more than the beginning of a long line", () => {
  const fillings = `A=Mary, ${"John".repeat(1e4)}`;
  expect(() => pairsOf(prompts({ mode: "template", fillings }))).toThrow(/: “(John){19}Joh…” does not say/);
});
