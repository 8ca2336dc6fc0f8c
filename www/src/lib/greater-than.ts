// The example that years-demo opens with, which a figure without a question shows too.

import type { Preset } from "./preset";

/** The work that the task is known from. */
export const GREATER_THAN_SOURCE = {
  text: "Hanna et al., How does GPT-2 compute greater-than? (2023)",
  url: "https://arxiv.org/abs/2305.00586",
};

/** Centuries and years are words of their own in years-demo. */
export const GREATER_THAN: Preset = {
  name: "Greater than: a war that ends later",
  gist: "A war begins in 1741. The model should end it in a *later* year of the same century.",
  clean: "the war lasted from the year 17 41 to the year 17",
  corrupted: "the war lasted from the year 17 01 to the year 17",
  answer: "42..99",
  distractor: "00..41",
  metric: "prob-diff",
  source: GREATER_THAN_SOURCE,
};
