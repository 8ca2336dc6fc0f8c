// Prompts to start from: those of each bundled model's small world, and the well-known tasks of GPT-2. Where to look
// first is the run's to say: at its strongest edge.

import type { BundledName, ModelRef } from "../core/model-ref";
import type { Config } from "../engine/types";
import { GREATER_THAN, GREATER_THAN_SOURCE } from "./greater-than";
import { INDUCTION, INDUCTION_HEADS } from "./induction";
import type { Pair } from "./pairs";
import { isOf, type Preset } from "./preset";
import { type Example, FIRST_LOOK, settingsOf } from "./settings";

const INDIRECT_OBJECT = {
  text: "Wang et al., Interpretability in the Wild (2022)",
  url: "https://arxiv.org/abs/2211.00593",
};

const IOI_DEMO_PRESETS: Preset[] = [
  INDUCTION,
  {
    name: "Indirect object: Mary and John",
    gist: "Two names, one of them twice. The model should give the book to the *other* one.",
    clean: "When Mary and John went to the store , John gave a book to",
    corrupted: "When Mary and John went to the store , Mary gave a book to",
    answer: "Mary",
    distractor: "John",
    metric: "logit-diff",
    source: INDIRECT_OBJECT,
  },
];

/** For models with GPT-2's tokenizer. */
export const GPT2_PRESETS: Preset[] = [
  {
    name: "Indirect object: Mary and John",
    gist: "Two names, one of them twice. The model should give the drink to the *other* one.",
    clean: "When Mary and John went to the store, John gave a drink to",
    corrupted: "When Mary and John went to the store, Mary gave a drink to",
    answer: " Mary",
    distractor: " John",
    metric: "logit-diff",
    source: INDIRECT_OBJECT,
  },
  {
    name: "Induction: a list that repeats",
    gist: "A list that repeats. After the second *fox* the model should say what followed the first one.",
    clean: "The words are fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    corrupted: "The words are dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
    answer: " lamp",
    distractor: " spoon",
    metric: "logit-diff",
    source: INDUCTION_HEADS,
  },
  {
    name: "Greater than: a war that ends later",
    gist: "A war begins in 1741. The model should end it in a *later* year of the same century.",
    clean: "The war lasted from the year 1741 to the year 17",
    corrupted: "The war lasted from the year 1701 to the year 17",
    answer: "42..99",
    distractor: "00..41",
    metric: "prob-diff",
    source: GREATER_THAN_SOURCE,
  },
  {
    name: "Gendered pronoun: Sarah and Evan",
    gist: "The tag question takes up the name. The model should say the *pronoun* that is usual for it.",
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
    gist: "One question is answered as an example. The model should name the *capital* of the other country.",
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
    gist: "The noun next to the verb is not its subject. The verb should agree with *keys*, further back.",
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

/** For models whose words are not known. */
const NOTHING: Omit<Preset, "name" | "gist" | "source"> = { clean: "", corrupted: "", answer: "", distractor: "", metric: "logit-diff" };

/** Tokens of GPT-2's vocabulary. */
const GPT2_VOCABULARY = 50257;

const BUNDLED_PRESETS: Record<BundledName, Preset[]> = { "ioi-demo": IOI_DEMO_PRESETS, "years-demo": [GREATER_THAN] };

/** The example that a pair is, of whatever model; null where it is none. */
export const presetOf = (pair: Pair): Preset | null =>
  [...Object.values(BUNDLED_PRESETS).flat(), ...GPT2_PRESETS].find((preset) => isOf(preset, pair)) ?? null;

/** The prompts that fit a model: none where its words are not known. */
export function presetsFor(ref: ModelRef, { d_vocab }: Pick<Config, "d_vocab">): Preset[] {
  if (ref.kind === "bundled") return BUNDLED_PRESETS[ref.name];
  return d_vocab === GPT2_VOCABULARY ? GPT2_PRESETS : [];
}

/** What a model is asked where nothing else is: its first preset, or nothing that is not filled in. */
export function firstOf(ref: ModelRef, config: Pick<Config, "d_vocab">): Example {
  const [first = NOTHING] = presetsFor(ref, config);
  return { settings: settingsOf(first), view: FIRST_LOOK };
}
