import { expect, test } from "vitest";
import { align, shortened, visible } from "./tokens";

const tokens = (text: string) => text.split(" ").map((word) => ({ id: word.charCodeAt(0) * 256 + word.length, text: ` ${word}` }));
const ids = (column: { clean: { text: string } | null; corrupted: { text: string } | null }) =>
  [column.clean?.text ?? null, column.corrupted?.text ?? null];

test("prompts of one length are compared position by position", () => {
  const columns = align(tokens("a b c d"), tokens("a x c d"));
  expect(columns.map((c) => c.differs)).toEqual([false, true, false, false]);
});

test("prompts of two lengths are laid at their common beginning and end", () => {
  const columns = align(tokens("a b c d"), tokens("a x yy z c d"));
  expect(columns.map(ids)).toEqual([
    [" a", " a"],
    [" b", " x"],
    [null, " yy"],
    [null, " z"],
    [" c", " c"],
    [" d", " d"],
  ]);
});

test("repeated tokens are not counted twice", () => {
  const columns = align(tokens("a a"), tokens("a a a"));
  expect(columns).toHaveLength(3);
  expect(columns.filter((c) => c.differs)).toHaveLength(1);
});

test("white space is made visible", () => {
  expect(visible(" a\n\tb\r")).toBe("·a↵⇥b␍");
});

test("so is what cannot be seen at all, or turns the direction of what follows", () => {
  expect(visible("a\u00a0b\u200bc\u202ed\ufeff\u0007")).toBe("a⍽b[U+200B]c[U+202E]d[U+FEFF][U+0007]");
  expect(visible("a·b")).toBe("a[·]b");
  expect(visible("שלום 😀")).toBe("שלום·😀");
});

test("no letter is cut in two", () => {
  expect(shortened("😀".repeat(20), 12)).toBe(`${"😀".repeat(11)}…`);
  expect(shortened("abc", 3)).toBe("abc");
});
