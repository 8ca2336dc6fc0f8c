// The types of pathpatch's JavaScript interface.

import type { Assets } from "./assets.js";

/** Where to compute: a GPU through WebGPU, the CPU, or the first of the two that is there. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/** Which device was taken, and why. */
export interface DeviceReport {
  kind: "webgpu" | "cpu";
  adapter: string | null;
  /**
   * Which product of matrices is used: on the CPU Burn's (`flex`), or ours (`fused`) in browsers with relaxed SIMD; on a GPU
   * Burn's (`cubek`) or ours (`tiled`), whichever was measured to be faster there.
   */
  matmul: "flex" | "fused" | "cubek" | "tiled";
  reason: string;
}

/** The model's shape, by TransformerLens's names. */
export interface Config {
  n_layers: number;
  n_heads: number;
  d_model: number;
  d_head: number;
  d_mlp: number;
  n_ctx: number;
  d_vocab: number;
  eps: number;
  bos_token_id: number | null;
  tie_word_embeddings: boolean;
  /** Of the MLP, by transformers' names. */
  activation: string;
  /** Whether attention scores are divided by the root of `d_head`. */
  scale_attn_weights: boolean;
  /** Whether they are divided by the layer's number, counted from 1, as well. */
  scale_attn_by_inverse_layer_idx: boolean;
}

export interface Token {
  id: number;
  /** The text it stands for, leading space included. */
  text: string;
}

/** A repository of the Hugging Face Hub, or of a server that speaks as it does. */
export interface HubModel {
  /** `owner/name`. */
  repo: string;
  /** A branch, a tag or a commit; default `main`. */
  revision?: string;
  /** Default `https://huggingface.co`. */
  hub?: string;
}

/**
 * What to load: `owner/name` or `owner/name@revision` on the Hub, or a short name such as `gpt2`; any other string is the address of a
 * directory with `config.json`, `model.safetensors` (or the files of its index) and, for prompts as text,
 * `tokenizer.json` or `vocab.json` and `merges.txt`; `files` are such files of the reader's own.
 */
export type ModelSource = string | URL | HubModel | { files: Iterable<File> };

/** Bytes of one of the model's files. */
export interface LoadProgress {
  file: string;
  /** A server, what this browser has kept, or a file that was picked. */
  from: "network" | "store" | "disk";
  loaded: number;
  /** Null where the server does not say. */
  total: number | null;
  bytesPerSecond: number;
  secondsLeft: number | null;
  /**
   * Why nothing comes for the moment: a server is asked, or asked again in so many seconds, or another tab is downloading
   * the model.
   */
  waiting: string | null;
}

/** What this browser grants to the site, in bytes. */
export interface Space {
  quota: number;
  usage: number;
}

/** What a load would download. */
export interface Plan {
  title: string;
  /** The commit that the revision stands for. */
  revision: string | null;
  /** Empty where all is kept. */
  files: { name: string; bytes: number | null }[];
  /** Whether this browser keeps all of it: then nothing is downloaded. */
  kept: boolean;
  /** Null where the browser does not tell. */
  space: Space | null;
}

/** A model of which this browser keeps something. */
export interface KeptModel {
  id: string;
  title: string;
  revision: string | null;
  /** False after a download that was not finished; loading it goes on from there. */
  complete: boolean;
  bytes: number;
}

/** Whether a loaded model is kept for the next visit, and why or why not. */
export interface Keeping {
  kept: boolean;
  reason: string;
  revision: string | null;
}

/** How far a sweep is, and what is new. */
export interface SweepProgress {
  /** Edges whose exact value is there. */
  done: number;
  /** Edges in all. */
  total: number;
  edgesPerSecond: number;
  /** By the work that is left; null before the first edge is done. */
  secondsLeft: number | null;
  /** Floating-point operations done, of the products with weights: both runs of the prompts, then edges. */
  flops: number;
  /** Largest |estimate - exact value| so far; null where there are no estimates. */
  maxEstimateError: number | null;
  /**
   * Entries of the grid that have changed: once the estimates, then what has become exact. Empty when only the progress
   * has changed: many prompts are run some at a time, and each time is told.
   */
  fresh: {
    /** Places in the grid's values. */
    indices: Uint32Array;
    values: Float32Array;
    /** 1 for an exact value, 0 for an estimate. */
    exact: Uint8Array;
    /** As the grid's. */
    spread: Float32Array;
  };
}

/**
 * Something to know about an answer that is right all the same: a question that is probably not the one that was
 * meant, or a file that was read otherwise than it says.
 */
export interface Warning {
  /** Which input it is about. */
  code: ErrorCode;
  message: string;
  /** What would do in place of what was given. */
  suggestion?: string;
}

