// pathpatch.js on its own, on the CPU: the command line's numbers, and its errors.

import { statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as cli from "./cli";
import { difference, openBlank, sweep } from "./module";
import { expect, test } from "./test";

for (const component of ["q", "k", "v"]) {
  test(`all sources, ${component}: the command line's grid`, async ({ page }) => {
    const { kind, grid } = await sweep(page, "auto", { ...cli.INDUCTION, component });
    expect(kind).toBe("cpu");
    expect(grid.shape).toEqual([3, 4, 3, 4]);
    const theirs = cli.sweep({ ...cli.INDUCTION, component });
    expect(difference(grid.values, theirs)).toBeLessThan(1e-3);
    expect(grid.mask).toEqual(theirs.map((value) => (value === null ? 0 : 1)));
  });
}

test("one source, another metric, ids instead of text", async ({ page }) => {
  const metric = "normalized-logit-diff";
  const one = { component: "k", metric, srcLayer: 0, srcHead: 3 };
  const fromText = await sweep(page, "cpu", { ...cli.INDUCTION, ...one });
  expect(fromText.grid.shape).toEqual([3, 4]);
  expect(fromText.grid.cleanMetric).toBeCloseTo(1, 5);
  expect(fromText.grid.corruptedMetric).toBeCloseTo(0, 5);
  const theirs = cli.sweep({ ...cli.INDUCTION, component: "k", metric, source: "0.3" });
  expect(difference(fromText.grid.values, theirs)).toBeLessThan(1e-3);

  const ids = await page.evaluate(async (texts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`);
    const of = async (text: string, prependBos: boolean) =>
      (await model.tokenize(text, { prependBos })).map((t: { id: number }) => t.id);
    return {
      clean: await of(texts.clean, true),
      corrupted: await of(texts.corrupted, true),
      answer: (await of(texts.answer, false))[0],
      distractor: (await of(texts.distractor, false))[0],
    };
  }, cli.INDUCTION);
  const fromIds = await sweep(page, "cpu", { ...ids, ...one });
  expect(fromIds.grid).toEqual(fromText.grid);
});

test("sets of answers are texts, ids or lists of both", async ({ page }) => {
  const one = { component: "k", metric: "prob-diff", srcLayer: 0, srcHead: 3 };
  const sets = { ...cli.INDUCTION, answer: "lamp|river", distractor: "spoon|crown|tiger" };
  const theirs = cli.sweep({ ...sets, component: "k", metric: "prob-diff", source: "0.3" });
  const { grid } = await sweep(page, "cpu", { ...sets, ...one });
  expect(difference(grid.values, theirs)).toBeLessThan(1e-4);
  const seen = await page.evaluate(async (options) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`);
    const told = (asked: Promise<unknown>) => asked.then(() => "none", (e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const [lamp, river] = await model.answerTokens("lamp|river");
    const lists = { answer: [lamp.id, "river"], distractor: ["spoon|crown", "tiger"] };
    const swept = await model.getActPatchDirectPath({ ...options, ...lists });
    return {
      texts: [lamp.text, river.text],
      values: Array.from(swept.values as Float32Array, (value) => (Number.isNaN(value) ? null : value)),
      unread: await told(model.answerTokens(["lamp", "riber"], "distractor")),
      noToken: await told(model.answerTokens(["lamp", {}])),
      oneOnly: await told(model.check({ ...options, metric: "logit-diff" })),
    };
  }, { ...sets, ...one });
  expect(seen.texts).toEqual(["lamp", "river"]);
  expect(seen.values).toEqual(grid.values);
  expect(seen.unread).toBe('distractor | distractor: expected words of this model\'s vocabulary, got "riber"');
  expect(seen.noToken).toBe("answer | answer[1]: expected text or a token id, got a value of type object");
  expect(seen.oneOnly).toBe("answer | answer: expected one token (metric logit-diff), got 2; the metric prob-diff takes several");
});

test("a browser without relaxed SIMD gets the same numbers", async ({ page }) => {
  const options = { ...cli.INDUCTION, component: "k" };
  const fused = await sweep(page, "cpu", options);
  // In such a browser, the module with the fused tile is invalid.
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const body = `WebAssembly.validate = () => false;\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  const plain = await sweep(page, "cpu", options);
  // Different last digits show that other instructions were used.
  expect(plain.grid.values).not.toEqual(fused.grid.values);
  expect(difference(plain.grid.values, fused.grid.values)).toBeLessThan(1e-3);
});

test("estimates come first, then exact values in batches, and each is marked as what it is", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load("./models/ioi-demo");
    type Progress = import("../../www/src/engine/types").SweepProgress;
    const updates: Progress[] = [];
    const onProgress = (progress: Progress) => updates.push(progress);
    const options = { ...prompts, component: "k", onProgress };
    const grid = await model.getActPatchDirectPathAllSources(options);
    const estimates = await model.estimateDirectPathAllSources(prompts);
    const drawn = new Float32Array(grid.values.length).fill(Number.NaN);
    const exact = new Uint8Array(grid.values.length);
    for (const { fresh } of updates) {
      fresh.indices.forEach((index, i) => {
        drawn[index] = fresh.values[i]!;
        exact[index] = fresh.exact[i]!;
      });
    }
    const first = updates[0]!.fresh;
    const { k } = estimates;
    const off = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, x, i) => (Number.isNaN(x) ? most : Math.max(most, Math.abs(x - b[i]!))), 0);
    return {
      first: { entries: first.indices.length, exact: Array.from(first.exact) },
      firstOff: Math.max(...Array.from(first.indices, (i, at) => Math.abs(k.values[i] - first.values[at]!))),
      estimated: Array.from(k.exact as Uint8Array),
      drawnOff: off(grid.values, drawn),
      exact: Array.from(exact),
      mask: Array.from(grid.mask as Uint8Array),
      last: { ...updates.at(-1)!, fresh: undefined },
      estimateOff: off(grid.values, k.values),
      rate: new Map<string, number>(await model.matmulRates(64)).get(model.device.matmul),
      memory: await model.memory(),
    };
  }, cli.INDUCTION);
  const paths = seen.mask.filter((m) => m === 1).length;
  expect(seen.first).toEqual({ entries: paths, exact: Array(paths).fill(0) });
  expect(seen.firstOff).toBe(0);
  expect(seen.estimated).toEqual(Array(seen.mask.length).fill(0));
  expect(seen.drawnOff).toBe(0);
  expect(seen.exact).toEqual(seen.mask);
  expect(seen.last).toMatchObject({ done: paths, total: paths, secondsLeft: 0 });
  expect(seen.last.maxEstimateError).toBeCloseTo(seen.estimateOff, 5);
  expect(seen.rate).toBeGreaterThan(1e6);
  expect(seen.memory).toBeGreaterThan(1e6);
});

test("details of one edge and one head, and several pairs", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (pair) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load("./models/ioi-demo", { device: "cpu" });
    const ends = { component: "k", srcLayer: 0, srcHead: 3, dstLayer: 1, dstHead: 3 };
    const edge = await model.edgeDetail({ ...pair, ...ends });
    const head = await model.headDetail({ ...pair, layer: 1, head: 3 });
    const one = await model.getActPatchDirectPath({ ...pair, ...ends });
    const pairs = [pair, { ...pair, distractor: "crown" }];
    const two = await model.getActPatchDirectPath({ pairs, ...ends });
    const many = await model.edgeDetail({ pairs, ...ends }).catch((e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const named = { from: "a0.h3", to: "a1.h3<k>", patch: "mean" };
    const means = await Promise.all([0, 1].map((pair) => model.edgeDetail({ pairs, pair, ...named, byPosition: true })));
    const { table } = await model.edges({ pairs, edges: [named], patch: "mean" });
    const place = table.senders.indexOf(named.from) * table.receivers.length + table.receivers.indexOf(named.to);
    const told = (asked: Promise<unknown>) => asked.then(() => "none", (e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const others = [await told(model.edgeDetail({ pairs, ...named })), await told(model.edgeDetail({ pairs, pair: 2, ...named }))];
    const none = await model.headDetail({ ...pair, layer: 3, head: 0 }).catch((e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const spread = Array.from(two.spread as Float32Array, (s) => (Number.isNaN(s) ? null : s));
    const isAlone = one.spread.every((s: number) => Number.isNaN(s));
    return { edge, head, value: one.values[7], mean: two.values[7], spread, isAlone, many, none, means, ofTable: table.values[place], others };
  }, cli.INDUCTION);

  const theirs = cli.sweep({ ...cli.INDUCTION, component: "k", metric: "logit-diff", source: "0.3" })[7]!;
  expect(Math.abs(seen.edge.value - theirs)).toBeLessThan(1e-3);
  expect(seen.value).toBeCloseTo(seen.edge.value, 3);
  const positions = 14;
  expect(seen.edge.patched).toHaveLength(positions ** 2);
  expect(seen.head).toEqual({ ...seen.edge.dst, warnings: [] });
  // For a single head: its attribution to the answer comes from the token after the first “fox”.
  const { clean } = seen.head.attribution;
  expect(clean.indexOf(Math.max(...clean))).toBe(2);
  expect(seen.edge.moved.map(({ id }: { id: number }) => id)).toEqual(seen.edge.tokens.map(({ id }: { id: number }) => id));

  const other = cli.sweep({ ...cli.INDUCTION, distractor: "crown", component: "k", metric: "logit-diff", source: "0.3" })[7]!;
  expect(Math.abs(seen.mean - (theirs + other) / 2)).toBeLessThan(1e-3);
  expect(seen.isAlone).toBe(true);
  expect(seen.spread[7]).toBeGreaterThan(0);
  expect(seen.spread[0]).toBeNull();
  expect(seen.many).toBe("clean | prompt pairs: expected one to look at, got 2");
  // Each pair is patched with the mean over both.
  expect((seen.means[0].value + seen.means[1].value) / 2).toBeCloseTo(seen.ofTable, 3);
  expect(seen.means[0].byPosition).toHaveLength(positions);
  expect(seen.others).toEqual([
    "clean | prompt pairs: expected one to look at, got 2",
    "option | pair: expected 0 to 1 (the pairs, counted from 0), got 2",
  ]);
  expect(seen.none).toBe("source | head: expected layer 0 to 2 and head 0 to 3, got 3.0");
});

test("what both runs say next, and completions", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load("./models/ioi-demo", { device: "cpu" });
    const told = (asked: Promise<unknown>) => asked.then(() => "none", (e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const { clean, corrupted } = prompts;
    const many = { pairs: Array.from({ length: 200 }, () => prompts) };
    const during = new AbortController();
    const cancelled = told(model.predictions({ ...many, signal: during.signal }));
    during.abort();
    return {
      pairs: await model.predictions({ pairs: [prompts, { clean, corrupted: clean }] }),
      many: (await model.predictions({ ...many, top: 1 })).length,
      cancelled: await cancelled,
      noTop: await told(model.predictions({ clean, corrupted, top: -1 })),
      noWord: await told(model.predictions({ ...prompts, answer: "zebu" })),
      words: (await model.complete("la")).map(({ text }: { text: string }) => text),
      one: await model.complete("LAM", { limit: 1 }),
      noLimit: await told(model.complete("la", { limit: 0.5 })),
    };
  }, cli.INDUCTION);
  const [one, equal] = seen.pairs as import("../../www/src/engine/types").PairPredictions[];
  const { clean, corrupted } = one!.top;
  expect([clean.length, corrupted.length]).toEqual([5, 5]);
  expect([clean[0]!.text, corrupted[0]!.text]).toEqual(["lamp", "crown"]);
  expect(clean[0]!.probability).toBeCloseTo(0.983, 3);
  expect(corrupted[0]!.probability).toBeCloseTo(0.979, 3);
  expect(one!.answers.clean).toEqual([clean[0]]);
  expect(one!.distractors.corrupted.map(({ text }) => text)).toEqual(["spoon"]);
  expect(one!.logitDiff.clean).toBeCloseTo(9.233, 2);
  expect(one!.logitDiff.corrupted).toBeCloseTo(-0.284, 2);
  expect(one!.metric.clean).toBeCloseTo(one!.logitDiff.clean!, 4);
  expect(equal!.top.corrupted).toEqual(clean);
  expect(equal!.answers).toEqual({ clean: [], corrupted: [] });
  expect([equal!.metric, equal!.logitDiff]).toEqual(Array(2).fill({ clean: null, corrupted: null }));
  expect(seen.many).toBe(200);
  expect(seen.cancelled).toContain("cancelled | ");
  expect(seen.noTop).toBe("option | top: expected a whole number from 0 on, got -1");
  expect(seen.noWord).toContain("answer | answer: expected words of this model's vocabulary");
  expect(seen.words).toContain("lamp");
  expect(seen.one.map(({ text }: { text: string }) => text)).toEqual(["lamp"]);
  expect(seen.noLimit).toBe("option | limit: expected a whole number from 0 on, got 0.5");
});

test("load reports progress and the model's shape, and distinguishes a cancel from a fault", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const codeOf = (promise: Promise<unknown>) =>
      promise.then(
        () => "none",
        (error: { code: string; message: string }) => `${error.code} | ${error.message}`,
      );
    const files: Record<string, [number, number]> = {};
    const model = await PathPatch.load("./models/ioi-demo/", {
      onProgress: (p: { file: string; loaded: number; total: number }) => {
        files[p.file] = [p.loaded, p.total];
      },
    });
    const all = { ...prompts, component: "q" };
    const early = AbortSignal.abort();
    const during = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done > 0) during.abort();
    };
    const cancelled = model.getActPatchDirectPathAllSources({ ...all, signal: during.signal, onProgress });
    return {
      files,
      layers: model.config.n_layers,
      cancelledEarly: await codeOf(model.getActPatchDirectPathAllSources({ ...all, signal: early })),
      cancelled: await codeOf(cancelled),
      afterCancel: await codeOf(model.getActPatchDirectPathAllSources(all)),
      source: await codeOf(model.getActPatchDirectPath({ ...all, srcLayer: 9, srcHead: 0 })),
      answer: await codeOf(model.getActPatchDirectPathAllSources({ ...all, answer: "Mary John" })),
      component: await codeOf(model.getActPatchDirectPathAllSources({ ...all, component: "z" })),
      device: await codeOf(PathPatch.load("./models/ioi-demo", { device: "webgpu" })),
      wrongDevice: await codeOf(PathPatch.load("./models/ioi-demo", { device: "tpu" })),
    };
  }, cli.INDUCTION);

  expect(seen.layers).toBe(3);
  const [loaded, total] = seen.files["model.safetensors"]!;
  const size = statSync("www/models/ioi-demo/model.safetensors").size;
  expect(loaded).toBe(size);
  // A server that compresses on the fly does not announce the length.
  expect([size, null]).toContain(total);
  expect(seen.cancelledEarly).toContain("cancelled | ");
  expect(seen.cancelled).toContain("cancelled | ");
  expect(seen.afterCancel).toBe("none");
  expect(seen.source).toBe("source | source head: expected layer 0 to 2 and head 0 to 3, got 9.0");
  expect(seen.answer).toBe('answer | answer: expected one token, got 2: "Mary" "John"');
  expect(seen.component).toBe("option | component: expected q, k or v, got z");
  expect(seen.device).toMatch(/^device \| device webgpu: expected a WebGPU adapter, got .*; did you mean "cpu"\?$/);
  expect(seen.wrongDevice).toBe("option | device: expected auto, cpu or webgpu, got tpu");
});

test.describe("a missing model", () => {
  // Chromium itself logs every 404.
  test.use({ expectedComplaints: /status of 404/ });

  test("is an error that names the file", async ({ page }) => {
    await openBlank(page);
    const error = await page.evaluate(async () => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      return PathPatch.load("./models/nothing-here").catch((e: Error & { code: string }) => `${e.code} | ${e.message}`);
    });
    expect(error).toMatch(/^io \| .*\/models\/nothing-here\/config\.json: expected a file config\.json, got status 404/);
  });
});

test("a page on another origin can use it", async ({ page, baseURL }) => {
  const server = createServer((_, response) => {
    const page = '<!doctype html><title>A blog</title><link rel="icon" href="data:,">';
    response.setHeader("content-type", "text/html").end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  try {
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    const layers = await page.evaluate(async (site) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${site}/pathpatch.js`);
      const model = await PathPatch.load(`${site}/models/ioi-demo`);
      return model.config.n_layers;
    }, baseURL);
    expect(layers).toBe(3);
  } finally {
    server.close();
  }
});

