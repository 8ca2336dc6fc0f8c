// The types of pathpatch's JavaScript interface.

import type { Assets } from "./assets.js";

/** Where to compute: a GPU through WebGPU, the CPU, or the first of the two that is there. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/**
 * How a GPU stores weights. `f16` takes half the memory, and rounds each weight by up to 1 part in 2,048: an effect of the
 * bundled model's differs by up to 0.003. What is computed from them is f32 in either case.
 */
export type WeightType = "f32" | "f16";

/** Which device was taken, and why. */
export interface DeviceReport {
  kind: "webgpu" | "cpu";
  adapter: string | null;
  /**
   * Which product of matrices is used: on the CPU Burn's (`flex`), or ours (`fused`) in browsers with relaxed SIMD; on a GPU
   * ours, cut into whichever tiles were measured to be fastest there.
   */
  matmul: "flex" | "fused" | "registers-4x4" | "registers-8x8" | "shared-64x64" | "shared-64x128";
  /** What `matmul` was found to be fastest for: an adapter, a model's shape, a type of weights. This browser remembers it. */
  race: string | null;
  weights: WeightType;
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
  /** The MLP's activation function, by transformers' names. */
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
  /** Default `f32`. Where the device has no f16 they are f32, and a warning says so. */
  weights?: WeightType;
  /** Whether what is downloaded is kept in this browser; by default if it comes from the Hub. */
  keep?: boolean;
  /**
   * On the CPU, how many workers share the model and its sweeps, at most one for each layer. By default one less than the
   * browser says it has cores, at most 8; 1 on phones, and for models whose blocks take less than 16 MiB. Where the browser
   * starts fewer, those share it, with a warning.
   */
  workers?: number;
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

/** A step of a sweep by several workers: one layer for one chunk of edges. */
export interface WorkerStep {
  /** The chunk on some of the prompts, counted from 0. */
  job: number;
  /** One more than the last where the metric is read. */
  layer: number;
  /** Whether the chunk's edges end in this layer. */
  enters: boolean;
  /** Who did it, counted from 0. */
  worker: number;
  /** In seconds since 1970. */
  began: number;
  ended: number;
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
 * `frozen` keeps the LayerNorm scale of the base run, as TransformerLens did up to 4.2; `exact` normalises anew, as it
 * does from 4.3 on. Sweeps between heads patch the corrupted run; `direction` says which run `edges` patches.
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
  /**
   * How the receiver's LayerNorm reads the patch; default `frozen` for sweeps between heads, `exact` for edges of the
   * graph.
   */
  layerNorm?: LayerNorm;
  signal?: AbortSignal;
}

/** Prompts, and what to measure on them. */
export type EstimateOptions = Prompts & MetricOptions;

/** Prompts whose next tokens are asked for. */
export type PredictionsOptions = EstimateOptions & {
  /** How many of the likeliest tokens; default 5. */
  top?: number;
};

export type AllSourcesOptions = EstimateOptions & SweepOptions;

export interface SweepOptions {
  component: Component;
  /**
   * Whether estimates of all edges come first, as the first `onProgress` with entries, and exact values then
   * in the order of their size. Default true for all sources, false for one.
   */
  estimates?: boolean;
  onProgress?: (progress: SweepProgress) => void;
}

export type OneSourceOptions = AllSourcesOptions & { srcLayer: number; srcHead: number };

/**
 * Which of the two runs is patched, the base run, and which the change comes from: `denoise` patches the corrupted run
 * with what the sender writes in the clean one, `noise` the clean run with what it writes in the corrupted one.
 */
export type Direction = "denoise" | "noise";

/**
 * What takes the place of a sender's write: its write in the other run of the pair, the mean of those over all pairs at
 * each position, or zero.
 */
export type PatchKind = "resample" | "mean" | "zero";

/**
 * Values by patched runs; or estimates: with the receiver's own attention exact and the rest by the gradient
 * (`estimate`), by the gradient alone (`eap`), or by gradients along the way from one run's embeddings to the other's
 * (`eap-ig`).
 */
export type Scores = "exact" | "estimate" | "eap" | "eap-ig";

/** An edge by EAP-IG's names: `{ from: "a9.h9", to: "a10.h7<q>" }`. */
export interface EdgeName {
  /** What writes: `input`, a head such as `a9.h9`, an MLP such as `m3`. */
  from: string;
  /** What reads: a head's query, key or value such as `a10.h7<q>`, an MLP, `logits`. */
  to: string;
}

/** How an edge is patched. */
export interface PatchOptions {
  /** Default `denoise`. */
  direction?: Direction;
  /** Default `resample`. */
  patch?: PatchKind;
}

/** Edges of the whole graph, from the embedding to the logits. */
export type EdgesOptions = Prompts &
  MetricOptions &
  PatchOptions & {
    /** Default `exact`. */
    scores?: Scores;
    /** Gradients of `eap-ig`; default 5. */
    steps?: number;
    /** Default all. */
    edges?: EdgeName[];
    /** Whether estimates of all these edges come before their exact values; default true. */
    estimates?: boolean;
    /** Only so many edges get exact values: those with the largest estimates. */
    strongest?: number;
    /** With `strongest`, how many of the other edges are checked; default 300. */
    checked?: number;
    /** Whether values are told by position as well. */
    byPosition?: boolean;
    onUpdate?: (update: EdgesUpdate) => void;
  };

/** All edges. Places are `row of the sender * receivers.length + column of the receiver`. */
export interface EdgeTable {
  /** EAP-IG's names, in its order. */
  senders: string[];
  receivers: string[];
  /** Metric of the patched run, or its estimate; NaN where there is none. */
  values: Float32Array;
  /** 0 where there is no path, 1 where nothing is known, 2 for an estimate, 3 for an exact value. */
  state: Uint8Array;
  /** Standard deviation of an exact value's effect over the prompt pairs; NaN where there is none. */
  stdDev: Float32Array;
  cleanMetric: number;
  corruptedMetric: number;
  direction: Direction;
  patch: PatchKind;
  layerNorm: LayerNorm;
  scores: Scores;
  /** Gradients that `eap-ig` averages; null for other scores. */
  steps: number | null;
}

export interface EdgesUpdate {
  progress: Omit<SweepProgress, "fresh">;
  /** One object that grows from update to update, and is the result's. */
  table: EdgeTable;
  /** Places whose values are new. */
  changed: Uint32Array;
}

export interface EdgesResult {
  table: EdgeTable;
  byPosition: PositionTable | null;
  /** How far the estimates were from the edges that were checked; null without `strongest`. */
  check: EdgesCheck | null;
  /** What to know about the prompts and the metric. */
  warnings: Warning[];
}

export interface EdgesCheck {
  /** Edges that were checked. */
  edges: number;
  /** Largest |estimate - exact value| among them. */
  largestError: number;
  /** The share of the others that may be further off, at 95%. */
  bound: number;
}

/** Effects by position. */
export interface PositionTable {
  positions: number;
  /**
   * The edges that are estimated by position: their places, and for each its effects, `[edge, position]`. An edge's
   * effects add up to its estimate, except into a key unless `scores` is `eap` or `eap-ig`: there positions compete in
   * one softmax.
   */
  estimates: { places: Uint32Array; effects: Float32Array };
  /**
   * The effect of patching each position alone, for the `strongest` edges or for all that have exact values. They need
   * not add up to the edge's.
   */
  exact: { place: number; effects: Float32Array }[];
}

/** The pair to look at: one by itself, or one of several by its number, counted from 0. */
export type OnePair = PromptPair | { pairs: PromptPair[]; pair: number };

/** An edge of the graph to look at, on one pair; with `patch: "mean"` the mean is over all pairs that are named. */
export type EdgeDetailOptions = OnePair &
  MetricOptions &
  PatchOptions &
  EdgeName & {
    /** Whether each position is patched by itself too, a run for each; default false. */
    byPosition?: boolean;
  };

/** A head to look at, on one pair. */
export type HeadOptions = PromptPair & MetricOptions & { layer: number; head: number };

/** An edge between heads to look at, on one pair. */
export type EdgeOptions = PromptPair &
  MetricOptions & { component: Component; srcLayer: number; srcHead: number; dstLayer: number; dstHead: number };

export interface Both<T> {
  clean: T;
  corrupted: T;
}

/** One of the next tokens that a run gives. */
export interface Prediction {
  id: number;
  /** The text it stands for, leading space included; empty without a tokenizer. */
  text: string;
  logit: number;
  probability: number;
}

/** What both runs of one pair say next, where the metric reads. */
export interface PairPredictions {
  /** The likeliest tokens, the likeliest first. */
  top: Both<Prediction[]>;
  /** The answer's tokens, in the order asked. */
  answers: Both<Prediction[]>;
  /** The distractor's likewise. */
  distractors: Both<Prediction[]>;
  /**
   * The metric on this pair alone. Null where it cannot be measured: tokens are missing or too many, or it is normalised
   * and equal in both runs.
   */
  metric: Both<number | null>;
  /** Mean logit of the answers less that of the distractors; null without either. */
  logitDiff: Both<number | null>;
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
  /** What to know about the prompts and the metric. */
  warnings: Warning[];
}

/** What an edge does. */
export interface EdgeDetail {
  /** Null where the sender is no head. */
  src: Omit<HeadDetail, "warnings"> | null;
  /** Null where the receiver is no head. */
  dst: Omit<HeadDetail, "warnings"> | null;
  /** The receiving head's attention once it is patched, `[pos (query), pos (key)]`; empty where it is no head. */
  patched: number[];
  /**
   * Length, at each position, of what the patch adds to what is read: a head's query, key or value, or the normalised
   * input of an MLP or of the logits.
   */
  added: number[];
  /** Length, at each position, of what the base run reads there. */
  length: number[];
  metric: Both<number>;
  /** The metric of the patched run: the edge's entry in a table. */
  value: number;
  /** Effect of patching each position alone, where `byPosition` asks for it. They need not add up to the edge's. */
  byPosition?: number[];
  /** The output's tokens whose probability the patch moves most, largest rise first; base run, patched. */
  moved: { id: number; logit: [number, number]; probability: [number, number] }[];
  /** The same tokens with their texts; empty without a tokenizer. */
  tokens: Token[];
  /** What to know about the prompts and the metric. */
  warnings: Warning[];
}

/** What an edge between heads does: the clean write in the corrupted run. */
export type HeadEdgeDetail = Omit<EdgeDetail, "src" | "dst" | "byPosition"> & {
  src: Omit<HeadDetail, "warnings">;
  dst: Omit<HeadDetail, "warnings">;
};

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
  /** What to know about the prompts and the metric. */
  warnings: Warning[];
}

/** Estimates of the full sweep into each component. */
export interface Estimates {
  q: Grid;
  k: Grid;
  v: Grid;
  /** What to know about the prompts and the metric. */
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
