import { describe, expect, it } from "vitest";
import type { Token } from "../engine/types";
import type { ModelRef } from "./model-ref";
import { rolesOf } from "./roles";

const GPT2: ModelRef = { kind: "hub", repo: "openai-community/gpt2", revision: null };
const IOI_DEMO: ModelRef = { kind: "bundled", name: "ioi-demo" };
const YEARS_DEMO: ModelRef = { kind: "bundled", name: "years-demo" };

const ids = new Map<string, number>();
const token = (text: string): Token => {
  if (!ids.has(text)) ids.set(text, ids.size);
  return { id: ids.get(text)!, text };
};
/** Words with the space in front that GPT-2's tokens have. */
const tokens = (text: string, space = ""): Token[] => text.split(" ").map((each) => token(space + each));

type Pair = { clean: Token[]; answer: Token[]; distractor: Token[] };
const ask = (ref: ModelRef, ...pairs: Pair[]) => askAt(null, ref, ...pairs);

function askAt(position: number | null, ref: ModelRef, ...pairs: Pair[]) {
  const asked = pairs.map((pair) => ({ clean: "", corrupted: "", answer: "", distractor: "", tokens: { ...pair, corrupted: pair.clean } }));
  return rolesOf({ model: { ref, name: "a model", revision: null }, pairs: asked, settings: { position } });
}

const drink = { clean: tokens("When Mary and John went to the store , John gave a drink to", " "), answer: tokens("Mary", " "), distractor: tokens("John", " ") };
const list = { clean: tokens("fox lamp river piano river piano fox"), answer: tokens("lamp"), distractor: tokens("piano") };
const war = {
  clean: tokens("the war lasted from the year 17 41 to the year 17"),
  answer: ["42", "43", "99"].map(token),
  distractor: ["00", "41"].map(token),
};

describe("GPT-2 small on indirect objects", () => {
  it("has the 26 heads of Wang et al.", () => {
    const roles = ask(GPT2, drink)!;
    expect(roles.of.size).toBe(26);
    expect(roles.of.get("a9.h9")!.name).toBe("name mover");
    expect(roles.of.get("a8.h6")!.name).toBe("S-inhibition head");
    expect(roles.of.get("a10.h7")!.plural).toBe("negative name movers");
    expect(roles.of.get("a9.h1")).toBeUndefined();
    expect(roles.source.text).toBe("Wang et al. (2022)");
  });

  it("has none for another question", () => {
    expect(ask(GPT2, list)).toBeNull();
    expect(ask(GPT2, { ...drink, answer: drink.distractor, distractor: drink.answer })).toBeNull();
    expect(ask(GPT2, { ...drink, clean: drink.clean.slice(0, -1) })).toBeNull();
    expect(ask(GPT2, drink, list)).toBeNull();
    expect(ask(GPT2, { ...drink, answer: [], distractor: [] })).toBeNull();
  });

  it("has none where the metric does not read after the whole prompt", () => {
    expect(askAt(-2, GPT2, drink)).toBeNull();
    expect(askAt(7, GPT2, drink)).toBeNull();
    expect(askAt(-1, GPT2, drink)).not.toBeNull();
    expect(askAt(drink.clean.length - 1, GPT2, drink)).not.toBeNull();
  });

  it("says nothing of other models, of the same shape or not", () => {
    expect(ask({ kind: "files" }, drink)).toBeNull();
    expect(ask({ kind: "hub", repo: "openai-community/gpt2-medium", revision: null }, drink)).toBeNull();
    expect(ask({ kind: "address", url: "http://localhost/random-12x12" }, drink)).toBeNull();
    expect(ask(IOI_DEMO, drink)).toBeNull();
  });
});

describe("the bundled models", () => {
  it("ioi-demo: a previous-token head and four induction heads, where a word comes again", () => {
    const roles = ask(IOI_DEMO, list)!;
    expect(Object.fromEntries([...roles.of].map(([node, { name }]) => [node, name]))).toEqual({
      "a0.h3": "previous-token head",
      "a1.h0": "induction head",
      "a1.h1": "induction head",
      "a1.h2": "induction head",
      "a1.h3": "induction head",
    });
    expect(ask(IOI_DEMO, { ...list, answer: tokens("river") })).toBeNull();
    expect(ask(IOI_DEMO, { ...list, clean: list.clean.slice(1) })).toBeNull();
  });

  it("years-demo: heads and MLPs, where a later year is asked for", () => {
    expect(ask(YEARS_DEMO, war)!.of.get("m1")!.name).toBe("year-comparing MLP");
    expect(ask(YEARS_DEMO, { ...war, answer: ["40", "99"].map(token) })).toBeNull();
    expect(ask(YEARS_DEMO, { ...war, clean: tokens("the war lasted from the year 17 41") })).toBeNull();
  });
});
