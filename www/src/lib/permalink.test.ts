import { expect, test } from "vitest";
import { fromParams, toParams } from "./permalink";
import { BUNDLED_PRESETS } from "./presets";
import { settingsOf, viewOf } from "./settings";

const defaults = { settings: settingsOf(BUNDLED_PRESETS[0]), view: viewOf(BUNDLED_PRESETS[0]) };

test("what is shared comes back, prompts spelt out and other defaults not", () => {
  const shared = {
    model: "openai-community/gpt2@main",
    settings: {
      ...defaults.settings,
      mode: "template" as const,
      clean: "a {X} & b=c #1\n ü",
      fillings: "X=1\nX=2",
      metric: "kl" as const,
      layerNorm: "exact" as const,
      prependBos: false,
      position: 0,
      scope: "source" as const,
    },
    view: { ...defaults.view, src: { layer: 9, head: 11 }, dst: { layer: 10, head: 0 }, component: "v" as const, edges: 75, least: 0.25, pair: 1 },
  };
  const text = toParams(shared, defaults).toString();
  expect(fromParams(new URLSearchParams(text), defaults)).toEqual(shared);
  const plain = toParams(defaults, defaults);
  expect([...plain.keys()]).toEqual(["clean", "corrupted", "answer", "distractor", "metric", "src", "component"]);
  expect(fromParams(plain, defaults)).toEqual({ model: undefined, ...defaults });
});

test("what is not understood is passed over", () => {
  const params = new URLSearchParams("metric=toString&src=9&dst=x.1&component=z&edges=1e9&least=7&position=-1&pair=1.5&scope=&mode=two");
  expect(fromParams(params, defaults)).toEqual({ model: undefined, ...defaults });
});
