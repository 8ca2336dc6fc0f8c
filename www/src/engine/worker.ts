// The worker: holds the wasm engine and answers one message after another.
//
// It shares no module with the client, so that it is one file, wherever a bundler or a server puts it.

import init, { Engine, join, keptModels, plan, receive, removeModel } from "../wasm/engine";
import { forget, recall, remember } from "./remembered";
import type { Calls, Failure, FromWorker, Module, Request, Told, ToWorker } from "./messages";
import type { ErrorCode, Warning } from "./types";

/** As in version.ts, which is the client's. */
declare const PATHPATCH_VERSION: string;

const running = new Map<number, AbortController>();
let engine: Engine | undefined;
let wasmUrl = "";
/** The module, instantiated once; anew after a failure, as of the network. */
let module: ReturnType<typeof init> | undefined;
let compiled: WebAssembly.Module;
/** The ways to other workers that share the model. */
let crew: MessagePort[] = [];
let brought: (started: boolean[]) => void;
/** What the page's Content-Security-Policy has refused this worker last. */
let refused: string | undefined;

self.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
  refused = effectiveDirective;
});

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.call === "start") {
    wasmUrl = data.wasmUrl;
    return;
  }
  if (data.call === "crew") {
    brought(data.started);
    return;
  }
  if (data.call === "join") {
    help(data.port);
    return;
  }
  if (data.call === "cancel") {
    running.get(data.id)?.abort();
    return;
  }
  const { id } = data;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const answer = await perform(data, controller.signal);
    post({ id, answer });
  } catch (error) {
    post({ id, failure: failure(error) });
  } finally {
    running.delete(id);
  }
};
post({ id: 0 });

async function perform(request: Request, signal: AbortSignal): Promise<Calls[keyof Calls]["answer"]> {
  const onProgress = (progress: never) => post({ id: request.id, progress });
  module ??= instantiate();
  const { memory } = await module.catch((error) => {
    module = undefined;
    throw error;
  });
  switch (request.call) {
    case "load":
      return load(request.arguments, onProgress, signal);
    case "plan":
      return plan(request.arguments.source, onProgress, signal);
    case "keptModels":
      return keptModels();
    case "removeModel":
      await removeModel(request.arguments.id);
      await forget();
      return undefined;
    case "tokenize":
      return loaded().tokenize(request.arguments.text, request.arguments.prependBos);
    case "answerTokens":
      return loaded().answer_tokens(request.arguments.answer, request.arguments.isDistractor);
    case "complete":
      return loaded().complete(request.arguments.start, request.arguments.limit);
    case "predictions":
      return loaded().predictions(request.arguments, signal);
    case "check":
      return loaded().check(request.arguments, signal);
    case "sweep":
      return loaded().sweep(request.arguments, onProgress, signal);
    case "estimate":
      return loaded().estimate(request.arguments, signal);
    case "edges":
      return loaded().edges(request.arguments, onProgress, signal);
    case "headDetail":
      return loaded().headDetail(request.arguments, signal);
    case "edgeDetail":
      return loaded().edgeDetail(request.arguments, signal);
    case "matmulRates":
      return loaded().matmulRates(request.arguments.rows, signal);
    case "memory": {
      let bytes = memory.buffer.byteLength;
      for (const other of crew.keys()) bytes += Number((await ask(other, "memory", []))[0]);
      return bytes;
    }
    case "steps":
      return loaded().steps();
  }
}

async function instantiate(): ReturnType<typeof init> {
  const start = async (cache: RequestCache) => init({ module_or_path: (compiled = await compile(cache)) });
  try {
    return await start("default");
  } catch (error) {
    // The browser had a module of another version than this worker.
    if (error instanceof WebAssembly.LinkError) return start("reload");
    throw error;
  }
}

