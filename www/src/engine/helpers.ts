// Workers that hold layers for the one that loads a model, from their start to their end.

import type { Assets } from "./assets";
import type { ToWorker } from "./messages";
import { startWorker } from "./start";

/** How long one may take to start; whoever waits goes on without those that take longer. */
const START_MS = 10_000;

/** The helpers of one engine. */
export class Helpers {
  readonly #assets: Assets;
  readonly #onLost: (why: string) => void;
  /** What ends each that is there. */
  readonly #ends = new Set<() => void>();

  /** `onLost` hears why one has stopped that had started: what it held is lost. */
  constructor(assets: Assets, onLost: (why: string) => void) {
    this.#assets = assets;
    this.#onLost = onLost;
  }

  /** Start one for each of these ports, which it gets: whether each could be started. */
  start(ports: readonly MessagePort[]): Promise<boolean[]> {
    return Promise.all(ports.map((port) => this.#startOne(port)));
  }

  /** End all, those on their way included. */
  end(): void {
    for (const end of this.#ends) end();
    this.#ends.clear();
  }

  /** False where it cannot be started, takes too long, or is ended before. */
  #startOne(port: MessagePort): Promise<boolean> {
    return new Promise<boolean>((resolve) => {
      const { worker, release } = startWorker(this.#assets);
      const settle = (hasStarted: boolean) => {
        clearTimeout(late);
        release();
        resolve(hasStarted);
      };
      const end = () => {
        worker.terminate();
        settle(false);
      };
      const giveUp = () => {
        this.#ends.delete(end);
        end();
      };
      const late = setTimeout(giveUp, START_MS);
      this.#ends.add(end);
      worker.onerror = (event) => {
        event.preventDefault();
        giveUp();
      };
      worker.onmessage = () => {
        worker.onerror = (event) => {
          event.preventDefault();
          this.#onLost(event.message);
        };
        worker.postMessage({ call: "join", port } satisfies ToWorker, [port]);
        settle(true);
      };
    }).catch(() => false);
  }
}
