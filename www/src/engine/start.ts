// Starts the worker, and says where the wasm module is.
//
// The build writes both addresses into the package in the literal form that Vite, webpack and Rollup follow; see
// vite.config.ts. Where that does not reach, `setAssets` names them.

import type { Assets } from "./assets";

/** A worker on its way. */
export interface Started {
  worker: Worker;
  /** What it is started from, for messages. */
  url: string;
  /** Whether it is started through a blob that imports it. */
  isBlob: boolean;
  /** To be called once the worker runs, or never will. */
  release: () => void;
}

/** The wasm module's address; the worker gets it told. */
export function wasmUrl({ wasmUrl: named }: Assets): string {
  return named === undefined ? new URL("../wasm/engine_bg.wasm", import.meta.url).href : absolute(named);
}

/** Start the worker; through a blob where it comes from another origin than the page's, which no browser allows. */
export function startWorker({ workerUrl: named }: Assets): Started {
  const here = import.meta.url;
  const isElsewhere = /^https?:/.test(here) && new URL(here).origin !== self.origin;
  if (named === undefined && !isElsewhere) {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    return { worker, url: "worker.js of the package", isBlob: false, release: () => {} };
  }
  const url = named === undefined ? new URL("worker.js", here).href : absolute(named);
  if (new URL(url).origin === self.origin) {
    return { worker: new Worker(url, { type: "module" }), url, isBlob: false, release: () => {} };
  }
  // No worker of type "module": Chromium starts none where the page has no origin, as in a sandboxed frame, and what
  // it imports by a declaration a Content-Security-Policy's worker-src has to allow besides script-src. A failed
  // import is thrown where it reaches `worker.onerror`.
  const source = `import(${JSON.stringify(url)}).catch((error) => setTimeout(() => { throw error; }));`;
  const blob = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const release = () => URL.revokeObjectURL(blob);
  try {
    return { worker: new Worker(blob), url, isBlob: true, release };
  } catch (error) {
    release();
    throw error;
  }
}

function absolute(url: string | URL): string {
  return new URL(url, globalThis.document?.baseURI ?? location.href).href;
}