test.describe("a failing engine", () => {
  test.use({ expectedComplaints: /status of 503/ });

  /** The error of a rejected promise in the page. */
  const told = (error: { name: string; code: string; message: string }) => `${error.name} ${error.code}: ${error.message}`;

  test("a module that could not be fetched is requested again", async ({ page }) => {
    await page.route("**/engine_bg.wasm", (route) => route.fulfill({ status: 503 }), { times: 1 });
    await openBlank(page);
    const seen = await page.evaluate(async (told) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const first = await PathPatch.keptModels().catch(new Function("error", `return (${told})(error)`));
      return { first, second: await PathPatch.keptModels() };
    }, told.toString());
    expect(seen.first).toMatch(/^PathPatchError io: the engine's module: expected a file at http:.*engine_bg\.wasm, got status 503/);
    expect(seen.second.models).toEqual([]);
  });

  test("an invalid address gives a PathPatchError that names it", async ({ page }) => {
    await openBlank(page);
    const said = await page.evaluate(async (told) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      return PathPatch.load("http://[").catch(new Function("error", `return (${told})(error)`));
    }, told.toString());
    expect(said).toBe('PathPatchError io: model: expected gpt2, owner/name of the Hub, the address of a directory with http:// or https://, or files, got "http://["');
  });

  test("after a trap the model reports that it has stopped, and a new load works", async ({ page }) => {
    await page.route("**/lib/worker.js", async (route) => {
      const response = await route.fetch();
      // The next request for the memory size reaches an engine that has trapped.
      const trap = `const get = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer").get;
        let isTrapped = false;
        addEventListener("message", ({ data }) => { isTrapped = data.call === "memory"; });
        Object.defineProperty(WebAssembly.Memory.prototype, "buffer", { get() { if (isTrapped) throw new WebAssembly.RuntimeError("unreachable"); return get.call(this); } });`;
      await route.fulfill({ response, body: `${trap}\n${await response.text()}` });
    });
    await openBlank(page);
    const seen = await page.evaluate(async (told) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const say = new Function("error", `return (${told})(error)`);
      const model = await PathPatch.load("./models/ioi-demo", { device: "cpu" });
      const asked = await model.memory().catch(say);
      const later = await model.tokenize("fox").catch(say);
      const again = await PathPatch.load("./models/ioi-demo", { device: "cpu" });
      return { asked, later, isStopped: [model.isStopped, again.isStopped], tokens: (await again.tokenize("fox")).length };
    }, told.toString());
    expect(seen.asked).toBe("PathPatchError engine: the engine stopped: unreachable");
    expect(seen.later).toBe(seen.asked);
    expect(seen.isStopped).toEqual([true, false]);
    expect(seen.tokens).toBe(2);
  });

  test("if the engine does not react to a cancel, the load and its worker end within two seconds", async ({ page }) => {
    await page.route("**/lib/worker.js", async (route) => {
      const response = await route.fetch();
      const deaf = 'addEventListener("message", (event) => { if (event.data.call === "cancel") event.stopImmediatePropagation(); });';
      await route.fulfill({ response, body: `${deaf}\n${await response.text()}` });
    });
    await page.route("**/model.safetensors", () => {});
    await openBlank(page);
    const seen = await page.evaluate(async (told) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const cancel = new AbortController();
      const load = PathPatch.load("./models/ioi-demo", { device: "cpu", signal: cancel.signal });
      load.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 700));
      const began = performance.now();
      cancel.abort();
      const said = await load.catch(new Function("error", `return (${told})(error)`));
      return { said, took: performance.now() - began };
    }, told.toString());
    expect(seen.said).toMatch(/^PathPatchError cancelled: /);
    expect(seen.took).toBeLessThan(2000);
    await expect.poll(() => page.workers().length).toBe(0);
  });
});