/** Load a model; where not so many workers can be started as it is for, with those that can. */
async function load(
  { source, device, weights, keep, workers, byDefault }: Calls["load"]["arguments"],
  onProgress: (progress: never) => void,
  signal: AbortSignal,
): Promise<Calls["load"]["answer"]> {
  let lacking: Warning | undefined;
  let warning: Warning | undefined;
  const bringAll = async (others: number, config: string) => {
    if ((await bring(others, config)) === others) return;
    const some = `${1 + crew.length}: the browser did not start more, so sweeps take longer; values are the same`;
    lacking = { code: "engine", message: `workers: expected ${1 + others} to share the model, got ${some}` };
    throw lacking.message;
  };
  const verdicts = device === "cpu" ? null : await verdictsOf();
  const options = { device, weights, fastest: verdicts ? await fastestBy(verdicts) : {} };
  const begin = (asked: number | undefined) => Engine.load(source, options, keep, asked, byDefault, bringAll, ask, onProgress, signal);
  let asked = workers;
  for (;;) {
    lacking = undefined;
    try {
      engine = await begin(asked);
      break;
    } catch (error) {
      // Each time there are fewer.
      if (!lacking) throw error;
      warning = lacking;
      asked = 1 + crew.length;
    }
  }
  const about: Calls["load"]["answer"] = engine.about();
  const { race, matmul } = about.device;
  // Another tab may have remembered something in the meantime.
  if (verdicts && race) await remember(verdicts, JSON.stringify({ ...(await fastestBy(verdicts)), [race]: matmul }));
  return { ...about, warnings: [...about.warnings, ...(warning ? [warning] : [])] };
}

/**
 * Where it is remembered which product of matrices is fastest on this adapter, as this version found it. A browser tells the
 * maker and the kind of an adapter at most.
 */
async function verdictsOf(): Promise<string | null> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? `fastest/${PATHPATCH_VERSION}/${adapter.info?.vendor}/${adapter.info?.architecture}` : null;
}

/** Names of products, by what they were found to be fastest for. */
async function fastestBy(verdicts: string): Promise<Record<string, string>> {
  try {
    const kept: object = JSON.parse((await recall(verdicts)) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([, name]) => typeof name === "string"));
  } catch {
    // Another page of this origin has written something else there: the product is raced for anew.
    return {};
  }
}

/** Have others who know the model's `config.json`, as far as they can be started: how many there are then. */
async function bring(others: number, config: string): Promise<number> {
  // A second attempt to load finds those of the first.
  const missing = others - crew.length;
  if (missing > 0) crew.push(...(await start(missing)));
  const joining = crew.map((port) => say(port, { module: compiled, config }));
  const joined = await Promise.allSettled(joining);
  crew = crew.filter((_, i) => joined[i]!.status === "fulfilled");
  return Math.min(crew.length, others);
}

/**
 * Have the page start so many others: the ways to those that have started, once they listen. Firefox loses a module that
 * is sent from a port that has just been handed on, or to one that is on its way: these are made here, and stay.
 */
async function start(count: number): Promise<MessagePort[]> {
  const channels = Array.from({ length: count }, () => new MessageChannel());
  const listening = channels.map(({ port1 }) => new Promise<unknown>((resolve) => (port1.onmessage = resolve)));
  const ports = channels.map(({ port2 }) => port2);
  const started = await new Promise<boolean[]>((resolve) => {
    brought = resolve;
    self.postMessage({ id: -1, others: ports } satisfies FromWorker, { transfer: ports });
  });
  await Promise.all(listening.filter((_, i) => started[i]));
  return channels.flatMap(({ port1 }, i) => (started[i] ? [port1] : []));
}

/** Ask another worker; the message is on its way when this returns. */
function ask(other: number, head: string, arrays: Float32Array[]): Promise<Told> {
  return say(crew[other]!, [head, arrays], buffersOf({ ...arrays }));
}

/** Rejects with the other's words where it cannot do what is said. */
function say(port: MessagePort, message: Module | Told, buffers: ArrayBuffer[] = []): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<Told | string>) => {
      port1.close();
      if (typeof data === "string") reject(data);
      else resolve(data);
    };
    port1.onmessageerror = () => reject("an answer that cannot be read");
    port.postMessage(message, [port2, ...buffers]);
  });
}

