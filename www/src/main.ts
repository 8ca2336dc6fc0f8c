// The page's start: load the bundled model, then hand over to the explorer.

import { PathPatch, PathPatchError } from "./engine/pathpatch";
import type { DeviceChoice } from "./engine/types";
import { explore } from "./explorer";
import { at, messageOf } from "./lib/dom";
import { formatBytes } from "./lib/format";
import { BUNDLED_MODEL } from "./lib/presets";
import * as progressView from "./views/progress";

const { name, url } = BUNDLED_MODEL;
const cancel = new AbortController();
/** What the progress bar's buttons do: while loading, and once a model is there. */
let onCancel = (): void => cancel.abort();
let onRunAgain = (): void => location.reload();

const showProgress = progressView.create(at("progress"), {
  onCancel: () => onCancel(),
  onRunAgain: () => onRunAgain(),
});

/** What belongs to no field; a cancel is no failure, and can be taken back. */
function fail(error: unknown): void {
  const isCancel = error instanceof PathPatchError && error.code === "cancelled";
  at("failure").textContent = isCancel ? "" : messageOf(error);
  showProgress({ state: isCancel ? "stopped" : "idle" });
}

/** `?device=cpu` or `?device=webgpu` overrides the choice. */
function deviceFromUrl(): DeviceChoice {
  return (new URL(location.href).searchParams.get("device") ?? "auto") as DeviceChoice;
}

function describe({ config, device }: PathPatch): string {
  const adapter = device.adapter ? ` (${device.adapter})` : "";
  const on = device.kind === "webgpu" ? `WebGPU${adapter}` : "the CPU";
  return `${name}: ${config.n_layers} layers × ${config.n_heads} heads, on ${on}: ${device.reason}`;
}

async function start(): Promise<void> {
  at("status").textContent = `Loading ${name} …`;
  showProgress({ state: "running", text: "Starting", done: 0, total: null });
  try {
    const model = await PathPatch.load(url, {
      device: deviceFromUrl(),
      signal: cancel.signal,
      onProgress: ({ file, loaded, total }) => {
        const size = total === null ? "" : ` of ${formatBytes(total)}`;
        const text = `${file}: ${formatBytes(loaded)}${size}`;
        showProgress({ state: "running", text, done: loaded, total });
      },
    });
    at("status").textContent = describe(model);
    at("status").dataset.device = model.device.kind;
    const explorer = explore(model, { showProgress, fail });
    onCancel = explorer.cancel;
    onRunAgain = explorer.run;
    explorer.run();
  } catch (error) {
    at("status").textContent = `${name} is not loaded.`;
    fail(error);
  }
}

void start();
