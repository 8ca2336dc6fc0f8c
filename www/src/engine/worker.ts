// The worker: holds the wasm engine and answers one message after another.
//
// It shares no module with the client, so that it is one file, wherever a bundler or a server puts it.

import { Engine, keptModels, plan, removeModel } from "../wasm/engine";
import { buffersOf } from "./worker/buffers";
import { ask, bring, toldStarted, memoryOfOthers } from "./worker/crew";
import { failure } from "./worker/failure";
import { adapterKey, recallFastest, rememberFastest } from "./worker/fastest";
import { help } from "./worker/help";
import { engineModule, setWasmUrl } from "./worker/module";
import { forget } from "./worker/remembered";
import type { Calls, FromWorker, Request, ToWorker } from "./messages";

const running = new Map<number, AbortController>();
let engine: Engine | undefined;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.call === "start") {
    setWasmUrl(data.wasmUrl);
    return;
  }
  if (data.call === "crew") {
    toldStarted(data.started);
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
  const { compiled, memory } = await engineModule();
  switch (request.call) {
    case "load":
      return load(request.arguments, compiled, onProgress, signal);
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
    case "memory":
      return memory.buffer.byteLength + (await memoryOfOthers());
    case "steps":
      return loaded().steps();
  }
}

async function load(
  { source, device, weights, keep, workers, byDefault }: Calls["load"]["arguments"],
  compiled: WebAssembly.Module,
  onProgress: (progress: never) => void,
  signal: AbortSignal,
): Promise<Calls["load"]["answer"]> {
  const adapter = device === "cpu" ? undefined : await adapterKey();
  const options = { device, weights, fastest: adapter ? await recallFastest(adapter) : {} };
  const bringOthers = (others: number, config: string) => bring(others, config, compiled);
  engine = await Engine.load(source, options, keep, workers, byDefault, bringOthers, ask, onProgress, signal);
  const about: Calls["load"]["answer"] = engine.about();
  const { race, matmul } = about.device;
  if (adapter && race) await rememberFastest(adapter, { [race]: matmul });
  return about;
}

function loaded(): Engine {
  if (!engine) throw new Error("no model is loaded");
  return engine;
}

/** Arrays go to the page without being copied: they are made for it. */
function post(message: FromWorker): void {
  self.postMessage(message, { transfer: [...new Set(buffersOf(message))] });
}
