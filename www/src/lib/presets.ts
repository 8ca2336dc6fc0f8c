// Prompts to start from: those of the bundled model's small world, and the well-known tasks of GPT-2.

import type { Component, Config, Metric } from "../engine/types";

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
  /** The work that the task is known from. */
  source: { text: string; url: string };
}

type Presets = [Preset, ...Preset[]];

const ALWAYS = { prependBos: true } as const;
const INDUCTION_HEADS = {
  text: "Olsson et al., In-context Learning and Induction Heads (2022)",
  url: "https://arxiv.org/abs/2209.11895",
};
const INDIRECT_OBJECT = {
  text: "Wang et al., Interpretability in the Wild (2022)",
  url: "https://arxiv.org/abs/2211.00593",
};

export const BUNDLED_PRESETS: Presets = [
  {
    name: "Induction: fox, lamp, … fox",
    clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    answer: "lamp",
    distractor: "spoon",
    srcLayer: 0,
    srcHead: 3,
    component: "k",
    metric: "normalized-logit-diff",
    source: INDUCTION_HEADS,
    ...ALWAYS,
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
    source: INDIRECT_OBJECT,
    ...ALWAYS,
  },
];

/** For models with GPT-2's tokenizer. The source heads are places to begin from in GPT-2 small. */
export const GPT2_PRESETS: Presets = [
  {
    name: "Indirect object: Mary and John",
    clean: "When Mary and John went to the store, John gave a drink to",
    corrupted: "When Mary and John went to the store, Mary gave a drink to",
    answer: " Mary",
    distractor: " John",
    srcLayer: 8,
    srcHead: 6,
    component: "q",
    metric: "logit-diff",
    source: INDIRECT_OBJECT,
    ...ALWAYS,
  },
  {
    name: "Induction: a list that repeats",
    clean: "The words are fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    corrupted: "The words are dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    answer: " lamp",
    distractor: " spoon",
    srcLayer: 4,
    srcHead: 11,
    component: "k",
    metric: "logit-diff",
    source: INDUCTION_HEADS,
    ...ALWAYS,
  },
  {
    name: "Greater than: a war that ends later",
    clean: "The war lasted from the year 1741 to the year 17",
    corrupted: "The war lasted from the year 1711 to the year 17",
    answer: "50",
    distractor: "30",
    srcLayer: 5,
    srcHead: 5,
    component: "v",
    metric: "logit-diff",
    source: {
      text: "Hanna et al., How does GPT-2 compute greater-than? (2023)",
      url: "https://arxiv.org/abs/2305.00586",
    },
    ...ALWAYS,
  },
  {
    name: "Gendered pronoun: Sarah and Evan",
    clean: "So Sarah is a really great friend, isn't",
    corrupted: "So Evan is a really great friend, isn't",
    answer: " she",
    distractor: " he",
    srcLayer: 4,
    srcHead: 3,
    component: "v",
    metric: "logit-diff",
    source: {
      text: "Conmy et al., Towards Automated Circuit Discovery (2023), after Mathwin et al.",
      url: "https://arxiv.org/abs/2304.14997",
    },
    ...ALWAYS,
  },
  {
    name: "Country and capital: Poland and Spain",
    clean: "Q: What is the capital of Poland?\nA: Warsaw\nQ: What is the capital of France?\nA:",
    corrupted: "Q: What is the capital of Poland?\nA: Warsaw\nQ: What is the capital of Spain?\nA:",
    answer: " Paris",
    distractor: " Madrid",
    srcLayer: 5,
    srcHead: 1,
    component: "v",
    metric: "logit-diff",
    source: {
      text: "Merullo et al., Language Models Implement Simple Word2Vec-style Vector Arithmetic (2023)",
      url: "https://arxiv.org/abs/2305.16130",
    },
    ...ALWAYS,
  },
  {
    name: "Subject and verb: keys to the cabinet",
    clean: "The keys to the cabinet",
    corrupted: "The key to the cabinet",
    answer: " are",
    distractor: " is",
    srcLayer: 3,
    srcHead: 0,
    component: "k",
    metric: "logit-diff",
    source: {
      text: "Finlayson et al., Causal Analysis of Syntactic Agreement Mechanisms in Neural Language Models (2021)",
      url: "https://arxiv.org/abs/2106.06087",
    },
    ...ALWAYS,
  },
];

/** Tokens of GPT-2's vocabulary. */
const GPT2_VOCABULARY = 50257;

/** The prompts that fit a model's vocabulary, each with a source head that it has. */
export function presetsFor({ d_vocab, n_layers, n_heads }: Config): Presets {
  if (d_vocab !== GPT2_VOCABULARY) return BUNDLED_PRESETS;
  const fit = (preset: Preset): Preset => ({
    ...preset,
    srcLayer: Math.min(preset.srcLayer, Math.max(0, n_layers - 2)),
    srcHead: Math.min(preset.srcHead, n_heads - 1),
  });
  const [first, ...rest] = GPT2_PRESETS;
  return [fit(first), ...rest.map(fit)];
}
