// Direct path patching on GPT-2, for any page: a thin client of the engine, which runs in workers of its own, so
// that the page stays responsive.

import type { Assets } from "./assets.js";
import type { EngineClient } from "./client";
import { PathPatchError } from "./error.js";
import { growing } from "./edges";
import type { Calls, EdgeDetailRequest, MetricRequest } from "./messages";
import type {
  AllSourcesOptions,
  Answer,
  Config,
  DeviceReport,
  EdgeDetail,
  EdgeDetailOptions,
  EdgeOptions,
  EdgesOptions,
  EdgesResult,
  EstimateOptions,
  Estimates,
  Grid,
  HeadDetail,
  HeadEdgeDetail,
  HeadOptions,
  Keeping,
  KeptModel,
  LayerNorm,
  LoadOptions,
  ModelSource,
  OneSourceOptions,
  PairPredictions,
  Plan,
  PredictionsOptions,
  PromptPair,
  Space,
  Token,
  Warning,
  WorkerStep,
} from "./types.js";
import { workerSource } from "./source";

export { type Assets, setAssets } from "./assets.js";
export { type ErrorDetails, PathPatchError } from "./error.js";
export type * from "./types.js";

/** How long an engine may take to hear that its load is cancelled; then its worker is ended. */
const CANCEL_MS = 1000;
/** How long the engine without a model is kept after it was asked last. */
const IDLE_MS = 10_000;

/** A GPT-2 ready for direct path patching. */
export class PathPatch {
  readonly #engine: EngineClient;
  /** The model's shape. */
  readonly config: Config;
  /** Which device it runs on, and why. */
  readonly device: DeviceReport;
  /** How many workers share it. */
  readonly workers: number;
  /** Whether this browser keeps it for the next visit. */
  readonly keeping: Keeping;
  /** What to know about the model's files. */
  readonly warnings: Warning[];

  private constructor(engine: EngineClient, loaded: Calls["load"]["answer"]) {
    this.#engine = engine;
    this.config = loaded.config;
    this.device = loaded.device;
    this.workers = loaded.workers;
    this.keeping = loaded.keeping;
    this.warnings = loaded.warnings;
  }

