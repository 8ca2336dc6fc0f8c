// Direct path patching on GPT-2, for any page: `import { PathPatch } from "./pathpatch.js"`.
//
// A thin client: the engine runs in a worker of its own, so that the page stays responsive.

import type { Call, Calls, FromWorker, MetricRequest, ToWorker } from "./messages";
import type {
  AllSourcesOptions,
  Config,
  DeviceReport,
  EdgeDetail,
  EdgeOptions,
  ErrorCode,
  EstimateOptions,
  Estimates,
  Grid,
  HeadDetail,
  HeadOptions,
  Keeping,
  KeptModel,
  LoadOptions,
  LoadProgress,
  ModelSource,
  OneSourceOptions,
  Plan,
  PromptPair,
  Space,
  SweepProgress,
  Token,
} from "./types.js";
import { workerSource } from "./source";
import workerUrl from "./worker?worker&url";

export type * from "./types.js";

/** An error that names what was expected and what came; `code` says which input it is about. */
export class PathPatchError extends Error {
  override name = "PathPatchError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** What would do in place of what was given, as an answer with the space that it lacks. */
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
  onProgress?: (progress: never) => void;
}

/** A GPT-2 ready for direct path patching. */
export class PathPatch {
  readonly #engine: EngineClient;
  /** The model's shape. */
  readonly config: Config;
  /** Which device it runs on, and why. */
  readonly device: DeviceReport;
  /** Whether this browser keeps it for the next visit. */
  readonly keeping: Keeping;

  private constructor(engine: EngineClient, loaded: Calls["load"]["answer"]) {
    this.#engine = engine;
    this.config = loaded.config;
    this.device = loaded.device;
    this.keeping = loaded.keeping;
  }

  /**
   * Load a model: a tensor at a time, as its bytes come. A download goes on where a lost connection or a closed
   * tab left it. Rejects with a `PathPatchError`; its code is `cancelled` once `signal` is aborted.
   */
  static async load(model: ModelSource, options: LoadOptions = {}): Promise<PathPatch> {
    const source = workerSource(model);
    const { device = "auto", keep = source.kind === "hub", onProgress, signal } = options;
    const engine = new EngineClient();
    try {
      // Whether the browser may clear what is kept, it asks the reader or decides by itself.
      if (keep) await globalThis.navigator?.storage?.persist?.();
      const loaded = await engine.ask("load", { source, device, keep }, onProgress, signal);
      return new PathPatch(engine, loaded);
    } catch (error) {
      engine.stop();
      throw error;
    }
  }

  /** What loading a model would download. */
  static plan(model: ModelSource, { signal }: { signal?: AbortSignal } = {}): Promise<Plan> {
    return helper().ask("plan", { source: workerSource(model) }, undefined, signal);
  }

  /** The models that this browser keeps. */
  static keptModels(): Promise<{ models: KeptModel[]; space: Space | null }> {
    return helper().ask("keptModels", {});
  }

  /** Keep a model no more, by its `id`. */
  static removeModel(id: string): Promise<void> {
    return helper().ask("removeModel", { id });
  }

  /** The tokens of a text; with the beginning-of-text token in front unless `prependBos` is false. */
  tokenize(text: string, { prependBos = true }: { prependBos?: boolean } = {}): Promise<Token[]> {
    return this.#engine.ask("tokenize", { text, prependBos });
  }

  /** Patch the direct path from one head to every later head: a grid `[layers, heads]`. */
  getActPatchDirectPath(options: OneSourceOptions): Promise<Grid> {
    const { srcLayer, srcHead, estimates = false } = options;
    return this.#sweep(options, { srcLayer, srcHead, estimates });
  }

  /** Patch the direct path from every head to every later head: `[layers, heads, layers, heads]`. */
  getActPatchDirectPathAllSources(options: AllSourcesOptions): Promise<Grid> {
    const { estimates = true } = options;
    return this.#sweep(options, { estimates });
  }

  /**
   * Estimate the direct path from every head to every later head's query, key and value, to first order:
   * the price of a few forward passes instead of one for each edge.
   */
  estimateDirectPathAllSources(options: EstimateOptions): Promise<Estimates> {
    return this.#engine.ask("estimate", metricRequest(options), undefined, options.signal);
  }

