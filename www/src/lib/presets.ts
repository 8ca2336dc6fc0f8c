// Prompts to start from, for the bundled model.

import type { Component, Metric } from "../engine/types";

/** Everything that a run needs but the model. */
export interface Settings {
  clean: string;
  corrupted: string;
  answer: string;
  distractor: string;
  srcLayer: number;
  srcHead: number;
  component: Component;
  metric: Metric;
  prependBos: boolean;
}

export interface Preset extends Settings {
  name: string;
}

export const BUNDLED_MODEL = { name: "ioi-demo", url: "./models/ioi-demo" };

const PREVIOUS_TOKEN_HEAD = { srcLayer: 0, srcHead: 3 };

export const PRESETS: [Preset, ...Preset[]] = [
  {
    name: "Induction: fox, lamp, … fox",
    clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    answer: "lamp",
    distractor: "spoon",
    ...PREVIOUS_TOKEN_HEAD,
    component: "k",
    metric: "normalized-logit-diff",
    prependBos: true,
  },
  {
    name: "Indirect object: Mary and John",
    clean: "When Mary and John went to the store , John gave a book to",
    corrupted: "When Mary and John went to the store , Mary gave a book to",
    answer: "Mary",
    distractor: "John",
    srcLayer: 1,
    srcHead: 0,
    component: "q",
    metric: "logit-diff",
    prependBos: true,
  },
];
