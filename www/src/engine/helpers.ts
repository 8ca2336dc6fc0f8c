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

  /** Start so many with the engine's module: the ways to those that could be started. */
  async start(count: number, module: WebAssembly.Module): Promise<MessagePort[]> {
    const ports = await Promise.all(Array.from({ length: count }, () => this.#startOne(module)));
    return ports.filter((port) => port !== null);
  }

  /** End all, those on their way included. */
  end(): void {
    for (const end of this.#ends) end();
    this.#ends.clear();
  }

  /** The way to one more; null where it cannot be started, takes too long, or is ended before. */
  #startOne(module: WebAssembly.Module): Promise<MessagePort | null> {
    return new Promise<MessagePort | null>((resolve) => {
      const { worker, release } = startWorker(this.#assets);
      const settle = (port: MessagePort | null) => {
        clearTimeout(late);
        release();
        resolve(port);
      };
      const end = () => {
        worker.terminate();
        settle(null);
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
        const { port1, port2 } = new MessageChannel();
        worker.onerror = (event) => {
          event.preventDefault();
          this.#onLost(event.message);
        };
        worker.postMessage({ call: "join", module, port: port2 } satisfies ToWorker, [port2]);
        settle(port1);
      };
    }).catch(() => null);
  }
}
