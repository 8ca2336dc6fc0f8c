// The engine's worker with what the bench needs around it: WebGPU counted, and a model without a download. The engine
// itself is the site's, as it is.

import { count } from "./counts";
import { serve } from "./random";

count();
serve();
// What earlier loads found is not known here: the race for the fastest product is part of what is measured.
Object.defineProperty(self, "caches", { value: undefined });
const engine = new URLSearchParams(location.search).get("engine");
if (engine === null) throw new Error("the bench's worker: expected the address of the engine's, got none");
await import(/* @vite-ignore */ engine);
