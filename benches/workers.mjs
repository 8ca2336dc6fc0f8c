// The full sweep in Chromium on the CPU, by one worker and by several in turns: one line of JSON.
//
//     node benches/workers.mjs SITE MODEL PROMPTS.json WORKERS TURNS
//
// SITE is a directory with the built site and, under it, the model's directory MODEL. What is printed has the steps of
// the fastest sweep by several workers, from which `benches/workers.rs` says how long other numbers would take.

import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const [site, model, promptsFile, workers, turns] = process.argv.slice(2);
const prompts = JSON.parse(readFileSync(promptsFile, "utf8"));
const request = {
  clean: prompts.clean[0],
  corrupted: prompts.corrupted[0],
  answer: prompts.answers[0],
  distractor: prompts.distractors[0],
  component: "k",
};

const server = await serve(site);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  const of = { 1: [], [workers]: [] };
  for (let turn = 0; turn < Number(turns); turn++) {
    for (const n of Object.keys(of)) {
      // A page of its own, so that nothing is left of the one before.
      const page = await browser.newPage();
      const origin = server.resolvedUrls.local[0];
      const blank = { contentType: "text/html", body: "<!doctype html>" };
      await page.route("**/blank.html", (route) => route.fulfill(blank));
      await page.goto(`${origin}blank.html`);
      of[n].push(await page.evaluate(measure, { model, request, workers: Number(n) }));
      await page.close();
      console.error(`${n} workers: ${of[n].at(-1).seconds.toFixed(1)} s`);
    }
  }
  const fastest = (all) => all.reduce((a, b) => (a.seconds < b.seconds ? a : b));
  const [one, several] = Object.values(of).map(fastest);
  const isSame = Object.values(of).flat().every(({ values }) => values === one.values);
  const { steps } = several;
  const figures = ({ values, steps, ...rest }) => rest;
  console.log(JSON.stringify({ isSame, one: figures(one), several: figures(several), steps }));
} finally {
  await browser.close();
  await server.close();
}

/** Runs in the page. */
async function measure({ model: name, request, workers }) {
  const { PathPatch } = await import(`${location.origin}/pathpatch.js`);
  const seconds = async (work) => {
    const start = performance.now();
    const result = await work();
    return [(performance.now() - start) / 1e3, result];
  };
  const load = () => PathPatch.load(`${location.origin}/${name}`, { device: "cpu", workers });
  const [loadSeconds, model] = await seconds(load);
  const [estimateSeconds] = await seconds(() => model.estimateDirectPathAllSources(request));
  // The runs are kept: what is measured is the estimates, once more, and all exact values.
  const sweep = (options) => model.getActPatchDirectPathAllSources({ ...request, ...options });
  let edges = 0;
  const onProgress = ({ done }) => {
    edges = done;
  };
  const [taken, grid] = await seconds(() => sweep({ onProgress }));
  const steps = await model.steps();
  const cancels = [];
  for (let i = 0; i < 5; i++) {
    const controller = new AbortController();
    const stopped = sweep({ signal: controller.signal }).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 3000 + 130 * i));
    const [took] = await seconds(() => {
      controller.abort();
      return stopped;
    });
    cancels.push(took * 1e3);
  }
  const memory = await model.memory();
  model.dispose();
  return {
    workers: model.workers,
    load_seconds: loadSeconds,
    estimate_seconds: estimateSeconds,
    seconds: taken,
    edges,
    memory,
    slowest_cancel_ms: Math.max(...cancels),
    values: new Uint32Array(grid.values.buffer).join(),
    steps,
  };
}
