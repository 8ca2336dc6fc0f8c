import { expect, test } from "vitest";
import type { AskedPair } from "../core/request";
import { taskOf } from "./task";

const ids = new Map<string, number>();
const token = (text: string) => ({ id: ids.get(text) ?? ids.set(text, ids.size).get(text)!, text });
/** A pair whose tokens are words, each with the space before it. */
function pair(clean: string, corrupted: string, answer: string[], distractor: string[]): AskedPair {
  const words = (text: string) => text.split(/(?= )/).map(token);
  return { clean, corrupted, answer: "", distractor: "", tokens: { clean: words(clean), corrupted: words(corrupted), answer: answer.map(token), distractor: distractor.map(token) } };
}
const taskAtEnd = (of: AskedPair) => taskOf(of, of.tokens.clean.length - 1);

test("a word that comes back is induction, with the word that followed it", () => {
  const at = pair("a fox lamp cloud fox", "a cat lamp cloud fox", [" lamp"], []);
  expect(taskAtEnd(at)).toEqual({ kind: "induction", repeated: "fox", answer: "lamp", instead: "cat" });
  // Another answer than what followed is no copy.
  expect(taskAtEnd(pair("a fox lamp cloud fox", "a cat lamp cloud fox", [" cloud"], [])).kind).toBe("other");
});

test("a name that comes twice is an indirect object, whichever names", () => {
  const at = (twice: string, once: string, answer: string, other: string) =>
    taskAtEnd(pair(`When Ann and Bob left, ${twice} gave it to`, `When Ann and Bob left, ${once} gave it to`, [answer], [other]));
  expect(at("Bob", "Ann", " Ann", " Bob")).toEqual({ kind: "indirect-object", other: "Ann", twice: "Bob" });
  expect(at("Bob", "Tim", " Ann", " Bob").kind).toBe("other");
  expect(at("Bob", "Ann", " Bob", " Ann").kind).toBe("other");
});

test("a number with answers above it is greater-than", () => {
  const at = (answers: string[]) => taskAtEnd(pair("from 17 41 to 17", "from 17 01 to 17", answers, [" 01"]));
  expect(at([" 42", " 43"])).toEqual({ kind: "greater-than", number: "41", instead: "01" });
  expect(at([" 40", " 43"]).kind).toBe("other");
  expect(at([" more", " less"]).kind).toBe("other");
});

test("only a word that comes back is told of a place within the prompt", () => {
  const name = pair("When Ann and Bob left, Bob gave it to", "When Ann and Bob left, Ann gave it to", [" Ann"], [" Bob"]);
  const number = pair("from 17 41 to 17", "from 17 01 to 17", [" 42", " 43"], [" 01"]);
  for (const one of [name, number]) expect(taskOf(one, one.tokens.clean.length - 2).kind).toBe("other");
  const word = pair("a fox lamp cloud fox end", "a cat lamp cloud fox end", [" lamp"], []);
  expect(taskOf(word, 4).kind).toBe("induction");
});
