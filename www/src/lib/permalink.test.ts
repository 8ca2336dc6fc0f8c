import { expect, test } from "vitest";
import { fromParams, toParams } from "./permalink";
import { EXAMPLE } from "./settings";

test("what is shared comes back, prompts spelt out and other defaults not", () => {
  const shared = {
    model: "openai-community/gpt2@main",
    settings: {
      ...EXAMPLE.settings,
      mode: "template" as const,
      clean: "a {X} & b=c #1\n ü",
      fillings: "X=1\nX=2",
      metric: "kl" as const,
      layerNorm: "exact" as const,
      prependBos: false,
      position: -2,
      scope: "source" as const,
    },
    view: { src: { layer: 9, head: 11 }, dst: { layer: 10, head: 0 }, component: "v" as const, edges: 75, least: 0.25, pair: 1 },
  };
  const text = toParams(shared, EXAMPLE).toString();
  expect(fromParams(new URLSearchParams(text), EXAMPLE)).toEqual(shared);
  const plain = toParams(EXAMPLE, EXAMPLE);
  expect([...plain.keys()]).toEqual(["clean", "corrupted", "answer", "distractor", "metric"]);
  expect(fromParams(plain, EXAMPLE)).toEqual({ model: undefined, ...EXAMPLE });
});

test.each([
  "metric=toString&mode=two&scope=&layerNorm=__proto__",
  "src=9&dst=x.1&component=z&src=1.2",
  "src=99999999999.0&dst=0.300",
  "edges=1e9&least=7&pair=1.5",
  "edges=3000&least=NaN&pair=-1",
  "edges=0x10&least=Infinity&pair=99999999999",
  "position=1.5",
  "position=9e99",
])("%s is passed over", (text) => {
  expect(fromParams(new URLSearchParams(text), EXAMPLE)).toEqual({ model: undefined, ...EXAMPLE });
});
