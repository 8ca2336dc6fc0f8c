import { expect, test } from "vitest";
import { merged, placeOf, positionFor, positionIn } from "./merged";

const pair = (clean: string[], corrupted: string[]) => {
  const ids = new Map<string, number>();
  const token = (text: string) => ({ id: ids.get(text) ?? ids.set(text, ids.size).get(text)!, text });
  return { clean: clean.join(""), corrupted: corrupted.join(""), tokens: { clean: clean.map(token), corrupted: corrupted.map(token) } };
};
const shown = (clean: string[], corrupted: string[]) =>
  merged(pair(clean, corrupted), false)
    .map((column) => {
      const text = column.differs ? `${column.clean?.text ?? "∅"}/${column.corrupted?.text ?? "∅"}` : placeOf(column).text;
      return `${placeOf(column).before}${text}`;
    })
    .join("");

test("what prompts share stands once, and several differences where they are", () => {
  expect(shown(["When", " Mary", " and", " John", " met"], ["When", " Ann", " and", " Tom", " met"])).toBe("When Mary/Ann and John/Tom met");
});

test("words of other lengths and as many tokens stay in step", () => {
  expect(shown(["in", " New", " York", " we"], ["in", " Chic", "ago", " we"])).toBe("in New/Chic York/ago we");
});

test("where one prompt has more tokens, the gap stands at the difference", () => {
  expect(shown(["a", " b", " d"], ["a", " x", " yy", " d"])).toBe("a b/x ∅/yy d");
});

test("the place where the metric reads is the one that was pressed, in every pair", () => {
  expect(positionFor(13, 14, [14])).toBeNull();
  expect(positionFor(5, 14, [14, 14])).toBe(5);
  // The last but one of each.
  expect(positionFor(12, 14, [14, 16])).toBe(-2);
  for (const [position, at] of [[null, 13], [-1, 13], [-2, 12], [5, 5]] as const) expect(positionIn(position, 14)).toBe(at);
});
