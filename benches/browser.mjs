// The full sweep in Chromium, on the CPU or on WebGPU: one line of JSON.
//
//     node benches/browser.mjs SITE cpu|webgpu MODEL PROMPTS.json SECONDS
//
// A sweep that takes longer than SECONDS is stopped, and its own estimate of the time left is added.
// SITE is a directory with the built site and, under it, the model's directory MODEL. Without a GPU, WebGPU
// is SwiftShader, which is correct but slow.

import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const [site, device, model, promptsFile, limit] = process.argv.slice(2);
const prompts = JSON.parse(readFileSync(promptsFile, "utf8"));
const request = {
  clean: prompts.clean[0],
  corrupted: prompts.corrupted[0],
  answer: prompts.answers[0],
  distractor: prompts.distractors[0],
  component: "k",
};

const server = await serve(site);
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", ...(device === "webgpu" ? webgpu : [])],
});
try {
  const page = await browser.newPage();
  const origin = server.resolvedUrls.local[0];
  await page.route("**/blank.html", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
  );
  await page.goto(`${origin}blank.html`);
  const report = await page.evaluate(measure, { device, model, request, limit: Number(limit) });
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
  await server.close();
}

/** Runs in the page. */
async function measure({ device, model: name, request, limit }) {
  const { PathPatch } = await import(`${location.origin}/pathpatch.js`);
  const seconds = async (work) => {
    const start = performance.now();
    const result = await work();
    return [(performance.now() - start) / 1e3, result];
  };
  const [loadSeconds, model] = await seconds(() => PathPatch.load(`${location.origin}/${name}`, { device }));
  const [estimateSeconds] = await seconds(() => model.estimateDirectPathAllSources(request));

  const sweep = (options) => model.getActPatchDirectPathAllSources({ ...request, ...options });
  let last;
  let largest = 0;
  const tooLong = new AbortController();
  const began = performance.now();
  const onProgress = (progress) => {
    const { exact, indices } = progress.fresh;
    if (exact.includes(1)) {
      last = progress;
      largest = Math.max(largest, indices.length);
      if (performance.now() - began > limit * 1e3) tooLong.abort();
    }
  };
  const [taken, grid] = await seconds(() =>
    sweep({ onProgress, signal: tooLong.signal }).catch((error) => {
      if (error.code !== "cancelled") throw error;
    }),
  );
  // The time left is proportional to the work left, so it gives the share of the work that is done.
  const doneShare = grid ? 1 : taken / (taken + last.secondsLeft);

  // How long a cancel takes, at moments unrelated to the sweep's steps.
  const cancels = [];
  for (let i = 0; i < 5; i++) {
    const controller = new AbortController();
    const stopped = sweep({ signal: controller.signal }).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 700 + 130 * i));
    const [took, error] = await seconds(() => {
      controller.abort();
      return stopped;
    });
    // The sweep of a small model may be done before the cancel.
    if (error.code === "cancelled") cancels.push(took * 1e3);
  }

  const differs = (id, i) => id !== request.corrupted[i];
  const rows = largest * (request.clean.length - request.clean.findIndex(differs));
  const rates = Object.fromEntries(await model.matmulRates(rows));
  return {
    device: model.device.kind,
    adapter: model.device.adapter,
    load_seconds: loadSeconds,
    estimate_seconds: estimateSeconds,
    seconds: taken / doneShare,
    projected: !grid,
    edges: last.total,
    flops: last.flops / doneShare,
    matmul_flops_per_second: rates[model.device.matmul],
    peak_memory: await model.memory(),
    slowest_cancel_ms: cancels.length ? Math.max(...cancels) : null,
    values: Array.from(grid?.values ?? [], (value) => (Number.isNaN(value) ? null : value)),
  };
}
