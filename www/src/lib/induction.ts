// The bundled model's first example: the page opens with it, and a figure without a question shows it.

import type { Preset } from "./preset";

export const INDUCTION_HEADS = {
  text: "Olsson et al., In-context Learning and Induction Heads (2022)",
  url: "https://arxiv.org/abs/2209.11895",
};

export const INDUCTION: Preset = {
  name: "Induction: fox, lamp, … fox",
  gist: "A list that repeats. After the second *fox* the model should say what followed the first one.",
  clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  answer: "lamp",
  distractor: "spoon",
  metric: "normalized-logit-diff",
  source: INDUCTION_HEADS,
};
