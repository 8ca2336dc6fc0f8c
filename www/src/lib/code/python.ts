// What copied Python has in common: where the model comes from, which tokens and positions it reads.

import { bundledPath, type LoadedModel, pinned } from "../../core/model-ref";
import type { PairTokens } from "../../core/request";
import type { Token } from "../../engine/types";
import { literal } from "./literal";

/** The ids of an answer; files of version 1 have none. */
export function idsOf(tokens: readonly Token[], name: string): number[] {
  if (tokens.length > 0) return tokens.map((token) => token.id);
  throw new Error(`code: expected the ${name}’s token with each pair, got none: run it again with its model, and copy then`);
}

/** Where each pair's metric is read, counted from 0. */
export const positionsOf = (tokens: readonly PairTokens[], position: number | null): number[] =>
  tokens.map(({ clean }) => (position === null ? clean.length - 1 : position < 0 ? clean.length + position : position));

/** `name` and `hf`: the model as transformers has it. */
export function loading(model: LoadedModel): string[] {
  const ref = pinned(model);
  if (ref.kind !== "hub") {
    const what = ref.kind === "address" ? `the files that are at ${literal(ref.url)}` : ref.kind === "files" ? "your files" : `pathpatch's ${bundledPath(ref.name)}`;
    return [
      `name = "path/to/model"  # a directory with ${what}`,
      "hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32).eval()",
    ];
  }
  const at = ref.revision === null ? "" : `, revision=${literal(ref.revision)}`;
  return [
    `name = ${literal(ref.repo)}`,
    `hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32${at}).eval()`,
  ];
}
