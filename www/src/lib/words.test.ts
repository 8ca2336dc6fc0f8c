import { expect, test } from "vitest";
import { placed } from "./placed";
import { alignWords, tellingWords, coreOf, replaceInPair, replaceWord, swapNames, withoutWord, withWord, wordsOf } from "./words";

/** Words from tokens with bars between them. */
const words = (text: string) => {
  const texts = text.split("|");
  return wordsOf(placed(texts.map((one, id) => ({ id, text: one })), texts.join(""), false));
};

test("a word is as many tokens as it falls into, its comma among them", () => {
  expect(words("When| Zeb|ul|onia|,| John")).toEqual([
    { text: "When", tokens: 1 },
    { text: "Zebulonia,", tokens: 4 },
    { text: "John", tokens: 1 },
  ]);
  expect(words("A:| W|\n|Q")).toEqual([
    { text: "A:", tokens: 1 },
    { text: "W", tokens: 1 },
    { text: "↵", tokens: 1 },
    { text: "Q", tokens: 1 },
  ]);
});

test("the beginning of the text is no word", () => {
  const tokens = ["<s>", "Hi", " you"].map((text, id) => ({ id, text }));
  expect(wordsOf(placed(tokens, "Hi you", true)).map(({ text }) => text)).toEqual(["Hi", "you"]);
});

test("words are laid beside each other, and those out of step are told", () => {
  const rows = alignWords(words("When| Mary| and| John| went"), words("When| Zeb|ul| and| John| went"));
  expect(rows.map(({ isEven }) => isEven)).toEqual([true, false, true, true, true]);
  const longer = alignWords(words("a| b| c| d"), words("a| x| b| c| d"));
  expect(longer.map(({ clean, corrupted }) => [clean?.text, corrupted?.text])).toEqual([
    ["a", "a"],
    [undefined, "x"],
    ["b", "b"],
    ["c", "c"],
    ["d", "d"],
  ]);
});

test("prompts of thousands of words are compared at once", () => {
  const long = (by: number) => Array.from({ length: 5000 }, (_, i) => ({ text: `w${(i * by) % 4999}`, tokens: 1 }));
  const began = performance.now();
  expect(alignWords(long(1), long(2)).length).toBeGreaterThanOrEqual(5000);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("a word is replaced where it stands by itself", () => {
  expect(replaceWord("Mary and Maryland, Mary", "Mary", "Ann")).toBe("Ann and Maryland, Ann");
  expect(replaceWord("a b", "", "x")).toBe("a b");
  expect(replaceWord("1+1 is 1+1", "1+1", "$&")).toBe("$& is $&");
  const pair = { clean: "Zeb met Jo", corrupted: "Jo met Zeb", answer: " Zeb", distractor: " Jo" };
  expect(replaceInPair(pair, "Zeb", "Al")).toEqual({ clean: "Al met Jo", corrupted: "Jo met Al", answer: " Al", distractor: " Jo" });
  expect(["store,", "“Mary’s”", ",", "isn't"].map(coreOf)).toEqual(["store", "Mary’s", "", "isn't"]);
});

test("names are swapped wherever they stand, or the reader is told why not", () => {
  const pair = { clean: "When Mary and John met, John told", corrupted: "", answer: " Mary", distractor: " John" };
  expect(swapNames(pair)).toEqual({ corrupted: "When John and Mary met, Mary told" });
  expect(swapNames({ ...pair, distractor: " Tom" })).toEqual({ why: "“Tom” is not in the clean prompt" });
  expect(swapNames({ ...pair, answer: "42..99", distractor: "00..41" })).toEqual({ why: "it takes one answer and one distractor that are words" });
  expect(swapNames({ ...pair, answer: "John" })).toEqual({ why: "answer and distractor are the same" });
});

test("a word goes, or comes, at its place alone", () => {
  expect(withoutWord("fox a fox b", 2, "fox")).toBe("fox a b");
  expect(withoutWord("fox a fox", 2, "fox")).toBe("fox a");
  expect(withoutWord("fox a fox", 0, "fox")).toBe("a fox");
  expect(withoutWord("fox a fox", 1, "fox")).toBeNull();
  expect(withWord("fox b", 1, "a")).toBe("fox a b");
  expect(withWord("fox b", 2, "c")).toBe("fox b c");
  expect(withWord("", 0, "c")).toBe("c");
});

test("in little room the words that differ are shown, and some beside them", () => {
  const shown = (clean: string, corrupted: string) => {
    const words = (text: string) => text.split(" ").map((text) => ({ text, tokens: 1 }));
    const rows = alignWords(words(clean), words(corrupted));
    const isTelling = tellingWords(rows);
    return rows.map(({ clean }, i) => (isTelling[i] ? clean?.text : "…")).join(" ");
  };
  const ioi = (name: string) => `When Mary and John went to the store , ${name} gave a drink to`;
  expect(shown(ioi("John"), ioi("Mary"))).toBe("… … … … … … … store , John gave a drink to");
  // Short ones, and those that do not differ, are shown whole.
  expect(shown("fox lamp fox", "dragon lamp fox")).toBe("fox lamp fox");
  expect(shown(ioi("John"), ioi("John"))).toBe(ioi("John"));
});
