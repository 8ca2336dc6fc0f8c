// The full sweep in Chromium on the CPU, by one worker and by several in turns: one line of JSON.
//
//     node benches/workers.mjs SITE MODEL PROMPTS.json WORKERS TURNS
//
// SITE is a directory with the built site and, under it, the model's directory MODEL. What is printed has the steps of
// the fastest sweep by several workers, from which `benches/workers.rs` says how long other numbers would take.

import { readdirSync, readFileSync } from "node:fs";
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
      const loaded = await page.evaluate(load, { model, request, workers: Number(n) });
      const before = cpuSeconds();
      const swept = await page.evaluate(sweep, request);
      const cpu_seconds = cpuSeconds() - before;
      of[n].push({ ...loaded, ...swept, cpu_seconds, ...(await page.evaluate(finish, request)) });
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

/** Seconds that all processes of the browser have computed: on Linux, else 0. Other work on the machine does not change it. */
function cpuSeconds() {
  const TICKS = 100;
  const stat = (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      return text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    } catch {
      // It has ended.
      return [];
    }
  };
  let pids;
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return 0;
  }
  const parents = new Map(pids.map((pid) => [Number(pid), stat(pid)[1]]));
  const isOurs = (pid) => pid === process.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  const ours = pids.map(Number).filter((pid) => pid !== process.pid && isOurs(pid));
  // User and system time.
  return ours.reduce((sum, pid) => sum + ((stat(pid)[11] ?? 0) + (stat(pid)[12] ?? 0)) / TICKS, 0);
}

/** Loads a model, in the page. */
async function load({ model: name, request, workers }) {
  const { PathPatch } = await import(`${location.origin}/pathpatch.js`);
  window.seconds = async (work) => {
    const start = performance.now();
    const result = await work();
    return [(performance.now() - start) / 1e3, result];
  };
  const loading = () => PathPatch.load(`${location.origin}/${name}`, { device: "cpu", workers });
  const [loadSeconds, model] = await seconds(loading);
  window.model = model;
  const [estimateSeconds] = await seconds(() => model.estimateDirectPathAllSources(request));
  return { workers: model.workers, load_seconds: loadSeconds, estimate_seconds: estimateSeconds };
}

/** Sweeps, in the page. The runs are kept: what is measured is the estimates, once more, and all exact values. */
async function sweep(request) {
  let edges = 0;
  const onProgress = ({ done }) => {
    edges = done;
  };
  const [taken, grid] = await seconds(() => model.getActPatchDirectPathAllSources({ ...request, onProgress }));
  const values = new Uint32Array(grid.values.buffer).join();
  return { seconds: taken, edges, values, steps: await model.steps() };
}

/** How long cancels take, at moments unrelated to the sweep's steps, and how much memory there is, in the page. */
async function finish(request) {
  const cancels = [];
  for (let i = 0; i < 5; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = model.getActPatchDirectPathAllSources({ ...request, signal }).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 2000 + 130 * i));
    const [took] = await seconds(() => {
      controller.abort();
      return stopped;
    });
    cancels.push(took * 1e3);
  }
  const memory = await model.memory();
  model.dispose();
  return { memory, slowest_cancel_ms: Math.max(...cancels) };
}