  /**
   * Load a model: a tensor at a time, as its bytes come. A download goes on where a lost connection or a closed
   * tab left it. Rejects with a `PathPatchError`; its code is `cancelled` once `signal` is aborted.
   */
  static async load(model: ModelSource, options: LoadOptions = {}): Promise<PathPatch> {
    const source = workerSource(model);
    const { device = "auto", weights = "f32", keep = source.kind === "hub", workers, onProgress, signal, workerUrl, wasmUrl } = options;
    const engine = await startEngine({ workerUrl, wasmUrl });
    let giveUp: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      giveUp = setTimeout(() => engine.stop(), CANCEL_MS);
    };
    signal?.addEventListener("abort", onAbort);
    try {
      if (keep) persist();
      const asked = { source, device, weights, keep, workers, byDefault: defaultWorkers() };
      const loaded = await engine.ask("load", asked, { onProgress, signal });
      return new PathPatch(engine, loaded);
    } catch (error) {
      engine.stop();
      throw error;
    } finally {
      clearTimeout(giveUp);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** What loading a model would download. */
  static async plan(model: ModelSource, { signal }: { signal?: AbortSignal } = {}): Promise<Plan> {
    const source = workerSource(model);
    return helper((engine) => engine.ask("plan", { source }, { signal }));
  }

  /** The models that this browser keeps. */
  static keptModels(): Promise<{ models: KeptModel[]; space: Space | null }> {
    return helper((engine) => engine.ask("keptModels", {}));
  }

  /** Delete a kept model, by its `id`. */
  static removeModel(id: string): Promise<void> {
    return helper((engine) => engine.ask("removeModel", { id }));
  }

  /** Whether its engine has stopped, by `dispose` or because it failed: then only a new load helps. */
  get isStopped(): boolean {
    return this.#engine.isStopped;
  }

  /** The tokens of a text; with the beginning-of-text token in front unless `prependBos` is false. */
  tokenize(text: string, { prependBos = true }: { prependBos?: boolean } = {}): Promise<Token[]> {
    return this.#engine.ask("tokenize", { text, prependBos });
  }

  /** The tokens that an answer stands for, or a distractor; rejects where an item is not one token. */
  answerTokens(answer: Answer, field: "answer" | "distractor" = "answer"): Promise<Token[]> {
    return this.#engine.ask("answerTokens", { answer, isDistractor: field === "distractor" });
  }

  /**
   * Tokens of the vocabulary whose text begins with `start`, in the same case first, then in any; the shortest first.
   * None without a tokenizer.
   */
  complete(start: string, { limit = 8 }: { limit?: number } = {}): Promise<Token[]> {
    return this.#engine.ask("complete", { start, limit });
  }

  /**
   * What both runs of each pair say next, where the metric reads. A question that cannot be run, for want of an answer
   * or with two equal prompts, is told all the same.
   */
  predictions(options: PredictionsOptions): Promise<PairPredictions[]> {
    const { top = 5, signal } = options;
    return this.#engine.ask("predictions", { ...metricRequest(options), top }, { signal });
  }

  /** What to know about prompts and a metric before they are run; rejects where they cannot be. */
  async check(options: EstimateOptions & Pick<EdgesOptions, "patch">): Promise<Warning[]> {
    const { patch = "resample", signal } = options;
    return this.#engine.ask("check", { ...metricRequest(options), patch }, { signal });
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
   * Estimate the direct path from every head to every later head's query, key and value: with the receiver's own
   * attention exact and the rest by the gradient, at the price of a few forward passes instead of one for each edge.
   */
  estimateDirectPathAllSources(options: EstimateOptions): Promise<Estimates> {
    return this.#engine.ask("estimate", metricRequest(options), { signal: options.signal });
  }

  /**
   * Every edge of the graph, or those that are named: the metric once one of them is patched. Estimates come first, then
   * exact values, those with the largest estimates before others.
   */
  async edges(options: EdgesOptions): Promise<EdgesResult> {
    const { scores = "exact", steps = 5, edges, estimates = true, strongest, checked = 300, byPosition = false, signal } = options;
    const { direction = "denoise", patch = "resample" } = options;
    const request = {
      ...metricRequest(options, "exact"),
      direction,
      patch,
      scores,
      steps,
      edges: edges?.map(({ from, to }) => ({ from, to })),
      estimates,
      strongest,
      checked,
      byPosition,
    };
    const { onProgress, whole } = growing(options.onUpdate);
    return whole(await this.#engine.ask("edges", request, { onProgress, signal }));
  }

  /** Look at one edge on one pair: what its heads attend to, what the patch changes, where the output goes. */
  edgeDetail(options: EdgeDetailOptions): Promise<EdgeDetail>;
  /** Between two heads, by their numbers: the clean write in the corrupted run. */
  edgeDetail(options: EdgeOptions): Promise<HeadEdgeDetail>;
  edgeDetail(options: EdgeDetailOptions | EdgeOptions): Promise<EdgeDetail | HeadEdgeDetail> {
    return this.#engine.ask("edgeDetail", edgeDetailRequest(options), { signal: options.signal });
  }

  /** Look at one head on one pair: what it attends to, and what it adds to the answer's logit directly. */
  headDetail(options: HeadOptions): Promise<HeadDetail> {
    const { layer, head } = options;
    return this.#engine.ask("headDetail", { ...metricRequest(options), layer, head }, { signal: options.signal });
  }

  /**
   * Floating-point operations a second of bare products of so many rows with a block's weights, for every product that its
   * device has a choice of, by name: on a GPU for each of our tiles. `device.matmul` names the one that is used.
   */
  matmulRates(rows: number): Promise<[name: string, rate: number][]> {
    return this.#engine.ask("matmulRates", { rows });
  }

  /** Bytes of memory that all workers have taken from the browser; a GPU's own memory is not among them. */
  memory(): Promise<number> {
    return this.#engine.ask("memory", {});
  }

  /** Which steps of the last sweep which worker did when; none where there is one worker. */
  steps(): Promise<WorkerStep[]> {
    return this.#engine.ask("steps", {});
  }

  /** Stop all workers and free the model; anything under way is rejected as cancelled. */
  dispose(): void {
    this.#engine.stop();
  }

  #sweep(
    options: AllSourcesOptions,
    rest: { srcLayer?: number; srcHead?: number; estimates: boolean },
  ): Promise<Grid> {
    const { component, onProgress, signal } = options;
    const request = { ...metricRequest(options), component, ...rest };
    return this.#engine.ask("sweep", request, { onProgress, signal });
  }
}

/** One less than there are cores, for the page and its drawing; 1 where memory is short, as on phones. */
function defaultWorkers(): number {
  const { hardwareConcurrency = 1, deviceMemory = 0, userAgentData } = navigator as Navigator & {
    deviceMemory?: number;
    userAgentData?: { mobile: boolean };
  };
  const isPhone = userAgentData?.mobile || (deviceMemory < 4 && globalThis.matchMedia?.("(pointer: coarse)").matches);
  return isPhone ? 1 : Math.min(8, Math.max(1, hardwareConcurrency - 1));
}

function edgeDetailRequest(options: EdgeDetailOptions | EdgeOptions): EdgeDetailRequest {
  if (!("from" in options)) {
    const { component, srcLayer, srcHead, dstLayer, dstHead } = options;
    return { ...metricRequest(options), component, srcLayer, srcHead, dstLayer, dstHead };
  }
  const { from, to, direction = "denoise", patch = "resample", byPosition = false } = options;
  const pair = "pairs" in options ? options.pair : undefined;
  return { ...metricRequest(options, "exact"), pair, direction, patch, from, to, byPosition };
}

function metricRequest(options: EstimateOptions, byDefault: LayerNorm = "frozen"): MetricRequest {
  const { metric = "logit-diff", position, prependBos = true, layerNorm = byDefault } = options;
  const pairs = "pairs" in options ? options.pairs : [options];
  return { pairs: pairs.map(bare), metric, position, prependBos, layerNorm };
}

/** A pair without what came with it, so that it can be cloned. */
function bare({ clean, corrupted, answer, distractor }: PromptPair): PromptPair {
  return { clean, corrupted, answer, distractor };
}

/** Start an engine. What talks to it is loaded now: a figure that nobody runs does without. */
async function startEngine(assets: Assets): Promise<EngineClient> {
  const { EngineClient } = await import("./client").catch((error: Error) => {
    throw PathPatchError.of("engine", "the engine's client", "to be loaded", error.message);
  });
  return new EngineClient(assets);
}

let helping: EngineClient | undefined;
let asked = 0;
let idle: ReturnType<typeof setTimeout> | undefined;

/** Ask an engine without a model, which is let go once nobody asks. */
async function helper<T>(ask: (engine: EngineClient) => Promise<T>): Promise<T> {
  clearTimeout(idle);
  asked += 1;
  try {
    if (!helping || helping.isStopped) {
      const started = await startEngine({});
      // Somebody else may have asked meanwhile.
      if (!helping || helping.isStopped) helping = started;
      else started.stop();
    }
    return await ask(helping);
  } finally {
    asked -= 1;
    if (asked === 0) idle = setTimeout(() => helping?.stop(), IDLE_MS);
  }
}

/** Ask that what is kept may stay. The browser asks the reader or decides by itself; nothing waits for its answer. */
function persist(): void {
  // Refused where the page may keep nothing, as in a sandboxed frame: the engine then says that it is not kept.
  void globalThis.navigator?.storage?.persist?.().catch(() => false);
}