/** Hold layers for the worker at the other end: steps of sweeps one after the other, all else at once. */
function help(port: MessagePort): void {
  let steps = Promise.resolve();
  // The page hears of it, and ends all.
  port.onmessageerror = () => { throw new Error("a message between workers cannot be read"); };
  port.onmessage = ({ data, ports: [reply] }: MessageEvent<Module | Told>) => {
    if ("module" in data) {
      module = init({ module_or_path: data.module }).then((started) => {
        join(data.config);
        return started;
      });
      module.then(
        () => reply!.postMessage(["", []] satisfies Told),
        (error) => {
          // The other goes on without this one.
          reply!.postMessage(failure(error).message);
          self.close();
        },
      );
      return;
    }
    const [head, arrays] = data;
    const answer = async () => {
      try {
        const { memory } = await module!;
        const told: Told = head === "memory" ? [`${memory.buffer.byteLength}`, []] : await receive(head, arrays);
        reply!.postMessage(told, buffersOf({ ...told[1] }));
      } catch (error) {
        const { code, message } = failure(error);
        // The page hears of it, and ends all.
        if (code === "engine") setTimeout(() => { throw error; });
        else reply!.postMessage(message);
      }
    };
    if (head.startsWith('{"Step"')) steps = steps.then(answer);
    else answer();
  };
  port.postMessage("here");
}

async function compile(cache: RequestCache): Promise<WebAssembly.Module> {
  refused = undefined;
  const failed = (got: string) => fault("io", "the engine's module", `a file at ${wasmUrl}`, got);
  const response = await fetch(wasmUrl, { cache }).catch(async (error: Error) => {
    // The browser tells of a refusal by the policy in an event of its own, perhaps a moment later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw refused ? refusal(refused, new URL(wasmUrl).origin) : failed(error.message);
  });
  if (!response.ok) {
    throw failed(`status ${response.status}; where a bundler or a server has it elsewhere, name it: setAssets({ wasmUrl })`);
  }
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  const bytes = await response.arrayBuffer();
  const isWasm = new DataView(bytes).byteLength > 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
  if (!isWasm) throw failed(`${response.headers.get("content-type") ?? "something"} that is no WebAssembly`);
  return WebAssembly.compile(bytes);
}

function loaded(): Engine {
  if (!engine) throw new Error("no model is loaded");
  return engine;
}

/** Arrays go to the page without being copied: they are made for it. */
function post(message: FromWorker): void {
  self.postMessage(message, { transfer: [...new Set(buffersOf(message))] });
}

function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap(buffersOf);
}

function fault(code: ErrorCode, what: string, expected: string, got: string): Error & Failure {
  return Object.assign(new Error(`${what}: expected ${expected}, got ${got}`), { code, what, expected, got });
}

function refusal(directive: string, needs: string): Error & Failure {
  const expected = `the page's Content-Security-Policy to allow it: add ${needs} to ${directive}`;
  return fault("unsupported", "the engine", expected, `a refusal by ${directive}`);
}

/** What went wrong, as data. An error without a code of ours is a fault of the engine or the browser. */
function failure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const { code, what, expected, got, suggestion } = (error ?? {}) as Partial<Failure>;
  // A DOMException has a code as well, which is a number.
  if (typeof code === "string") return { code, message, what, expected, got, suggestion };
  if (error instanceof WebAssembly.CompileError) {
    if (/Content[ -]Security|CSP|unsafe-eval/i.test(message)) return failure(refusal("script-src", "'wasm-unsafe-eval'"));
    const simd = "WebAssembly with SIMD (any browser of 2023 or later)";
    return failure(fault("unsupported", "this browser", simd, message));
  }
  const isFatal = error instanceof WebAssembly.RuntimeError;
  return { code: "engine", message: `the engine stopped: ${message}`, isFatal };
}
