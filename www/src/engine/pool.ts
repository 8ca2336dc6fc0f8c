// Models that several figures share: one load for each model, device and number of workers.

import { cancelled, PathPatchError } from "./error";
import { PathPatch } from "./pathpatch";
import { workerSource } from "./source";
import type { DeviceChoice, LoadProgress } from "./types";

/** How long a model stays after its last user has gone. */
const IDLE_MS = 30_000;

export interface UseOptions {
  device?: DeviceChoice;
  /** As in `LoadOptions`. */
  workers?: number;
  keep: boolean;
  onProgress: (progress: LoadProgress) => void;
  signal: AbortSignal;
}

/** A shared model, until it is let go. */
export interface Use {
  model: PathPatch;
  /** Wait until no other user computes, then compute; rejects at once where the signal is aborted. */
  inTurn: <T>(compute: () => Promise<T>) => Promise<T>;
  letGo: () => void;
}

interface Shared {
  loaded: Promise<PathPatch>;
  model?: PathPatch;
  users: number;
  /** Ends the load once nobody waits for it. */
  load: AbortController;
  watching: Set<UseOptions["onProgress"]>;
  progress?: LoadProgress;
  /** Settled once the last computation is through. */
  last: Promise<unknown>;
  idle?: ReturnType<typeof setTimeout>;
}

const pool = new Map<string, Shared>();

/** Load a model, or take the one that is there. A user who cancels leaves the load to the others. */
export async function use(name: string, options: UseOptions): Promise<Use> {
  const { device = "auto", workers, keep, onProgress, signal } = options;
  if (signal.aborted) throw cancelled("load");
  const key = JSON.stringify([workerSource(name), device, workers]);
  let shared = pool.get(key);
  if (!shared || shared.model?.isStopped) {
    shared = begin(key, name, { device, workers, keep });
    pool.set(key, shared);
  }
  const mine = shared;
  clearTimeout(mine.idle);
  mine.users += 1;
  mine.watching.add(onProgress);
  if (mine.progress) onProgress(mine.progress);
  let hasGone = false;
  const letGo = () => {
    if (hasGone) return;
    hasGone = true;
    mine.users -= 1;
    if (mine.users > 0) return;
    if (mine.model && pool.get(key) === mine) mine.idle = setTimeout(() => end(key, mine), IDLE_MS);
    else end(key, mine);
  };
  try {
    const model = await orCancelled(mine.loaded, signal, "load");
    const compute: Use["inTurn"] = async (each) => {
      try {
        return await orCancelled(inTurn(mine, each, signal), signal, "run");
      } catch (error) {
        // The next user loads it anew.
        if (isLost(error) && pool.get(key) === mine) pool.delete(key);
        throw error;
      }
    };
    return { model, inTurn: compute, letGo };
  } catch (error) {
    letGo();
    throw error;
  } finally {
    mine.watching.delete(onProgress);
  }
}

function begin(key: string, name: string, options: Pick<UseOptions, "device" | "workers" | "keep">): Shared {
  const load = new AbortController();
  const watching: Shared["watching"] = new Set();
  const onProgress = (progress: LoadProgress) => {
    shared.progress = progress;
    for (const watch of watching) watch(progress);
  };
  const loaded = PathPatch.load(name, { ...options, signal: load.signal, onProgress });
  const shared: Shared = { loaded, users: 0, load, watching, last: Promise.resolve() };
  loaded.then(
    (model) => {
      shared.model = model;
      if (shared.users === 0) end(key, shared);
    },
    () => end(key, shared),
  );
  return shared;
}

function end(key: string, shared: Shared): void {
  if (pool.get(key) === shared) pool.delete(key);
  shared.load.abort();
  shared.model?.dispose();
}

function inTurn<T>(shared: Shared, compute: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const turn = shared.last.then(() => {
    if (signal.aborted) throw cancelled("run");
    return compute();
  });
  shared.last = turn.catch(() => {});
  return turn;
}

/** Whether a model can compute no more. */
const isLost = (error: unknown): boolean =>
  error instanceof PathPatchError && (error.code === "device" || error.code === "engine");

/** The promise, or a rejection as soon as the signal is aborted. */
function orCancelled<T>(promise: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(cancelled(what));
    signal.addEventListener("abort", cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", cancel));
  });
}