/** `workerUrl` and `wasmUrl` hold for this model; `setAssets` names them for all. */
export interface LoadOptions extends Assets {
  /** Default `auto`. */
  device?: DeviceChoice;
  /** Whether what is downloaded is kept in this browser; by default if it comes from the Hub. */
  keep?: boolean;
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

/** The input of the destination head that is patched. */
export type Component = "q" | "k" | "v";

/** `log-prob`, `prob` and `prob-diff` sum the probabilities of sets; the logit differences take one answer and one distractor. */
export type Metric = "logit-diff" | "normalized-logit-diff" | "log-prob" | "prob" | "prob-diff" | "kl";

/**
 * A token, or a set of them: text that is one token, its id, or an array of those. Text that is not one token may name
 * several: `41|42`, or `42..99` for the numbers from 42 to 99, all of as many digits.
 */
export type Answer = string | number | (string | number)[];

/**
 * `frozen` keeps the LayerNorm scale of the corrupted run, as TransformerLens did up to 4.2; `exact`
 * normalises anew, as it does from 4.3 on.
 */
export type LayerNorm = "frozen" | "exact";

/** A clean and a corrupted prompt, and the next tokens that are compared. */
export interface PromptPair {
  /** The clean prompt: text, or token ids to which nothing is prepended. */
  clean: string | number[];
  /** The corrupted prompt, of as many tokens. */
  corrupted: string | number[];
  /** The right next token of the clean prompt, or a set of them. */
  answer?: Answer;
  /** What it is compared with. */
  distractor?: Answer;
}

/** One pair, or several, over which metrics are means. */
export type Prompts = PromptPair | { pairs: PromptPair[] };

/** What to measure, and how. */
export interface MetricOptions {
  /** Default `logit-diff`. */
  metric?: Metric;
  /** Where the metric reads; negative positions count from the end, the last token is the default. */
  position?: number;
  /** Whether texts get the beginning-of-text token in front; default true. */
  prependBos?: boolean;
  /** How the destination's LayerNorm reads the patch; default `frozen`. */
  layerNorm?: LayerNorm;
  signal?: AbortSignal;
}

/** Prompts, and what to measure on them. */
export type EstimateOptions = Prompts & MetricOptions;

export type AllSourcesOptions = EstimateOptions & SweepOptions;

export interface SweepOptions {
  component: Component;
  /**
   * Whether first-order estimates of all edges come first, as the first `onProgress` with entries, and exact values then
   * in the order of their size. Default true for all sources, false for one.
   */
  estimates?: boolean;
  onProgress?: (progress: SweepProgress) => void;
}

export type OneSourceOptions = AllSourcesOptions & { srcLayer: number; srcHead: number };

/** A head to look at, on one pair. */
export type HeadOptions = PromptPair & MetricOptions & { layer: number; head: number };

/** An edge to look at, on one pair. */
export type EdgeOptions = PromptPair &
  MetricOptions & { component: Component; srcLayer: number; srcHead: number; dstLayer: number; dstHead: number };

export interface Both<T> {
  clean: T;
  corrupted: T;
}

/** What a head does. */
export interface HeadDetail {
  /** Attention from each position to each, row-major `[pos (query), pos (key)]`. */
  pattern: Both<number[]>;
  /**
   * What the head adds to the answer's logit, less the distractor's, where the metric reads, by the token that
   * it reads from; a set counts as the mean of its logits. Empty without an answer.
   */
  attribution: Both<number[]>;
  /** Of the prompts and the metric. */
  warnings: Warning[];
}

/** What an edge does. */
export interface EdgeDetail {
  src: Omit<HeadDetail, "warnings">;
  dst: Omit<HeadDetail, "warnings">;
  /** The destination's attention once its component is patched, `[pos (query), pos (key)]`. */
  patched: number[];
  /** Length of what the patch adds to the component, at each position. */
  added: number[];
  /** Length of the component in the corrupted run, at each position. */
  length: number[];
  metric: Both<number>;
  /** The metric of the patched run: the edge's entry in a grid. */
  value: number;
  /** The output's tokens whose probability the patch moves most, largest rise first; corrupted, patched. */
  moved: { id: number; logit: [number, number]; probability: [number, number] }[];
  /** The same tokens with their texts; empty without a tokenizer. */
  tokens: Token[];
  /** Of the prompts and the metric. */
  warnings: Warning[];
}

/** A grid of results. */
export interface Grid {
  /** `[layers, heads]` of destinations, or `[layers, heads, layers, heads]`, source first. */
  shape: number[];
  /** Row-major; NaN where there is no path. */
  values: Float32Array;
  /** 1 where there is a path. */
  mask: Uint8Array;
  /** 1 where the value is that of the patched run, 0 where it is an estimate or there is no path. */
  exact: Uint8Array;
  /**
   * Standard deviation over the prompt pairs of an exact value's change from the corrupted run; NaN where there
   * is none, or only one pair.
   */
  spread: Float32Array;
  cleanMetric: number;
  /** The value of an edge without effect. */
  corruptedMetric: number;
  /** Of the prompts and the metric. */
  warnings: Warning[];
}

/** First-order estimates of the full sweep into each component. */
export interface Estimates {
  q: Grid;
  k: Grid;
  v: Grid;
  /** Of the prompts and the metric. */
  warnings: Warning[];
}

/** Which input an error is about; stable across versions. */
export type ErrorCode =
  | "config"
  | "checkpoint"
  | "tokenizer"
  | "clean"
  | "corrupted"
  | "prompt-length"
  | "answer"
  | "distractor"
  | "source"
  | "option"
  | "metric"
  | "device"
  | "io"
  | "cancelled"
  | "unsupported"
  | "engine";
