// The worker: holds the wasm engine and answers one message after another.

import init, { Engine, keptModels, plan, removeModel } from "../wasm/engine";
import module_or_path from "../wasm/engine_bg.wasm?url";
import type { Calls, Failure, FromWorker, ToWorker } from "./messages";

const running = new Map<number, AbortController>();
let engine: Engine | undefined;
/** The module, instantiated once. */
let module: ReturnType<typeof init> | undefined;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
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

async function perform(
  request: Exclude<ToWorker, { call: "cancel" }>,
  signal: AbortSignal,
): Promise<Calls[keyof Calls]["answer"]> {
  const onProgress = (progress: never) => post({ id: request.id, progress });
  module ??= init({ module_or_path });
  const { memory } = await module;
  switch (request.call) {
    case "load": {
      const { source, device, keep } = request.arguments;
      engine = await Engine.load(source, device, keep, onProgress, signal);
      return { config: engine.config(), device: engine.device(), keeping: engine.keeping() };
    }
    case "plan":
      return plan(request.arguments.source, onProgress, signal);
    case "keptModels":
      return keptModels();
    case "removeModel":
      await removeModel(request.arguments.id);
      return undefined;
    case "tokenize":
      return loaded().tokenize(request.arguments.text, request.arguments.prependBos);
    case "sweep":
      return loaded().sweep(request.arguments, onProgress, signal);
    case "estimate":
      return loaded().estimate(request.arguments, signal);
    case "headDetail":
      return loaded().headDetail(request.arguments, signal);
    case "edgeDetail":
      return loaded().edgeDetail(request.arguments, signal);
    case "matmulRate":
      return loaded().matmulRate(request.arguments.rows, signal);
    case "memory":
      return memory.buffer.byteLength;
  }
}

function loaded(): Engine {
  if (!engine) throw new Error("no model is loaded");
  return engine;
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

/** What went wrong, as data. An error without a code of ours is a fault of the engine or the browser. */
function failure(error: unknown): Failure {
  if (error instanceof WebAssembly.CompileError) {
    const expected = "a browser with WebAssembly SIMD (any of 2023 or later)";
    return { code: "unsupported", message: `this browser: expected ${expected}, got ${error.message}` };
  }
  const message = error instanceof Error ? error.message : String(error);
  const { code, suggestion } = (error ?? {}) as Partial<Failure>;
  return code ? { code, message, suggestion } : { code: "engine", message: `the engine stopped: ${message}` };
}
