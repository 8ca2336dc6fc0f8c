import { expect, test } from "vitest";
import { EXAMPLE } from "../lib/settings";
import { fieldOf, warningNotes } from "./notes";

const { settings } = EXAMPLE;

test("a code stands beside its field; what no field is to blame for beside none", () => {
  expect(fieldOf("answer", settings)).toBe("answer");
  expect(fieldOf("prompt-length", settings)).toBe("corrupted");
  expect(fieldOf("metric", settings)).toBe("metric");
  expect(fieldOf("metric", { ...settings, position: 3 })).toBe("position");
  expect(fieldOf("answer", { ...settings, mode: "lines" })).toBe("lines");
  expect(fieldOf("metric", { ...settings, mode: "lines" })).toBe("metric");
  for (const code of ["engine", "device", "io", "cancelled", "unsupported"] as const) {
    expect(fieldOf(code, settings)).toBeUndefined();
  }
});

test("warnings come by field, with what mends them where one pair is meant", () => {
  const warnings = [
    { code: "answer", message: "the answer lacks its space", suggestion: " Mary" },
    { code: "tokenizer", message: "two beginnings" },
  ] as const;
  expect(warningNotes(warnings, settings, [])).toEqual({
    fields: { answer: [{ text: "The answer lacks its space.", mends: [{ name: "Use “·Mary”", value: " Mary" }] }] },
    others: ["two beginnings"],
  });
  expect(warningNotes(warnings, { ...settings, mode: "lines" }, []).fields).toEqual({ lines: [{ text: "The answer lacks its space." }] });
});

test("the spaces of all rows are mended at once", () => {
  const pair = { clean: "gave it to", corrupted: "gave them to", answer: "Mary", distractor: " John" };
  const warning = { code: "answer", message: 'the answer "Mary" has no leading space, but inside a text this word is the token " Mary"' } as const;
  const { fields } = warningNotes([warning], { ...settings, mode: "lines" }, [pair]);
  expect(fields.lines?.[0]?.mends).toEqual([{ name: "Add the spaces", value: "gave it to|gave them to| Mary| John" }]);
});