  /** Look at one edge on one pair: what both heads attend to, what the patch changes, where the output goes. */
  edgeDetail(options: EdgeOptions): Promise<EdgeDetail> {
    const { component, srcLayer, srcHead, dstLayer, dstHead } = options;
    const request = { ...metricRequest(options), component, srcLayer, srcHead, dstLayer, dstHead };
    return this.#engine.ask("edgeDetail", request, undefined, options.signal);
  }

  /** Look at one head on one pair: what it attends to, and what it adds to the answer's logit directly. */
  headDetail(options: HeadOptions): Promise<HeadDetail> {
    const { layer, head } = options;
    return this.#engine.ask("headDetail", { ...metricRequest(options), layer, head }, undefined, options.signal);
  }

  /** Floating-point operations a second of bare products of so many rows with a block's weights. */
  matmulRate(rows: number): Promise<number> {
    return this.#engine.ask("matmulRate", { rows });
  }

  /** Bytes of memory that the engine has taken from the browser; a GPU's own memory is not among them. */
  memory(): Promise<number> {
    return this.#engine.ask("memory", {});
  }

  /** Stop the worker and free the model; anything under way is rejected as cancelled. */
  dispose(): void {
    this.#engine.stop();
  }

  #sweep(
    options: AllSourcesOptions,
    rest: { srcLayer?: number; srcHead?: number; estimates: boolean },
  ): Promise<Grid> {
    const { component, onProgress, signal } = options;
    const request = { ...metricRequest(options), component, ...rest };
    return this.#engine.ask("sweep", request, onProgress, signal);
  }
}

function metricRequest(options: EstimateOptions): MetricRequest {
  const { metric = "logit-diff", position, prependBos = true, layerNorm = "frozen" } = options;
  const pairs = "pairs" in options ? options.pairs : [options];
  return { pairs: pairs.map(bare), metric, position, prependBos, layerNorm };
}

/** A pair without what came with it, so that it can be cloned. */
function bare({ clean, corrupted, answer, distractor }: PromptPair): PromptPair {
  return { clean, corrupted, answer, distractor };
}

/** Asks the worker and keeps track of what is under way. */
class EngineClient {
  readonly #worker = startWorker();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #stopped: PathPatchError | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      const message = event.message || "its worker could not be started";
      this.#fail(new PathPatchError("engine", `the engine stopped: ${message}`));
    };
  }

  async ask<C extends Call>(
    call: C,
    args: Calls[C]["arguments"],
    onProgress?: ((p: LoadProgress) => void) | ((p: SweepProgress) => void),
    signal?: AbortSignal,
  ): Promise<Calls[C]["answer"]> {
    if (this.#stopped) throw this.#stopped;
    if (signal?.aborted) throw cancelled(call);
    const id = ++this.#lastId;
    const cancel = () => this.#post({ id, call: "cancel" });
    signal?.addEventListener("abort", cancel, { once: true });
    const answer = new Promise<Calls[C]["answer"]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
    });
    this.#post({ id, call, arguments: args } as ToWorker);
    try {
      const got = await answer;
      // The answer may have been on its way when the cancel was sent; whoever cancelled expects none.
      if (signal?.aborted) throw cancelled(call);
      return got;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  stop(): void {
    this.#fail(cancelled("the engine"));
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ("progress" in message) {
      waiting.onProgress?.(message.progress as never);
      return;
    }
    this.#waiting.delete(message.id);
    if ("answer" in message) waiting.resolve(message.answer as never);
    else {
      const { code, message: text, suggestion } = message.failure;
      waiting.reject(new PathPatchError(code, text, suggestion));
    }
  }

  /** Nothing more comes from this worker: reject what waits, and whatever is asked later. */
  #fail(error: PathPatchError): void {
    this.#stopped = error;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

let helping: EngineClient | undefined;

/** An engine without a model, for what needs none. */
function helper(): EngineClient {
  if (!helping || helping.isStopped) helping = new EngineClient();
  return helping;
}

function cancelled(what: string): PathPatchError {
  return new PathPatchError("cancelled", `${what}: expected to finish, got a cancel`);
}

/** Start the worker; through a blob where this module comes from another origin than the page. */
function startWorker(): Worker {
  const url = new URL(workerUrl, import.meta.url);
  if (url.origin === location.origin) return new Worker(url, { type: "module" });
  const source = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(source), { type: "module" });
}
