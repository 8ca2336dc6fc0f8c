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

test("warnings come by field, with what they suggest where one pair is meant", () => {
  const warnings = [
    { code: "answer", message: "write \" Mary\"", suggestion: " Mary" },
    { code: "tokenizer", message: "two beginnings" },
  ] as const;
  expect(warningNotes(warnings, settings)).toEqual({
    fields: { answer: [{ text: 'write " Mary"', suggestion: " Mary" }] },
    others: ["two beginnings"],
  });
  expect(warningNotes(warnings, { ...settings, mode: "lines" }).fields).toEqual({ lines: [{ text: 'write " Mary"' }] });
});
