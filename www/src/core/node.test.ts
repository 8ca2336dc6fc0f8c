import { expect, test } from "vitest";
import { edgeKey, edgeLabel, headName, isReceiver, isSender, label, nodeName, parseEdge, parseName, rankOf } from "./node";

test.each([
  ["input", "input", null, null, null, "input"],
  ["a9.h6", "head", 9, 6, null, "head 9.6"],
  ["a10.h7<q>", "head", 10, 7, "q", "head 10.7 query"],
  ["m3", "mlp", 3, null, null, "MLP 3"],
  ["logits", "logits", null, null, null, "logits"],
] as const)("%s is read and said", (name, kind, layer, head, port, words) => {
  expect(parseName(name)).toEqual({ node: name.replace(/<.>/, ""), kind, layer, head, port });
  expect(label(name)).toBe(words);
});

test.each(["", "a9", "a9.h6<x>", "a09.h1", "m", "m03", "m-1", "m3<q>", "Input", "a9.h6 ", "toString", "a1.h123456"])(
  "“%s” is no name",
  (text) => {
    expect(parseName(text)).toBeNull();
    expect(() => nodeName(text)).toThrow(/^node: expected input, logits, an MLP/);
  },
);

test("what writes, and what reads", () => {
  const names = ["input", "a1.h0", "a1.h0<k>", "m1", "logits"].map(nodeName);
  expect(names.map(isSender)).toEqual([true, true, false, true, false]);
  expect(names.map(isReceiver)).toEqual([false, false, true, true, true]);
});

test("an edge has EAP-IG's name and one for people", () => {
  const edge = { from: "a9.h9", to: headName(10, 7, "q") };
  expect(edgeKey(edge)).toBe("a9.h9->a10.h7<q>");
  expect(parseEdge(edgeKey(edge))).toEqual(edge);
  expect(edgeLabel(edge)).toBe("9.9 → 10.7 query");
  expect(edgeLabel({ from: "input", to: "m0" })).toBe("input → MLP 0");
  for (const text of ["a9.h9", "a9.h9->a10.h7", "logits->m3", "m1->input", "a0.h0->m0->logits"]) expect(parseEdge(text)).toBeNull();
});

test("ranks rise from the input to the logits", () => {
  const names = ["input", "a0.h1", "m0", "a1.h0<v>", "m1", "logits"];
  expect(names.map((name) => rankOf(name, 2))).toEqual([0, 1, 2, 3, 4, 5]);
});
