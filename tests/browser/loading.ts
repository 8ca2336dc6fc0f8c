// Loads models in the browser for tests.

import type { Page } from "@playwright/test";
import type { KeptModel, LoadProgress } from "../../www/src/engine/types";
import type { Hub } from "./hub";
import { openBlank } from "./module";

export interface Loaded {
  /** `none`, or the code and the message of the error. */
  error: string;
  layers: number;
  kept: boolean;
  reason: string;
  revision: string | null;
  progress: LoadProgress[];
  /** Wasm memory in bytes, after loading. */
  memory: number;
  seconds: number;
  /** Warnings of the loaded model. */
  warnings: string[];
  /** `cpu` or `webgpu`. */
  device: string;
  /** Time from the cancel until the load ends. */
  cancelSeconds: number;
}

export interface LoadTest {
  repo: string;
  /** Load the files at this address instead. */
  base?: string;
  revision?: string;
  device?: "cpu" | "webgpu";
  keep?: boolean;
  /** Cancel once this many bytes of the weights have arrived. */
  cancelAt?: number;
  /** Cancel once a wait with this text in its reason begins. */
  cancelWhile?: string;
}

/** Load a model from a hub on a page that `openBlank` opened; the model stays there as `window.model`. */
export function load(page: Page, hub: Hub, test: LoadTest): Promise<Loaded> {
  const { cancelAt, cancelWhile, device = "cpu", keep, base, ...model } = test;
  return page.evaluate(
    async ({ source, device, keep, cancelAt, cancelWhile }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const holder = globalThis as { model?: { dispose(): void } };
      holder.model?.dispose();
      holder.model = undefined;
      const progress: import("../../www/src/engine/types").LoadProgress[] = [];
      const controller = new AbortController();
      const onProgress = (p: (typeof progress)[number]) => {
        progress.push(p);
        const isFar = p.file.endsWith(".safetensors") && p.loaded >= (cancelAt ?? Number.POSITIVE_INFINITY);
        const isWaiting = cancelWhile !== undefined && p.waiting?.includes(cancelWhile);
        if (!(isFar || isWaiting) || controller.signal.aborted) return;
        cancelled = performance.now();
        controller.abort();
      };
      let cancelled = Number.POSITIVE_INFINITY;
      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1e3;
      const nothing = { layers: 0, kept: false, reason: "", revision: null, memory: 0, device: "", warnings: [], cancelSeconds: 0 };
      try {
        const model = await PathPatch.load(source, { device, keep, onProgress, signal: controller.signal });
        const took = seconds();
        holder.model = model;
        const { kept, reason, revision } = model.keeping;
        const memory = await model.memory();
        const loaded = { error: "none", layers: model.config.n_layers, kept, reason, revision, progress, memory };
        const warnings = model.warnings.map(({ message }: { message: string }) => message);
        return { ...loaded, seconds: took, device: model.device.kind, warnings, cancelSeconds: 0 };
      } catch (thrown) {
        const { code, message } = thrown as { code: string; message: string };
        const cancelSeconds = (performance.now() - cancelled) / 1e3;
        return { ...nothing, error: `${code} | ${message}`, progress, seconds: seconds(), cancelSeconds };
      }
    },
    { source: base ?? { ...model, hub: hub.url }, device, keep, cancelAt, cancelWhile },
  );
}

/**
 * Run a script in each of a page's workers before the worker's own code. The page must be one of the server's files: a
 * worker from a blob has the permissions of its page, and a page made by a test may not make requests to local servers.
 */
export async function patchWorkers(page: Page, script: string): Promise<void> {
  await page.addInitScript((script) => {
    const module = (text: string) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const first = module(script);
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL) {
        const own = new URL(url, document.baseURI);
        super(module(`import ${JSON.stringify(first)}; import ${JSON.stringify(own)};`), { type: "module" });
      }
    };
  }, script);
  await page.goto("/models/ioi-demo/config.json");
}

/** The models that the browser keeps. */
export function kept(page: Page): Promise<KeptModel[]> {
  return page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    return (await PathPatch.keptModels()).models;
  });
}

/** Sweep with the last loaded model. */
export function sweepLoaded(page: Page, options: Record<string, unknown>): Promise<(number | null)[]> {
  return page.evaluate(async (options) => {
    type Model = import("../../www/src/engine/pathpatch").PathPatch;
    const { model } = globalThis as unknown as { model: Model };
    const sweep = "srcLayer" in options ? "getActPatchDirectPath" : "getActPatchDirectPathAllSources";
    const grid = await model[sweep](options as never);
    return Array.from(grid.values, (value) => (Number.isNaN(value) ? null : value));
  }, options);
}

export { openBlank };
