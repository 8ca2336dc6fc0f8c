// Prompts to start from: those of the bundled model's small world, and the well-known tasks of GPT-2. Where to look
// first is the run's to say: at its strongest edge.

import type { Config } from "../engine/types";
import { INDUCTION, INDUCTION_HEADS } from "./induction";
import type { Preset } from "./preset";

type Presets = [Preset, ...Preset[]];

const INDIRECT_OBJECT = {
  text: "Wang et al., Interpretability in the Wild (2022)",
  url: "https://arxiv.org/abs/2211.00593",
};

const BUNDLED_PRESETS: Presets = [
  INDUCTION,
  {
    name: "Indirect object: Mary and John",
    clean: "When Mary and John went to the store , John gave a book to",
    corrupted: "When Mary and John went to the store , Mary gave a book to",
    answer: "Mary",
    distractor: "John",
    metric: "logit-diff",
    source: INDIRECT_OBJECT,
  },
];

/** For models with GPT-2's tokenizer. */
export const GPT2_PRESETS: Presets = [
  {
    name: "Indirect object: Mary and John",
    clean: "When Mary and John went to the store, John gave a drink to",
    corrupted: "When Mary and John went to the store, Mary gave a drink to",
    answer: " Mary",
    distractor: " John",
    metric: "logit-diff",
    source: INDIRECT_OBJECT,
  },
  {
    name: "Induction: a list that repeats",
    clean: "The words are fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    corrupted: "The words are dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    answer: " lamp",
    distractor: " spoon",
    metric: "logit-diff",
    source: INDUCTION_HEADS,
  },
  {
    name: "Greater than: a war that ends later",
    clean: "The war lasted from the year 1741 to the year 17",
    corrupted: "The war lasted from the year 1701 to the year 17",
    answer: "42..99",
    distractor: "00..41",
    metric: "prob-diff",
    source: {
      text: "Hanna et al., How does GPT-2 compute greater-than? (2023)",
      url: "https://arxiv.org/abs/2305.00586",
    },
  },
  {
    name: "Gendered pronoun: Sarah and Evan",
    clean: "So Sarah is a really great friend, isn't",
    corrupted: "So Evan is a really great friend, isn't",
    answer: " she",
    distractor: " he",
    metric: "logit-diff",
    source: {
      text: "Conmy et al., Towards Automated Circuit Discovery (2023), after Mathwin et al.",
      url: "https://arxiv.org/abs/2304.14997",
    },
  },
  {
    name: "Country and capital: Poland and Spain",
    clean: "Q: What is the capital of Poland?\nA: Warsaw\nQ: What is the capital of France?\nA:",
    corrupted: "Q: What is the capital of Poland?\nA: Warsaw\nQ: What is the capital of Spain?\nA:",
    answer: " Paris",
    distractor: " Madrid",
    metric: "logit-diff",
    source: {
      text: "Merullo et al., Language Models Implement Simple Word2Vec-style Vector Arithmetic (2023)",
      url: "https://arxiv.org/abs/2305.16130",
    },
  },
  {
    name: "Subject and verb: keys to the cabinet",
    clean: "The keys to the cabinet",
    corrupted: "The key to the cabinet",
    answer: " are",
    distractor: " is",
    metric: "logit-diff",
    source: {
      text: "Finlayson et al., Causal Analysis of Syntactic Agreement Mechanisms in Neural Language Models (2021)",
      url: "https://arxiv.org/abs/2106.06087",
    },
  },
];

/** Tokens of GPT-2's vocabulary. */
const GPT2_VOCABULARY = 50257;

/** The prompts that fit a model's vocabulary. */
export const presetsFor = ({ d_vocab }: Pick<Config, "d_vocab">): Presets =>
  d_vocab === GPT2_VOCABULARY ? GPT2_PRESETS : BUNDLED_PRESETS;
