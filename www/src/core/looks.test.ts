import { describe, expect, it } from "vitest";
import type { EdgeDetail, Token } from "../engine/types";
import { looksOf } from "./looks";

const tokens = (text: string): Token[] => text.split(" ").map((each, id) => ({ id, text: each }));
const BOTH = { clean: tokens("<|endoftext|> fox lamp crown fox"), corrupted: tokens("<|endoftext|> dragon lamp crown fox") };
const DENOISE = { direction: "denoise" } as const;

/** A pattern in which every token looks at itself, but for the last. */
function pattern(last: number[]): number[] {
  const n = last.length;
  return Array.from({ length: n * n }, (_, i) => {
    const [query, key] = [Math.floor(i / n), i % n];
    return query === n - 1 ? last[key]! : query === key ? 1 : 0;
  });
}

const head = (clean: number[], corrupted: number[]) => ({
  pattern: { clean: pattern(clean), corrupted: pattern(corrupted) },
  attribution: { clean: [], corrupted: [] },
});

function detail(change: Partial<EdgeDetail>): EdgeDetail {
  const bare = { src: null, dst: null, patched: [], added: [0, 0, 1, 0, 0], length: [1, 1, 1, 1, 1], value: 1, moved: [], tokens: [], warnings: [] };
  return { ...bare, metric: { clean: 1, corrupted: 0 }, ...change };
}

const AT_LAMP = [0, 0, 0.9, 0.1, 0];
const AT_CROWN = [0, 0, 0.1, 0.9, 0];

describe("where a head looks", () => {
  it("before, after and in the other run, with the two tokens that change most marked", () => {
    const looks = looksOf({ from: "a0.h3", to: "a1.h3<k>" }, DENOISE, detail({ dst: head(AT_LAMP, AT_CROWN), patched: pattern([0, 0, 0.7, 0.3, 0]) }), BOTH, 4)!;
    expect([looks.title, looks.about]).toEqual(["Where 1.3 looks", "from “fox”, in percent"]);
    expect(looks.rows.map(({ name, run, shares }) => [name, run, shares])).toEqual([
      ["before", "corrupted", AT_CROWN],
      ["after", "patched", [0, 0, 0.7, 0.3, 0]],
      ["clean", "clean", AT_LAMP],
    ]);
    expect(looks.columns.map(({ text }) => text)).toEqual(["⟨start⟩", "dragon/fox", "lamp", "crown", "fox"]);
    expect(looks.columns.filter(({ isMarked }) => isMarked).map(({ text }) => text)).toEqual(["lamp", "crown"]);
    expect(looks.columns.findIndex(({ isFrom }) => isFrom)).toBe(4);
  });

  it("a value moves no attention, and the sender's is shown where the receiver is no head", () => {
    const value = looksOf({ from: "input", to: "a1.h3<v>" }, { direction: "noise" }, detail({ dst: head(AT_LAMP, AT_CROWN), patched: pattern(AT_LAMP) }), BOTH, 4)!;
    expect(value.rows.map(({ name }) => name)).toEqual(["clean", "corrupted"]);
    // What is changed is read at “lamp” alone, so the metric's position has most of it to tell.
    expect(value.about).toBe("from the second “fox”, in percent");
    const sender = looksOf({ from: "a1.h3", to: "logits" }, DENOISE, detail({ src: head(AT_LAMP, AT_CROWN) }), BOTH, 4)!;
    expect([sender.title, sender.about]).toEqual(["Where 1.3 looks", "from “fox”, in percent"]);
    // An MLP reads at every token; here something else at “lamp”.
    const mlp = looksOf({ from: "a1.h3", to: "m1" }, DENOISE, detail({ src: head(AT_LAMP, AT_CROWN) }), BOTH, 4)!;
    expect(mlp.about).toBe("from “lamp”, in percent");
  });

  it("is told by what changes where no head is on the path", () => {
    const looks = looksOf({ from: "input", to: "m0" }, DENOISE, detail({ added: [0, 1.2, 0.1, 0, 0] }), BOTH, 4)!;
    expect([looks.title, looks.about]).toEqual(["Change of what MLP 0 reads", "in % of its length"]);
    expect(looks.rows).toEqual([{ name: "patched", run: "patched", shares: [0, 1.2, 0.1, 0, 0], rest: 0 }]);
    expect(looksOf({ from: "m0", to: "logits" }, DENOISE, detail({}), BOTH, 4)).toBeNull();
  });
});

it("of a long prompt the tokens that matter have a column, and all others one together", () => {
  const n = 200;
  const long = Array.from({ length: n }, (_, id) => ({ id, text: `w${id}` }));
  const at = (places: Record<number, number>) => Array.from({ length: n }, (_, key) => places[key] ?? 0.001);
  const dst = head(at({ 7: 0.5, 150: 0.2 }), at({ 30: 0.6 }));
  const looks = looksOf({ from: "a0.h0", to: "a1.h0<q>" }, DENOISE, detail({ dst, patched: pattern(at({ 7: 0.4 })), added: long.map(() => 1), length: long.map(() => 1) }), { clean: long, corrupted: long }, n - 1)!;
  expect(looks.columns.length).toBeLessThan(20);
  expect(looks.others).toBe(n - looks.columns.length);
  const kept = looks.columns.map(({ position }) => position);
  for (const position of [7, 30, 150, 199]) expect(kept).toContain(position);
  expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  expect(looks.rows[0]!.rest).toBeCloseTo(0.001 * looks.others);
});
