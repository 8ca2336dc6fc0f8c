import { expect, test } from "vitest";
import { answered, pairsIn, switched, withCell, withoutRow, withRows } from "./batch";
import { linesOf, type Pair, type Prompts } from "./pairs";

const pair = (name: string): Pair => ({ clean: `${name} met`, corrupted: `no ${name}`, answer: ` ${name}`, distractor: " x" });
const one: Prompts = { mode: "one", ...pair("Ann"), lines: "", fillings: "" };
const after = (prompts: Prompts, mode: Prompts["mode"], at = 0): [Prompts, number] => {
  const { change, pair } = switched(prompts, mode, at);
  return [{ ...prompts, ...change }, pair];
};

test("one pair goes along into the batch, and the one that is looked at comes back", () => {
  const [lines, at] = after(one, "lines");
  expect([pairsIn(lines), at]).toEqual([[pair("Ann")], 0]);
  const two = { ...lines, ...withRows(pairsIn(lines), 0, [pair("Ben")]) };
  const [back] = after(two, "one", 1);
  expect(pairsIn(back)).toEqual([pair("Ben")]);
  // The batch is where it was, with the same pair looked at.
  const [again, there] = after(back, "lines");
  expect([pairsIn(again), there]).toEqual([[pair("Ann"), pair("Ben")], 1]);
});

test("another pair is added to the batch that was left", () => {
  const [lines, at] = after({ ...one, lines: linesOf([pair("Ben")]) }, "lines");
  expect([pairsIn(lines), at]).toEqual([[pair("Ben"), pair("Ann")], 1]);
  // An empty form brings nothing along.
  const empty = { ...one, clean: "", corrupted: "", answer: "", distractor: "", lines: linesOf([pair("Ben")]) };
  expect(pairsIn(after(empty, "lines")[0])).toEqual([pair("Ben")]);
});

test("lines that cannot be read are left to be mended", () => {
  expect(after({ ...one, lines: "a" }, "lines")[0]).toMatchObject({ mode: "lines", lines: "a" });
});

test("a template becomes rows, and one of its pairs the only one", () => {
  const template: Prompts = { ...one, mode: "template", clean: "{A} met", corrupted: "no {A}", answer: " {A}", fillings: "A=Ann\nA=Ben" };
  expect(pairsIn(after(template, "lines")[0])).toEqual([pair("Ann"), pair("Ben")]);
  expect(pairsIn(after(template, "one", 1)[0])).toEqual([pair("Ben")]);
  // Without a line for its slots there is nothing to make of it.
  expect(after({ ...template, fillings: "" }, "lines")[0]).toMatchObject({ mode: "lines", lines: "" });
});

test("a row of the batch is the template to begin with", () => {
  const batch: Prompts = { ...one, mode: "lines", lines: linesOf([pair("Ann"), pair("Ben")]) };
  expect(after(batch, "template", 1)[0]).toMatchObject({ mode: "template", ...pair("Ben"), lines: batch.lines });
});

test("cells and rows change one at a time", () => {
  const rows = [pair("Ann"), pair("Ben")];
  const read = (change: Partial<Prompts>) => pairsIn({ ...one, ...change });
  expect(read(withCell(rows, 1, "answer", " Bo"))).toEqual([rows[0], { ...rows[1], answer: " Bo" }]);
  expect(read(withoutRow(rows, 0))).toEqual([rows[1]]);
  expect(read(withRows(rows, 0, [pair("Al")]))).toEqual([rows[0], pair("Al"), rows[1]]);
  const empty = { clean: "", corrupted: "", answer: "", distractor: "" };
  expect(read(withRows([empty], 0, [pair("Al")]))).toEqual([pair("Al")]);
});

test("a token becomes the answer of its own pair: of a template's, in the rows that it makes", () => {
  expect(answered(one, 0, "answer", " Bo", false)).toEqual({ answer: " Bo" });
  expect(answered(one, 0, "distractor", " Bo", true)).toEqual({ distractor: " x| Bo" });
  const template: Prompts = { ...one, mode: "template", clean: "{A} met", corrupted: "no {A}", answer: " {A}", fillings: "A=Ann\nA=Ben" };
  const change = answered(template, 1, "answer", " Bo", false);
  expect(pairsIn({ ...template, ...change })).toEqual([pair("Ann"), { ...pair("Ben"), answer: " Bo" }]);
  // Rows that cannot be read are left to be mended.
  expect(answered({ ...one, mode: "lines", lines: "a" }, 0, "answer", " Bo", false)).toEqual({});
  expect(answered({ ...template, fillings: "" }, 0, "answer", " Bo", false)).toEqual({});
});
