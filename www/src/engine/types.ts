// The types of pathpatch's JavaScript interface.

/** Where to compute: a GPU through WebGPU, the CPU, or the first of the two that is there. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/** Which device was taken, and why. */
export interface DeviceReport {
  kind: "webgpu" | "cpu";
  adapter: string | null;
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
}

export interface Token {
  id: number;
  /** The text it stands for, leading space included. */
  text: string;
}

/** Bytes of one of the model's files; `total` is null where the server does not say. */
export interface LoadProgress {
  file: string;
  loaded: number;
  total: number | null;
}

/** Edges of a sweep. */
export interface SweepProgress {
  done: number;
  total: number;
}

export interface LoadOptions {
  /** Default `auto`. */
  device?: DeviceChoice;
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

/** The input of the destination head that is patched. */
export type Component = "q" | "k" | "v";

export type Metric = "logit-diff" | "normalized-logit-diff" | "log-prob" | "prob" | "kl";

export interface AllSourcesOptions {
  /** The clean prompt: text, or token ids to which nothing is prepended. */
  clean: string | number[];
  /** The corrupted prompt, of as many tokens. */
  corrupted: string | number[];
  /** The right next token of the clean prompt: text that is one token, or its id. */
  answer?: string | number;
  /** The token it is compared with. */
  distractor?: string | number;
  component: Component;
  /** Default `logit-diff`. */
  metric?: Metric;
  /** Where the metric reads; the last token by default. */
  position?: number;
  /** Whether texts get the beginning-of-text token in front; default true. */
  prependBos?: boolean;
  onProgress?: (progress: SweepProgress) => void;
  signal?: AbortSignal;
}

export interface OneSourceOptions extends AllSourcesOptions {
  srcLayer: number;
  srcHead: number;
}

/** A grid of results. */
export interface Grid {
  /** `[layers, heads]` of destinations, or `[layers, heads, layers, heads]`, source first. */
  shape: number[];
  /** Row-major; NaN where there is no path. */
  values: Float32Array;
  /** 1 where there is a path. */
  mask: Uint8Array;
  cleanMetric: number;
  /** The value of an edge without effect. */
  corruptedMetric: number;
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
