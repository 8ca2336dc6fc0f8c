// The engine's WebAssembly module: fetched and compiled where no other worker has, and instantiated once.

import init from "../../wasm/engine";
import { fault, refusal } from "./failure";

/** The engine's module in this worker. */
interface Started {
  compiled: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

let wasmUrl = "";
let started: Promise<Started> | undefined;
/** What the page's Content-Security-Policy has refused this worker last. */
let refused: string | undefined;

self.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
  refused = effectiveDirective;
});

/** Say where the module is. */
export function setWasmUrl(url: string): void {
  wasmUrl = url;
}

/** The module from its address; instantiated anew after a failure, as of the network. */
export function engineModule(): Promise<Started> {
  started ??= fetched().catch((error) => {
    started = undefined;
    throw error;
  });
  return started;
}

/** Take a module that another worker has compiled. */
export function takeModule(compiled: WebAssembly.Module): Promise<Started> {
  started = instantiate(compiled);
  return started;
}

async function fetched(): Promise<Started> {
  const from = async (cache: RequestCache) => instantiate(await compile(cache));
  try {
    return await from("default");
  } catch (error) {
    // The browser had a module of another version than this worker.
    if (error instanceof WebAssembly.LinkError) return from("reload");
    throw error;
  }
}

async function instantiate(compiled: WebAssembly.Module): Promise<Started> {
  const { memory } = await init({ module_or_path: compiled });
  return { compiled, memory };
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
