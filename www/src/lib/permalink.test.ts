import { expect, test } from "vitest";
import { fromParams, toParams } from "./permalink";
import { EXAMPLE, FIRST_LOOK } from "./settings";

const read = (text: string) => fromParams(new URLSearchParams(text), EXAMPLE);
/** What a link that says nothing of it means. */
const FROZEN = { ...EXAMPLE, settings: { ...EXAMPLE.settings, layerNorm: "frozen" as const } };

test("what is shared comes back, prompts spelt out and other defaults not", () => {
  const shared = {
    model: "openai-community/gpt2@main",
    settings: {
      ...EXAMPLE.settings,
      mode: "template" as const,
      clean: "a {X} & b=c #1\n ü",
      fillings: "X=1\nX=2",
      metric: "kl" as const,
      direction: "noise" as const,
      patch: "mean" as const,
      prependBos: false,
      position: -2,
      scope: "strongest" as const,
      strongest: 77,
    },
    view: { from: "a9.h11", to: "a10.h0<v>", port: null, node: "a9.h11", edges: 75, least: 0.25, pair: 1, show: "grids" as const },
  };
  expect(read(toParams(shared, EXAMPLE).toString())).toEqual(shared);
  const open = { ...shared, view: { ...FIRST_LOOK, to: "m3", port: "q" as const } };
  expect(read(toParams(open, EXAMPLE).toString())).toEqual(open);
  const plain = toParams(EXAMPLE, EXAMPLE);
  expect([...plain.keys()]).toEqual(["clean", "corrupted", "answer", "distractor", "metric", "layerNorm"]);
  expect(fromParams(plain, EXAMPLE)).toEqual({ model: undefined, ...EXAMPLE });
});

test("a link carries the pairs that it asks about, and no others", () => {
  const settings = { ...EXAMPLE.settings, lines: "a|b|c|d", fillings: "A=x" };
  const keys = (mode: "one" | "lines" | "template") =>
    [...toParams({ settings: { ...settings, mode }, view: FIRST_LOOK }, EXAMPLE).keys()].filter((key) => key === "lines" || key === "fillings");
  expect([keys("one"), keys("lines"), keys("template")]).toEqual([[], ["lines"], ["fillings"]]);
});

test("an address that says nothing is the example; one from before says what it said", () => {
  expect(read("")).toEqual({ model: undefined, ...EXAMPLE });
  expect(read("model=years-demo").settings.layerNorm).toBe("exact");
  expect(read("clean=a&corrupted=b").settings).toMatchObject({ layerNorm: "frozen", direction: "denoise", patch: "resample" });
  expect([...toParams(FROZEN, EXAMPLE).keys()]).not.toContain("layerNorm");
});

test.each([
  ["src=9.6&dst=10.7&component=q", { from: "a9.h6", to: "a10.h7<q>" }],
  ["src=9.6&dst=10.7", { from: "a9.h6", to: "a10.h7" }],
  ["src=0.3", { from: "a0.h3" }],
  ["dst=1.0", { to: "a1.h0" }],
  ["component=k", { port: "k" }],
  ["src=0.3&component=k", { from: "a0.h3", port: "k" }],
  ["src=0.3&from=m1&dst=1.2&to=logits", { from: "m1", to: "logits" }],
])("%s of an old link is read", (text, view) => {
  expect(read(text).view).toEqual({ ...FIRST_LOOK, ...view });
});

test.each([
  "metric=toString&mode=two&scope=&layerNorm=__proto__&direction=up&patch=constructor&strongest=0",
  "src=9&dst=x.1&component=z&src=1.2",
  "src=99999999999.0&dst=0.3000",
  "from=logits&to=input&node=a1.h2<q>&port=x",
  "from=a1.h2<q>&to=a1&node=9.6",
  "edges=1e9&least=7&pair=1.5",
  "edges=3000&least=NaN&pair=-1",
  "edges=0x10&least=Infinity&pair=99999999999",
  "position=1.5",
  "position=9e99",
])("%s is passed over", (text) => {
  expect(read(text)).toEqual({ model: undefined, ...EXAMPLE });
});
