// What client and worker say to each other. Everything here can be cloned between threads.

import type {
  AllSourcesOptions,
  Config,
  DeviceChoice,
  DeviceReport,
  ErrorCode,
  Grid,
  LoadProgress,
  SweepProgress,
  Token,
} from "./types";

/** A sweep as the engine reads it: defaults filled in, callbacks left out. */
export type SweepRequest = Required<Pick<AllSourcesOptions, "component" | "metric" | "prependBos">> &
  Pick<AllSourcesOptions, "clean" | "corrupted" | "answer" | "distractor" | "position"> & {
    srcLayer?: number;
    srcHead?: number;
  };

/** What can be asked, with the arguments and the answer of each. */
export interface Calls {
  load: { arguments: { baseUrl: string; device: DeviceChoice }; answer: { config: Config; device: DeviceReport } };
  tokenize: { arguments: { text: string; prependBos: boolean }; answer: Token[] };
  sweep: { arguments: SweepRequest; answer: Grid };
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
