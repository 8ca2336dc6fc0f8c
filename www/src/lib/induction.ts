// The bundled model's first example: with it the page opens, and a figure that is told nothing.

import type { Preset } from "./preset";

export const INDUCTION_HEADS = {
  text: "Olsson et al., In-context Learning and Induction Heads (2022)",
  url: "https://arxiv.org/abs/2209.11895",
};

export const INDUCTION: Preset = {
  name: "Induction: fox, lamp, … fox",
  clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  answer: "lamp",
  distractor: "spoon",
  metric: "normalized-logit-diff",
  source: INDUCTION_HEADS,
};
