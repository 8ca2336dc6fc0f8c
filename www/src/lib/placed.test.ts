import { expect, test } from "vitest";
import { placed } from "./placed";

const tokens = (...texts: string[]) => texts.map((text, id) => ({ id, text }));
const shown = (prompt: string, texts: string[], hasStart = false) =>
  placed(tokens(...texts), prompt, hasStart).map(({ before, text, isWithin }) => `${before}|${isWithin ? "-" : ""}${text}`);

test("a tokenizer of whole words has its spaces between the tokens", () => {
  expect(shown("fox lamp , river", ["<|endoftext|>", "fox", "lamp", ",", "river"], true)).toEqual([
    "|<|endoftext|>",
    "|fox",
    " |lamp",
    " |,",
    " |river",
  ]);
});

test("a token's own space stands before it, and what goes on a word is told", () => {
  expect(shown("So Zebulonia met", ["So", " Zeb", "ul", "onia", " met"])).toEqual(["|So", " |Zeb", "|-ul", "|-onia", " |met"]);
  expect(shown("store, John", ["store", ",", " John"])).toEqual(["|store", "|,", " |John"]);
});

test("the beginning of the text is no part of the first word, and a prompt may say it itself", () => {
  expect(placed(tokens("<s>", "Hi"), "Hi", true).map(({ isStart, isWithin }) => [isStart, isWithin])).toEqual([[true, false], [false, false]]);
  expect(shown("<s>Hi", ["<s>", "Hi"], true)).toEqual(["|<s>", "|Hi"]);
});

test("line ends and lone spaces are to be seen", () => {
  expect(shown("a\nb  c", ["a", "\n", "b", " ", " c"])).toEqual(["|a", "|↵", "|b", "|·", " |c"]);
});

test("parts of a letter are the bytes that they are", () => {
  // 😀 is F0 9F 98 80.
  expect(shown("Hi 😀!", ["Hi", " \ufffd", "\ufffd", "\ufffd", "!"])).toEqual(["|Hi", " |<F0><9F>", "|-<98>", "|-<80>", "|!"]);
  expect(shown("😀😀", ["\ufffd", "\ufffd", "\ufffd", "\ufffd"])).toEqual(["|<F0><9F><98>", "|-<80>", "|-<F0><9F><98>", "|-<80>"]);
  // The next token's text stands among the letters as well.
  expect(shown("é é b", ["\ufffd", "\ufffd", " é", " b"])).toEqual(["|<C3>", "|-<A9>", " |é", " |b"]);
});

test("Hebrew and whole emoji stay as they are", () => {
  expect(shown("שלום 😀", ["שלום", " 😀"])).toEqual(["|שלום", " |😀"]);
});

test("where the tokenizer has changed the text, the tokens' own spaces count", () => {
  expect(shown("Ünder", ["un", "der"])).toEqual(["|un", " |der"]);
  expect(shown("FOX Lamp", ["fox", "lamp"])).toEqual(["|fox", " |lamp"]);
  expect(shown("a ﬁx", ["a", " fi", "x"])).toEqual(["|a", " |fi", "|-x"]);
});

test("many letters in parts take no longer than the reader has patience", () => {
  const prompt = `${"😀".repeat(300)} x`;
  const parts = Array.from({ length: 600 }, () => "\ufffd");
  const began = performance.now();
  expect(placed(tokens(...parts, " x"), prompt, false).at(1)?.text).toBe("<80>");
  // The prompt is of other letters than the tokens say.
  expect(placed(tokens(...parts, " y"), prompt, false).at(1)?.text).toBe("<?>");
  expect(performance.now() - began).toBeLessThan(500);
});
