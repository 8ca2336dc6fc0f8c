// Several workers share a model: the numbers of one, bit for bit; cancel, progress, memory, and a worker that is lost.

import type { Page } from "@playwright/test";
import type { EdgeDetail, EdgesResult, EdgesUpdate, LoadOptions } from "../../www/src/engine/types";
import * as cli from "./cli";
import { openBlank } from "./module";
import { expect, test } from "./test";

test.beforeEach(async ({ page }) => openBlank(page));

/** Everything that an engine computes about the bundled model, with so many workers: as texts of its bytes. */
const told = (page: Page, workers: number | undefined) =>
  page.evaluate(
    async ({ prompts, workers }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers });
      const two = [prompts, { ...prompts, clean: prompts.corrupted, corrupted: prompts.clean }];
      const bytes = (values: Float32Array) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];
      const of = ({ table, byPosition, check }: EdgesResult) => ({
        values: bytes(table.values),
        stdDev: bytes(table.stdDev),
        state: [...table.state],
        check,
        byPosition: byPosition && {
          estimates: bytes(byPosition.estimates.effects),
          exact: byPosition.exact.map(({ place, effects }) => [place, bytes(effects)]),
        },
      });
      const ends = { component: "k", srcLayer: 0, srcHead: 3, dstLayer: 2, dstHead: 1 };
      const result = {
        workers: model.workers,
        all: of(await model.edges(prompts)),
        noised: of(await model.edges({ pairs: two, direction: "noise", patch: "mean", metric: "kl", layerNorm: "frozen" })),
        strongest: of(await model.edges({ ...prompts, patch: "zero", metric: "prob", strongest: 20, byPosition: true })),
        heads: bytes((await model.getActPatchDirectPathAllSources({ ...prompts, component: "v" })).values),
        detail: await model.edgeDetail({ ...prompts, ...ends }),
        head: await model.headDetail({ ...prompts, layer: 2, head: 1 }),
        said: await model.predictions(prompts),
        memory: await model.memory(),
        steps: (await model.steps()).map(({ worker }: { worker: number }) => worker),
      };
      model.dispose();
      return result;
    },
    { prompts: cli.INDUCTION, workers },
  );

test("two and three workers give the numbers of one, bit for bit", async ({ page }) => {
  const one = await told(page, undefined);
  expect(one.workers).toBe(1);
  expect(one.steps).toEqual([]);
  for (const workers of [2, 3]) {
    const many = await told(page, workers);
    expect(many.workers).toBe(workers);
    expect([...new Set(many.steps)].sort()).toEqual([0, 1, 2].slice(0, workers));
    expect(many.memory).toBeGreaterThan(one.memory * 1.1);
    expect({ ...many, workers: 0, memory: 0, steps: [] }).toEqual({ ...one, workers: 0, memory: 0, steps: [] });
  }
});

test("there are no more workers than layers, and less than one is refused", async ({ page }) => {
  const workers = (asked: unknown) =>
    page.evaluate(async (workers) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const load = PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers } as LoadOptions);
      return load.then(
        (model: { workers: number; dispose(): void }) => {
          model.dispose();
          return model.workers;
        },
        (error: Error & { code: string }) => `${error.code} | ${error.message}`,
      );
    }, asked);
  expect(await workers(99)).toBe(3);
  expect(await workers(1)).toBe(1);
  expect(await workers(0)).toBe("option | workers: expected a whole number from 1 on, got 0");
  expect(await workers("many")).toBe('option | workers: expected a whole number from 1 on, got "many"');
});

test("progress comes as from one worker, and a cancel leaves nothing behind", async ({ page }) => {
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers: 2 });
    const done: number[] = [];
    const onUpdate = ({ progress }: EdgesUpdate) => done.push(progress.done);
    const whole: EdgesResult = await model.edges({ ...prompts, onUpdate });
    const controller = new AbortController();
    const code = await model
      .edges({
        ...prompts,
        signal: controller.signal,
        onUpdate: ({ progress }: EdgesUpdate) => progress.done > 0 && controller.abort(),
      })
      .catch((error: { code: string }) => error.code);
    // An edge may be asked about meanwhile, with a sweep of its own over positions.
    const edge = { ...prompts, from: "a0.h3", to: "a1.h3<k>", byPosition: true };
    const alone = await model.edgeDetail(edge);
    const [again, beside]: [EdgesResult, EdgeDetail] = await Promise.all([model.edges(prompts), model.edgeDetail(edge)]);
    const isSame =
      again.table.values.every((value, i) => Object.is(value, whole.table.values[i])) &&
      JSON.stringify(beside) === JSON.stringify(alone);
    const edges = whole.table.state.filter((state) => state > 0).length;
    return { done, edges, code, isSame, isStopped: model.isStopped };
  }, cli.INDUCTION);
  expect(seen.done.length).toBeGreaterThan(3);
  expect(seen.done).toEqual([...seen.done].sort((a, b) => a - b));
  expect(seen.done.at(-1)).toBe(seen.edges);
  expect(seen).toMatchObject({ code: "cancelled", isSame: true, isStopped: false });
});

