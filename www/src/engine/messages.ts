// What client and worker say to each other. Everything here can be cloned between threads.

import type {
  Component,
  Config,
  DeviceChoice,
  DeviceReport,
  ErrorCode,
  EstimateOptions,
  Estimates,
  Grid,
  LoadProgress,
  SweepProgress,
  Token,
} from "./types";

/** Prompts and metric as the engine reads them: defaults filled in, callbacks left out. */
export type MetricRequest = Required<Pick<EstimateOptions, "metric" | "prependBos" | "layerNorm">> &
  Pick<EstimateOptions, "clean" | "corrupted" | "answer" | "distractor" | "position">;

/** A sweep likewise. */
export type SweepRequest = MetricRequest & {
  component: Component;
  estimates: boolean;
  srcLayer?: number;
  srcHead?: number;
};

/** What can be asked, with the arguments and the answer of each. */
export interface Calls {
  load: { arguments: { baseUrl: string; device: DeviceChoice }; answer: { config: Config; device: DeviceReport } };
  tokenize: { arguments: { text: string; prependBos: boolean }; answer: Token[] };
  sweep: { arguments: SweepRequest; answer: Grid };
  estimate: { arguments: MetricRequest; answer: Estimates };
  matmulRate: { arguments: { rows: number }; answer: number };
  memory: { arguments: Record<string, never>; answer: number };
}

export type Call = keyof Calls;

export type ToWorker =
  | { [C in Call]: { id: number; call: C; arguments: Calls[C]["arguments"] } }[Call]
  | { id: number; call: "cancel" };

export interface Failure {
  message: string;
  code: ErrorCode;
}

export type FromWorker = { id: number } & (
  | { answer: Calls[Call]["answer"] }
  | { failure: Failure }
  | { progress: LoadProgress | SweepProgress }
);
