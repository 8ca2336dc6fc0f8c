import { describe, expect, it } from "vitest";
import { type EdgeFilter, edgeFilter } from "./edge-filter";
import { edgeKey } from "./node";

const EDGES = [
  { from: "input", to: "a0.h3<v>" },
  { from: "a0.h3", to: "a1.h3<k>" },
  { from: "a0.h3", to: "a1.h3<q>" },
  { from: "a1.h3", to: "m1" },
  { from: "a1.h2", to: "logits" },
  { from: "m1", to: "a2.h3<v>" },
  { from: "m2", to: "logits" },
];

function fitsEdge({ from, to, either }: EdgeFilter, edge: (typeof EDGES)[number]): boolean {
  if (either) return either(edge.from) || either(edge.to);
  return (!from || from(edge.from)) && (!to || to(edge.to));
}

const found = (text: string) => {
  const filter = edgeFilter(text);
  return filter && EDGES.filter((edge) => fitsEdge(filter, edge)).map(edgeKey);
};
const says = (text: string) => edgeFilter(text)?.says;

describe("edges by what people write", () => {
  it.each(["1.3", "L1H3", "a1.h3", "l1.3", "head 1.3", "1.h3"])("%s is a head at either end", (text) => {
    expect(found(text)).toEqual(["a0.h3->a1.h3<k>", "a0.h3->a1.h3<q>", "a1.h3->m1"]);
    expect(says(text)).toBe("edges from or into head 1.3");
  });

  it.each(["0.3 > 1.3", "0.3 1.3", "a0.h3->a1.h3", "0.3 → 1.3", "L0H3 to L1H3", "from 0.3 into 1.3", "0.3, 1.3"])("%s is from one to the other", (text) => {
    expect(found(text)).toEqual(["a0.h3->a1.h3<k>", "a0.h3->a1.h3<q>"]);
    expect(says(text)).toBe("edges from head 0.3 into head 1.3");
  });

  it.each(["0.3 > 1.3 key", "0.3 1.3 k", "a0.h3->a1.h3<k>", "0.3 to the key of 1.3", "0.3 > 1.3's key"])("%s is one edge", (text) => {
    expect(found(text)).toEqual(["a0.h3->a1.h3<k>"]);
    expect(says(text)).toBe("edges from head 0.3 into the key of head 1.3");
  });

  it("an input of any head, or of one", () => {
    expect(found("key")).toEqual(["a0.h3->a1.h3<k>"]);
    expect(says("values")).toBe("edges into the value of any head");
    expect(found("1.3 query")).toEqual(["a0.h3->a1.h3<q>"]);
    expect(found("m1 > value")).toEqual(["m1->a2.h3<v>"]);
  });

  it("layers, MLPs, input and logits", () => {
    for (const text of ["1.", "L1", "layer 1"]) expect(found(text)).toHaveLength(4);
    for (const text of ["m1", "mlp1", "MLP 1"]) expect(found(text)).toEqual(["a1.h3->m1", "m1->a2.h3<v>"]);
    expect(found("mlps")).toHaveLength(3);
    expect(found("heads > logits")).toEqual(["a1.h2->logits"]);
    expect(found("input")).toEqual(["input->a0.h3<v>"]);
    expect(says("mlp > logits")).toBe("edges from any MLP into the logits");
  });

  it("one end alone", () => {
    expect(found("> 1.3")).toEqual(["a0.h3->a1.h3<k>", "a0.h3->a1.h3<q>"]);
    expect(found("into 1.3")).toEqual(found("> 1.3"));
    expect(found("1.3 >")).toEqual(["a1.h3->m1"]);
    expect(found("from 1.3")).toEqual(found("1.3 >"));
  });

  it("the wrong way round finds nothing, and is understood", () => {
    expect(found("1.3 0.3")).toEqual([]);
  });

  it.each(["", "fox", "0.3 > fox", "0.3 1.3 2.3", "0.3 > 1.3 > 2.3", "key > 1.3", ">", "1.3 key value", "constructor"])("%j is not understood", (text) => {
    expect(edgeFilter(text)).toBe(null);
  });
});
