// Loading models in the browser, for the tests of loading.

import type { Page } from "@playwright/test";
import type { KeptModel, LoadProgress } from "../../www/src/engine/types";
import type { Hub } from "./hub";
import { openBlank } from "./module";

export interface Loaded {
  /** `none`, or the code and the message of what went wrong. */
  error: string;
  layers: number;
  kept: boolean;
  reason: string;
  revision: string | null;
  progress: LoadProgress[];
  /** Bytes of wasm memory, and what there was before the model. */
  memory: number;
  seconds: number;
}

export interface LoadTest {
  repo: string;
  revision?: string;
  device?: "cpu" | "webgpu";
  keep?: boolean;
  /** Cancel once so many bytes of the weights have come. */
  cancelAt?: number;
}

/** Load a model of a hub on a page that `openBlank` opened; the model stays there as `window.model`. */
export function load(page: Page, hub: Hub, { cancelAt, device = "cpu", keep, ...model }: LoadTest): Promise<Loaded> {
  return page.evaluate(
    async ({ source, device, keep, cancelAt }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const holder = globalThis as { model?: { dispose(): void } };
      holder.model?.dispose();
      holder.model = undefined;
      const progress: import("../../www/src/engine/types").LoadProgress[] = [];
      const controller = new AbortController();
      const onProgress = (p: (typeof progress)[number]) => {
        progress.push(p);
        const isFar = p.file.endsWith(".safetensors") && p.loaded >= (cancelAt ?? Number.POSITIVE_INFINITY);
        if (isFar) controller.abort();
      };
      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1e3;
      const nothing = { layers: 0, kept: false, reason: "", revision: null, memory: 0 };
      try {
        const model = await PathPatch.load(source, { device, keep, onProgress, signal: controller.signal });
        const took = seconds();
        holder.model = model;
        const { kept, reason, revision } = model.keeping;
        const memory = await model.memory();
        return { error: "none", layers: model.config.n_layers, kept, reason, revision, progress, memory, seconds: took };
      } catch (thrown) {
        const { code, message } = thrown as { code: string; message: string };
        return { ...nothing, error: `${code} | ${message}`, progress, seconds: seconds() };
      }
    },
    { source: { ...model, hub: hub.url }, device, keep, cancelAt },
  );
}

/** What the browser keeps. */
export function kept(page: Page): Promise<KeptModel[]> {
  return page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    return (await PathPatch.keptModels()).models;
  });
}

/** Sweep with the model that was loaded last. */
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
