// What the bundled model costs on WebGPU: pipelines that are made from loading to the end of a sweep, and dispatches of a
// layer's step. The worker's calls of WebGPU are counted. Times are printed: they are those of a software adapter.

import type { Page } from "@playwright/test";
import * as cli from "./cli";
import { beforeWorkers, openBlank } from "./module";
import { expect, test } from "./test";

/** Most pipelines from loading to the end of a sweep. */
const PIPELINES = 24;
/** Most dispatches of a layer's step. */
const DISPATCHES = 10;

/** What the worker has asked of WebGPU. */
interface Counts {
  pipelines: number;
  dispatches: number;
}

/** Counts what follows it in a worker. */
const PROBE = `
self.gpuCounts = { pipelines: 0, dispatches: 0 };
for (const [type, method, what] of [
  [GPUDevice, "createComputePipeline", "pipelines"],
  [GPUDevice, "createComputePipelineAsync", "pipelines"],
  [GPUComputePassEncoder, "dispatchWorkgroups", "dispatches"],
  [GPUComputePassEncoder, "dispatchWorkgroupsIndirect", "dispatches"],
]) {
  const call = type.prototype[method];
  type.prototype[method] = function (...rest) {
    self.gpuCounts[what] += 1;
    return call.apply(this, rest);
  };
}
`;

/** An empty page whose engine is counted. */
async function openCounted(page: Page): Promise<void> {
  await beforeWorkers(page, PROBE);
  await openBlank(page);
}

/** What has been counted so far. */
async function counts(page: Page): Promise<Counts> {
  const [worker] = page.workers();
  return worker!.evaluate(() => ({ ...(self as unknown as { gpuCounts: Counts }).gpuCounts }));
}

test("few pipelines from loading to the end of a sweep", async ({ page }) => {
  test.setTimeout(300_000);
  await openCounted(page);
  const run = (what: "load" | "estimates" | "sweep") =>
    page.evaluate(
      async ({ what, options }) => {
        const start = performance.now();
        const kept = window as unknown as { model: Record<string, (options: unknown) => Promise<unknown>> };
        if (what === "load") {
          const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
          kept.model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "webgpu" });
        } else {
          const call = what === "sweep" ? "getActPatchDirectPathAllSources" : "estimateDirectPathAllSources";
          await kept.model[call]!(options);
        }
        return (performance.now() - start) / 1000;
      },
      { what, options: { ...cli.INDUCTION, component: "k" } },
    );
  const [loaded, estimated, first, second] = [await run("load"), await run("estimates"), await run("sweep"), await run("sweep")];
  const { pipelines, dispatches } = await counts(page);
  const seconds = (n: number) => n.toFixed(2);
  console.log(
    `loaded in ${seconds(loaded)} s, estimates in ${seconds(estimated)} s, first sweep in ${seconds(first)} s, second in ${seconds(second)} s; ` +
      `${seconds(loaded + estimated + first)} s from load to the end of the first sweep; ${pipelines} pipelines, ${dispatches} dispatches`,
  );
  expect(pipelines).toBeGreaterThan(5);
  expect(pipelines).toBeLessThanOrEqual(PIPELINES);
});

test("few dispatches for a layer's step", async ({ page }) => {
  test.setTimeout(300_000);
  await openCounted(page);
  await page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    (window as unknown as { model: unknown }).model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "webgpu" });
  });
  const one = (to: string) =>
    page.evaluate(
      async ({ to, options }) => {
        const { model } = window as unknown as { model: { edges(options: unknown): Promise<unknown> } };
        await model.edges({ ...options, edges: [{ from: "input", to }], estimates: false });
      },
      { to, options: cli.INDUCTION },
    );
  const dispatches = async (to: string) => {
    // What the layer starts from is made once.
    await one(to);
    const before = await counts(page);
    await one(to);
    return (await counts(page)).dispatches - before.dispatches;
  };
  // An edge into the first MLP goes through one layer more than one into the second.
  const ofStep = (await dispatches("m0")) - (await dispatches("m1"));
  console.log(`${ofStep} dispatches for a layer's step`);
  expect(ofStep).toBeGreaterThan(2);
  expect(ofStep).toBeLessThanOrEqual(DISPATCHES);
});
