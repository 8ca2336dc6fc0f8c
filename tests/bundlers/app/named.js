// The same where the bundler does not find the worker: its address and the module's are named once.

import { setAssets } from "pathpatch";

setAssets({ workerUrl: "pathpatch/worker.js", wasmUrl: "pathpatch/engine_bg.wasm" });
await import("./main.js");