test("a cancel takes effect before the steps end that other workers are at", async ({ page }) => {
  // While it holds, the other worker takes steps and does not do them: nothing that is in flight ends.
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const hold = `self.addEventListener("message", ({ data: { port } }) => {
      if (!port) return;
      const [channel, held] = [new BroadcastChannel("hold"), []];
      let holds = false;
      channel.onmessage = ({ data }) => {
        holds = data;
        if (!holds) for (const { data, ports } of held.splice(0)) port.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
        channel.postMessage("heard");
      };
      port.addEventListener("message", (event) => {
        if (!holds || !event.data[0]?.startsWith('{"Step"')) return;
        event.stopImmediatePropagation();
        held.push(event);
        channel.postMessage("held");
      });
    });`;
    await route.fulfill({ response, body: `${hold}\n${await response.text()}` });
  });
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers: 2 });
    const whole: EdgesResult = await model.edges(prompts);
    const channel = new BroadcastChannel("hold");
    const answered = (answer: string) =>
      new Promise<void>((resolve) => {
        channel.onmessage = ({ data }) => data === answer && resolve();
      });
    const say = (holds: boolean) => {
      const heard = answered("heard");
      channel.postMessage(holds);
      return heard;
    };
    await say(true);
    const held = answered("held");
    const controller = new AbortController();
    const cancelled = model.edges({ ...prompts, signal: controller.signal }).catch(({ code }: { code: string }) => code);
    await held;
    controller.abort();
    const late = new Promise((resolve) => setTimeout(() => resolve("a sweep that waits for a step"), 20_000));
    const code = await Promise.race([cancelled, late]);
    const steps: { worker: number }[] = await model.steps();
    await say(false);
    const again: EdgesResult = await model.edges(prompts);
    const isSame = again.table.values.every((value, i) => Object.is(value, whole.table.values[i]));
    return { code, ofOther: steps.filter(({ worker }) => worker > 0).length, isSame };
  }, cli.INDUCTION);
  expect(seen).toEqual({ code: "cancelled", ofOther: 0, isSame: true });
});

test("a worker that is lost ends the engine, in words", async ({ page }) => {
  // Others than the first fail at their first step of a sweep.
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const lose = `self.addEventListener("message", ({ data }) => {
      data.port?.addEventListener("message", ({ data }) => {
        if (data[0]?.startsWith('{"Step"')) setTimeout(() => { throw new Error("out of memory"); });
      });
    });`;
    await route.fulfill({ response, body: `${lose}\n${await response.text()}` });
  });
  const seen = await page.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers: 2 });
    const told = await model.edges(prompts).catch((e: Error & { code: string }) => `${e.code} | ${e.message}`);
    return { told, isStopped: model.isStopped };
  }, cli.INDUCTION);
  expect(seen.told).toMatch(/^engine \| the engine stopped: .*out of memory/);
  expect(seen.isStopped).toBe(true);
});

test("by default a core is left to the page, and one worker is enough where memory is short", async ({ page }) => {
  const byDefault = (of: object) =>
    page.evaluate(async (of) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      for (const [name, value] of Object.entries(of)) {
        Object.defineProperty(Navigator.prototype, name, { value, configurable: true });
      }
      const post = Worker.prototype.postMessage;
      let asked: unknown;
      Worker.prototype.postMessage = function (message, ...rest) {
        asked ??= message.arguments?.byDefault;
        Reflect.apply(post, this, [message, ...rest]);
      };
      const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu" });
      Worker.prototype.postMessage = post;
      model.dispose();
      return asked;
    }, of);
  const desktop = { deviceMemory: 8, userAgentData: { mobile: false } };
  expect(await byDefault({ ...desktop, hardwareConcurrency: 1 })).toBe(1);
  expect(await byDefault({ ...desktop, hardwareConcurrency: 4 })).toBe(3);
  expect(await byDefault({ ...desktop, hardwareConcurrency: 64 })).toBe(8);
  expect(await byDefault({ deviceMemory: 8, userAgentData: { mobile: true }, hardwareConcurrency: 8 })).toBe(1);
  // As browsers other than Chromium tell it: no memory, no mobile.
  const other = { deviceMemory: undefined, userAgentData: undefined, hardwareConcurrency: 8 };
  expect(await byDefault(other)).toBe(7);
  await page.evaluate(() => {
    const matches = window.matchMedia.bind(window);
    window.matchMedia = (query) => ({ ...matches(query), matches: query === "(pointer: coarse)" });
  });
  expect(await byDefault(other)).toBe(1);
});
