// Asking the model about one edge at a time: a new edge ends the question before it.

import { isSameEdge } from "../core/node";
import type { Run } from "../core/run";
import type { EdgeDetail, EdgeName } from "../engine/types";
import { messageOf } from "../lib/dom";
import type { Live } from "./live";

export type LookState = { state: "waiting" } | { state: "failed"; message: string } | { state: "there"; detail: EdgeDetail };

export interface Looking {
  /** How far a look at this edge, on this pair, is. */
  stateOf: (edge: EdgeName, pair: number) => LookState;
  /** Asks, unless that has been asked, has not failed and was not ended before it was answered. */
  ask: (live: Live, run: Run, edge: EdgeName, pair: number, signal: AbortSignal) => Promise<void>;
  /** Another run's answers are others. */
  forget: () => void;
}

export function create(onChange: () => void): Looking {
  let looked: (LookState & { edge: EdgeName; pair: number }) | null = null;
  let current = new AbortController();
  /** What ends the last question, until it is answered. */
  let open: AbortSignal | null = null;
  const isOf = (edge: EdgeName, pair: number) => looked !== null && isSameEdge(looked.edge, edge) && looked.pair === pair;
  const tell = (edge: EdgeName, pair: number, state: LookState) => {
    looked = { edge, pair, ...state };
    onChange();
  };
  return {
    stateOf: (edge, pair) => (looked && isOf(edge, pair) ? looked : { state: "waiting" }),
    ask: async (live, run, edge, pair, signal) => {
      if (isOf(edge, pair) && looked?.state !== "failed" && !open?.aborted) return;
      current.abort();
      current = new AbortController();
      const mine = AbortSignal.any([current.signal, signal]);
      open = mine;
      tell(edge, pair, { state: "waiting" });
      try {
        await live.look(run, edge, pair, mine, (detail) => tell(edge, pair, { state: "there", detail }));
      } catch (failed) {
        if (mine.aborted) return;
        // What cannot answer is loaded anew for the next edge.
        live.letGo();
        tell(edge, pair, { state: "failed", message: messageOf(failed) });
      }
      if (!mine.aborted) open = null;
    },
    forget: () => {
      looked = null;
    },
  };
}
