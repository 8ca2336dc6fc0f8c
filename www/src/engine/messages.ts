// What client and worker say to each other. Everything here can be cloned between threads.

import type {
  Answer,
  Component,
  Config,
  DeviceChoice,
  DeviceReport,
  Direction,
  EdgeDetail,
  EdgeName,
  EdgeOptions,
  EdgesResult,
  EdgeTable,
  ErrorCode,
  Estimates,
  Grid,
  HeadDetail,
  HeadEdgeDetail,
  HubModel,
  Keeping,
  KeptModel,
  LoadProgress,
  MetricOptions,
  PairPredictions,
  PatchKind,
  Plan,
  PromptPair,
  Scores,
  Space,
  SweepProgress,
  Token,
  Warning,
  WeightType,
  WorkerStep,
} from "./types";
import type { ErrorDetails } from "./error";

/** Prompts and metric as the engine reads them: defaults filled in, callbacks left out. */
export type MetricRequest = Required<Pick<MetricOptions, "metric" | "prependBos" | "layerNorm">> &
  Pick<MetricOptions, "position"> & { pairs: PromptPair[] };

/** A sweep likewise. */
export type SweepRequest = MetricRequest & {
  component: Component;
  estimates: boolean;
  srcLayer?: number;
  srcHead?: number;
};

/** What is patched, by what. */
export interface PatchRequest {
  direction: Direction;
  patch: PatchKind;
}

/** Edges of the graph likewise. */
export type EdgesRequest = MetricRequest &
  PatchRequest & {
    scores: Scores;
    steps: number;
    /** All where absent. */
    edges?: EdgeName[];
    estimates: boolean;
    strongest?: number;
    checked: number;
    byPosition: boolean;
  };

/** An edge to look at: between two heads by numbers, any by names. */
export type EdgeDetailRequest =
  | (MetricRequest & Omit<EdgeOptions, keyof MetricOptions | keyof PromptPair>)
  | (MetricRequest & PatchRequest & EdgeName & { pair?: number; byPosition: boolean });

/** How far a call of `edges` is, and what is new in its table. */
export type EdgesProgress = Omit<SweepProgress, "fresh"> & {
  /** All of it, with the first update. */
  table?: EdgeTable;
  /** Entries that have changed since the update before. */
  changed: { indices: Uint32Array; values: Float32Array; state: Uint8Array; stdDev: Float32Array };
};

/** What to load, as the engine reads it. */
export type WorkerSource =
  | ({ kind: "hub" } & Required<HubModel>)
  | { kind: "url"; baseUrl: string }
  | { kind: "files"; files: File[] };

/** What can be asked, with the arguments and the answer of each. */
export interface Calls {
  load: {
    arguments: { source: WorkerSource; device: DeviceChoice; weights: WeightType; keep: boolean; workers?: number; byDefault: number };
    answer: { config: Config; device: DeviceReport; workers: number; keeping: Keeping; warnings: Warning[] };
  };
  plan: { arguments: { source: WorkerSource }; answer: Plan };
  keptModels: { arguments: Record<string, never>; answer: { models: KeptModel[]; space: Space | null } };
  removeModel: { arguments: { id: string }; answer: undefined };
  tokenize: { arguments: { text: string; prependBos: boolean }; answer: Token[] };
  answerTokens: { arguments: { answer: Answer; isDistractor: boolean }; answer: Token[] };
  complete: { arguments: { start: string; limit: number }; answer: Token[] };
  predictions: { arguments: MetricRequest & { top: number }; answer: PairPredictions[] };
  check: { arguments: MetricRequest & Pick<EdgesRequest, "patch">; answer: Warning[] };
  sweep: { arguments: SweepRequest; answer: Grid };
  estimate: { arguments: MetricRequest; answer: Estimates };
  headDetail: { arguments: MetricRequest & { layer: number; head: number }; answer: HeadDetail };
  edges: { arguments: EdgesRequest; answer: EdgesResult };
  edgeDetail: { arguments: EdgeDetailRequest; answer: EdgeDetail | HeadEdgeDetail };
  matmulRates: { arguments: { rows: number }; answer: [string, number][] };
  memory: { arguments: Record<string, never>; answer: number };
  steps: { arguments: Record<string, never>; answer: WorkerStep[] };
}

export type Call = keyof Calls;

/** What a call tells while it runs. */
export interface Progress {
  load: LoadProgress;
  plan: LoadProgress;
  sweep: SweepProgress;
  edges: EdgesProgress;
}
export type ProgressOf<C extends Call> = C extends keyof Progress ? Progress[C] : never;

/** A call, with its arguments. */
export type Request = { [C in Call]: { id: number; call: C; arguments: Calls[C]["arguments"] } }[Call];

export type ToWorker =
  | Request
  /** Comes first: where the wasm module is. */
  | { call: "start"; wasmUrl: string }
  /** Which of the other workers that it wanted have started. */
  | { call: "crew"; started: boolean[] }
  /** Comes alone: to hold layers for who is at the other end, who gets one message once the port is there. */
  | { call: "join"; port: MessagePort }
  | { id: number; call: "cancel" };

export interface Failure extends ErrorDetails {
  message: string;
  code: ErrorCode;
  /** Whether the engine cannot go on, and everything on it is lost. */
  isFatal?: boolean;
}

export type FromWorker =
  /** The worker runs. */
  | { id: 0 }
  /** It wants others at the other ends of these ports. */
  | { id: -1; others: MessagePort[] }
  | ({ id: number } & (
      | { answer: Calls[Call]["answer"] }
      | { failure: Failure }
      | { progress: LoadProgress | SweepProgress | EdgesProgress }
    ));

/** What a worker that shares a model gets first: the engine's module, and the model's `config.json`. */
export interface Module {
  module: WebAssembly.Module;
  config: string;
}

/** What workers of one model then say to each other: a head and arrays, in both directions. */
export type Told = [head: string, arrays: Float32Array[]];
