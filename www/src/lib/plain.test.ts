import { expect, test } from "vitest";
import { plainly, sayUnknown, type Subject, unknownIn } from "./plain";

const said = (expected: string, got: string, subject: Subject = "corrupted prompt") =>
  plainly({ message: `${subject}: expected ${expected}, got ${got}`, what: subject, expected, got }, subject);

// As the engine says them: src/prompt.rs, src/question.rs, src/metric.rs.
test.each([
  ["at least 1 token", "none", "Write the corrupted prompt."],
  ["at most 32 tokens (the model's context)", "40", "It is 40 tokens long; this model reads 32 at most."],
  ["as many tokens as the clean prompt (14)", '15: " Zeb" "ul" is 2 tokens', "It is 15 tokens, the clean prompt 14 tokens. Both need as many."],
  ["a prompt that differs from the clean one", "the same tokens", "Both prompts are the same, so there is nothing to patch."],
  ["at least 5, where the prompts first differ (counted from 0, including a token added in front)", "3", "At token 3 both runs are still the same: the prompts first differ at token 5. Read there or later."],
  ["0 to 13 or -14 to -1 (the prompt has 14 tokens, including one added in front)", "20", "There is no token 20: the prompt has tokens 0 to 13."],
])("of a prompt: %s, %s", (expected, got, words) => {
  expect(said(expected, got)).toBe(words);
});

test.each([
  ["one token", "none", "Write the answer."],
  ["one token", '3: "Z" "eb" "ul"', "It falls into 3 tokens: “Z” “eb” “ul”. An answer is one token."],
  ["one token (metric logit-diff)", "none", "Write the answer: this metric compares two tokens."],
  ["one token (metric logit-diff)", "3; the metric prob-diff takes several", "3 tokens are given; this metric takes one. The probability of the answers less the distractors takes several."],
  ["at least one token (metric prob)", "none", "Write the answer: this metric needs it."],
  ["each token once", '" Mary" (id 5335) twice', "“·Mary” is given twice."],
  ["two numbers with the same number of digits, the smaller first, such as 42..99 or 00..41", "99 and 42", "A range is two numbers of as many digits, the smaller first, such as 42..99 or 00..41."],
])("of an answer: %s, %s", (expected, got, words) => {
  expect(said(expected, got, "answer")).toBe(words);
});

test("what no rule knows is left to the engine", () => {
  expect(said("something new", "something else")).toBeNull();
});

test("words that the vocabulary lacks are all told, in the letters that were typed", () => {
  const unknown = unknownIn({ message: "", expected: "words of this model's vocabulary", got: '"quokka", "a\\"b", "\\u{200b}"' });
  expect(unknown).toEqual({ words: ["quokka", 'a"b', "\u200b"], more: 0, areWords: true });
  expect(sayUnknown({ words: ["quokka"], more: 0, areWords: true }, 2565)).toBe("“quokka” is not among the 2,565 words of this model.");
  expect(sayUnknown({ words: ["a", "b", "c"], more: 0, areWords: true }, 565)).toBe("“a”, “b” and “c” are not among the 565 words of this model.");
  expect(sayUnknown({ words: ["a", "b"], more: 3, areWords: true }, 565)).toBe("“a”, “b” and 3 more are not among the 565 words of this model.");
  expect(sayUnknown({ words: ["é"], more: 0, areWords: false }, 565)).toBe("“é” cannot be written in this model’s tokens.");
  expect(unknownIn({ message: "", expected: "one token", got: "none" })).toBeNull();
});
