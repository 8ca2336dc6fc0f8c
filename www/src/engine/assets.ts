// Where the worker and the wasm module are, for those who have to say so: with esbuild, or on a CDN of their own.

/** Addresses, relative to the page; the package's own where left out. */
export interface Assets {
  /** Where `worker.js` is. */
  workerUrl?: string | URL;
  /** Where `engine_bg.wasm` is. */
  wasmUrl?: string | URL;
}

let chosen: Assets = {};

/** Say where the worker and the wasm module are, for every model that is loaded from now on. */
export function setAssets(assets: Assets): void {
  chosen = { ...chosen, ...assets };
}

/** What was said for one model, the rest as for all. */
export function assetsFor({ workerUrl, wasmUrl }: Assets): Assets {
  return { workerUrl: workerUrl ?? chosen.workerUrl, wasmUrl: wasmUrl ?? chosen.wasmUrl };
}
