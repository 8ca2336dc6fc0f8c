// Asks the worker and keeps track of what is under way.

import { type Assets, assetsFor } from "./assets";
import { cancelled, PathPatchError } from "./error";
import { Helpers } from "./helpers";
import type { Call, Calls, FromWorker, ProgressOf, ToWorker } from "./messages";
import { type Started, startWorker, wasmUrl } from "./start";

/** What goes with a call. */
export interface Asking<C extends Call> {
  onProgress?: (progress: ProgressOf<C>) => void;
  signal?: AbortSignal;
}

interface Waiting {
  answer: (answer: unknown) => void;
  reject: (error: Error) => void;
  progress: (progress: unknown) => void;
}

/** How long the browser may take to say why it refused a worker. */
const REASON_MS = 50;
/** What to do once a worker that shares the model is lost, most likely for want of memory. */
const AGAIN = "load it again, with fewer `workers` where memory is short";

/** A worker with an engine. Once it has stopped, for whatever reason, everything that is asked is rejected. */
export class EngineClient {
  #started: Started | undefined;
  /** Workers that share its model. */
  readonly #helpers: Helpers;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #stopped: PathPatchError | undefined;
  #isRunning = false;
  /** What is said before the worker listens. */
  #unsaid: ToWorker[] = [];
  /** What the page's Content-Security-Policy has refused while the worker started. */
  #refused: string | undefined;

  constructor(own: Assets = {}) {
    const assets = assetsFor(own);
    this.#helpers = new Helpers(assets, (why) => this.#fail(lost(`${why}, in a worker that shares the model; ${AGAIN}`)));
    globalThis.document?.addEventListener("securitypolicyviolation", this.#noteRefusal);
    try {
      this.#started = startWorker(assets);
      const { worker } = this.#started;
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
      worker.onmessageerror = () => this.#fail(lost("its answer could not be read"));
      worker.onerror = this.#hearError;
      this.#post({ call: "start", wasmUrl: wasmUrl(assets) });
    } catch (error) {
      this.#fail(this.#notStarted(messageOf(error)));
    }
  }

  ask<C extends Call>(
    call: C,
    args: Calls[C]["arguments"],
    { onProgress, signal }: Asking<C> = {},
  ): Promise<Calls[C]["answer"]> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw this.#stopped;
      if (signal?.aborted) throw cancelled(call);
      const id = ++this.#lastId;
      const cancel = () => this.#post({ id, call: "cancel" });
      const done = () => {
        signal?.removeEventListener("abort", cancel);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        answer: (answer) => {
          done();
          // The answer may have been on its way when the cancel was sent; whoever cancelled expects none.
          if (signal?.aborted) reject(cancelled(call));
          else resolve(answer as Calls[C]["answer"]);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        progress: (progress) => onProgress?.(progress as ProgressOf<C>),
      });
      signal?.addEventListener("abort", cancel);
      this.#post({ id, call, arguments: args } as ToWorker);
    });
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  stop(): void {
    this.#fail(cancelled("the engine"));
  }

  #post(message: ToWorker): void {
    if (!this.#isRunning) {
      this.#unsaid.push(message);
      return;
    }
    try {
      this.#started?.worker.postMessage(message);
    } catch (error) {
      const expected = "options that can be copied to a worker";
      const failed = PathPatchError.of("option", message.call, expected, messageOf(error));
      if ("id" in message) this.#waiting.get(message.id)?.reject(failed);
    }
  }

  #receive(message: FromWorker): void {
    // It may have been on its way when the worker was ended.
    if (this.#stopped) return;
    if (message.id === 0) {
      this.#isRunning = true;
      this.#settle();
      for (const unsaid of this.#unsaid.splice(0)) this.#post(unsaid);
      return;
    }
    if ("others" in message) {
      void this.#bring(message.others);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting || !("progress" in message || "answer" in message || "failure" in message)) return;
    if ("progress" in message) waiting.progress(message.progress);
    else if ("answer" in message) waiting.answer(message.answer);
    else {
      const { code, message: text, isFatal, ...details } = message.failure;
      const error = new PathPatchError(code, text, details);
      waiting.reject(error);
      if (isFatal) this.#fail(error);
    }
  }

  readonly #hearError = (event: ErrorEvent): void => {
    event.preventDefault();
    if (this.#isRunning) this.#fail(lost(event.message));
    else setTimeout(() => this.#fail(this.#notStarted(event.message)), REASON_MS);
  };

  /** Start others at the other ends of the worker's ports, and tell it which of them there are. */
  async #bring(ports: MessagePort[]): Promise<void> {
    const started = await this.#helpers.start(ports);
    this.#started?.worker.postMessage({ call: "crew", started } satisfies ToWorker);
  }

  readonly #noteRefusal = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent): void => {
    if (/^(worker|child|script)-src/.test(effectiveDirective)) this.#refused = `${effectiveDirective} (${blockedURI})`;
  };

  #notStarted(message: string): PathPatchError {
    const { url = "worker.js", isBlob = false } = this.#started ?? {};
    const from = URL.canParse(url) ? new URL(url).origin : "'self'";
    if (this.#refused) {
      const directives = `worker-src ${isBlob ? "blob:" : from}; script-src ${from} 'wasm-unsafe-eval'; connect-src ${from}`;
      const expected = `the page's Content-Security-Policy to allow it: add ${directives}`;
      return PathPatchError.of("unsupported", "the engine's worker", expected, `a refusal by ${this.#refused}`);
    }
    const expected = `to start it from ${url}`;
    const hint = isBlob
      ? `is it there, with Access-Control-Allow-Origin, and in the page's Content-Security-Policy (script-src ${from})?`
      : "where a bundler or a server has it elsewhere, name it: setAssets({ workerUrl })";
    return PathPatchError.of("engine", "the engine's worker", expected, `${message || "an error"}; ${hint}`);
  }

  /** The worker runs, or never will. */
  #settle(): void {
    globalThis.document?.removeEventListener("securitypolicyviolation", this.#noteRefusal);
    this.#started?.release();
  }

  /** Nothing more comes from this worker: reject what waits, and whatever is asked later. */
  #fail(error: PathPatchError): void {
    if (this.#stopped) return;
    this.#stopped = error;
    this.#settle();
    this.#started?.worker.terminate();
    this.#helpers.end();
    for (const { reject } of [...this.#waiting.values()]) reject(error);
  }
}

function lost(why: string): PathPatchError {
  return new PathPatchError("engine", `the engine stopped: ${why}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
