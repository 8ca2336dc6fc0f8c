// Workers that share a model, from their start to their end: those that cannot be started, that are lost or no longer
// wanted, and how many there are.

import { devices, type Page, type Route } from "@playwright/test";
import type { LoadOptions } from "../../www/src/engine/types";
import * as cli from "./cli";
import { startHost } from "./host";
import { Hub } from "./hub";
import { wideGpt2 } from "./models";
import { openBlank } from "./module";
import { expect, test } from "./test";

interface Outcome {
  /** `none`, or the code and the message of the error. */
  error: string;
  workers: number;
  warnings: string[];
  /** Whether all edges have the values that one worker gives. */
  isSame: boolean;
}

/** Load the bundled model, and compare its values with those of one worker; the model stays there as `window.model`. */
function load(page: Page, options: LoadOptions): Promise<Outcome> {
  return page.evaluate(
    async ({ prompts, options }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const at = `${location.origin}/models/ioi-demo`;
      try {
        const model = await PathPatch.load(at, { device: "cpu", ...options });
        Object.assign(window, { model });
        const { table } = await model.edges(prompts);
        const one = await PathPatch.load(at, { device: "cpu", workers: 1 });
        const expected: Float32Array = (await one.edges(prompts)).table.values;
        one.dispose();
        const isSame = expected.every((value, i) => Object.is(value, table.values[i]));
        return { error: "none", workers: model.workers, warnings: model.warnings.map(({ code, message }: { code: string; message: string }) => `${code} | ${message}`), isSame };
      } catch (thrown) {
        const { code, message } = thrown as { code: string; message: string };
        return { error: `${code} | ${message}`, workers: 0, warnings: [], isSame: false };
      }
    },
    { prompts: cli.INDUCTION, options },
  );
}

/** Answer the requests for the worker's script, which are counted from 0: only the first is for the engine's own. */
const ofScript = (page: Page, answer: (route: Route, before: number) => unknown) => {
  let before = 0;
  return page.route("**/lib/worker.js", (route) => answer(route, before++));
};

/** Run something in workers that share a model, once they are told to. */
const inHelpers = (page: Page, script: string) =>
  page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const first = `self.addEventListener("message", ({ data: { port } }) => { if (port) { ${script} } });`;
    await route.fulfill({ response, body: `${first}\n${await response.text()}` });
  });

/** How many the page has, once those that were ended have gone. */
const expectWorkers = (page: Page, count: number) => expect.poll(() => page.workers().length).toBe(count);

const FEWER = (wanted: number, got: number, why = "the browser did not start more") =>
  `device | workers: expected ${wanted} to share the model, got ${got}: ${why}, so sweeps take longer; values are the same`;

test.describe("a load goes on with fewer workers", () => {
  // Chromium writes of a script that does not come.
  test.use({ expectedComplaints: /ERR_FAILED/ });
  test.beforeEach(async ({ page }) => openBlank(page));

  for (const [which, refused] of [
    ["one", [1]],
    ["all", [1, 2]],
  ] as const) {
    test(`where ${which} of the others cannot be started`, async ({ page }) => {
      await ofScript(page, (route, before) => (refused.some((one) => one === before) ? route.abort() : route.continue()));
      const started = 3 - refused.length;
      expect(await load(page, { workers: 3 })).toEqual({ error: "none", workers: started, warnings: [FEWER(3, started)], isSame: true });
      await expectWorkers(page, started);
    });
  }

  test("where one takes too long to start", async ({ page }) => {
    await page.clock.install();
    const held: Route[] = [];
    await ofScript(page, (route, before) => (before === 2 ? held.push(route) : route.continue()));
    await page.evaluate(() => {
      const post = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (message, ...rest) {
        if (message.call === "join") Object.assign(window, { hasJoined: true });
        Reflect.apply(post, this, [message, ...rest]);
      };
    });
    const loaded = load(page, { workers: 3 });
    await expect.poll(() => page.evaluate(() => "hasJoined" in window)).toBe(true);
    await expect.poll(() => held.length).toBe(1);
    await page.clock.fastForward(10_000);
    expect(await loaded).toEqual({ error: "none", workers: 2, warnings: [FEWER(3, 2)], isSame: true });
    await expectWorkers(page, 2);
  });

  test("where the engine does not begin in one, for want of memory", async ({ page }) => {
    await inHelpers(page, 'WebAssembly.instantiate = async () => { throw new RangeError("out of memory"); };');
    const why = "others could not begin (the engine stopped: out of memory)";
    expect(await load(page, { workers: 2 })).toEqual({ error: "none", workers: 1, warnings: [FEWER(2, 1, why)], isSame: true });
    await expectWorkers(page, 1);
  });
});

test("a worker that is lost during a load ends it, and the error says what to do", async ({ page }) => {
  await openBlank(page);
  const lose = `port.addEventListener("message", ({ data }) => {
    if (data[0]?.startsWith('{"Hold"')) throw new Error("out of memory");
  });`;
  await inHelpers(page, lose);
  const { error } = await load(page, { workers: 3 });
  expect(error).toBe(
    "engine | the engine stopped: Uncaught Error: out of memory, in a worker that shares the model; load it again, with fewer `workers` where memory is short",
  );
  await expectWorkers(page, 0);
  await page.unroute("**/lib/worker.js");
  expect(await load(page, { workers: 3 })).toMatchObject({ error: "none", workers: 3, isSame: true });
});

test("a load that is cancelled while others start leaves none of them, and the next one works", async ({ page }) => {
  await openBlank(page);
  const held: Route[] = [];
  await ofScript(page, (route, before) => (before === 0 ? route.continue() : held.push(route)));
  await page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const controller = new AbortController();
    const load = PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu", workers: 3, signal: controller.signal });
    const code = load.catch(({ code }: { code: string }) => code);
    Object.assign(window, { cancel: () => (controller.abort(), code) });
  });
  await expect.poll(() => held.length).toBe(2);
  expect(await page.evaluate(() => (window as unknown as { cancel(): Promise<string> }).cancel())).toBe("cancelled");
  await expectWorkers(page, 0);
  // Nor does one come once its script does.
  await Promise.all(held.map((route) => route.continue().catch(() => {})));
  await page.unroute("**/lib/worker.js");
  expect(await load(page, { workers: 3 })).toMatchObject({ error: "none", workers: 3, warnings: [], isSame: true });
  await expectWorkers(page, 3);
});

test("loads of one page with other numbers of workers have those, and leave none behind", async ({ page }) => {
  await openBlank(page);
  for (const workers of [3, 2, 1, 3]) {
    expect(await load(page, { workers })).toMatchObject({ error: "none", workers, isSame: true });
    await expectWorkers(page, workers);
    await page.evaluate(() => (window as unknown as { model: { dispose(): void } }).model.dispose());
    await expectWorkers(page, 0);
  }
});

test("a page that may not compile WebAssembly itself hands the engine on to its workers", async ({ page }) => {
  const headers = { "content-security-policy": "default-src 'none'; script-src 'self'; worker-src 'self'; img-src data:" };
  const body = '<!doctype html><title>Blank</title><link rel="icon" href="data:,">';
  await page.route("**/strict.html", (route) => route.fulfill({ contentType: "text/html", headers, body }));
  await page.goto("/strict.html");
  expect(await load(page, { workers: 3 })).toEqual({ error: "none", workers: 3, warnings: [], isSame: true });
});

/** The workers by default of a model whose blocks take 19 MiB and of a small one, where the browser says it has four cores. */
async function byDefault(page: Page): Promise<{ wide: number; small: number }> {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => 4 }));
  await openBlank(page);
  const hub = await Hub.start();
  try {
    hub.repositories.set("tests/wide", wideGpt2());
    return await page.evaluate(async (hub) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const small = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu" });
      small.dispose();
      const wide = await PathPatch.load({ repo: "tests/wide", hub }, { device: "cpu", keep: false });
      return { wide: wide.workers, small: small.workers };
    }, hub.url);
  } finally {
    await hub.stop();
  }
}

test("by default every core but one has a worker, if the model is worth it", async ({ page }) => {
  expect(await byDefault(page)).toEqual({ wide: 3, small: 1 });
  await expectWorkers(page, 3);
});

test.describe("on a phone", () => {
  const { defaultBrowserType: _, ...phone } = devices["Pixel 7"]!;
  test.use(phone);

  test("there is one worker", async ({ page }) => {
    expect(await byDefault(page)).toEqual({ wide: 1, small: 1 });
    await expectWorkers(page, 1);
  });
});

test("the address of a worker from another origin is let go, whatever comes of it", async ({ page }) => {
  const host = await startHost();
  try {
    // The first two workers start, the third cannot, others say nothing.
    await page.addInitScript(() => {
      const { createObjectURL, revokeObjectURL } = URL;
      const held = new Set<string>();
      URL.createObjectURL = (of) => {
        const address = createObjectURL(of);
        held.add(address);
        return address;
      };
      URL.revokeObjectURL = (address) => {
        held.delete(address);
        revokeObjectURL(address);
      };
      const instead = [undefined, undefined, "throw new Error()"];
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL) {
          const script = instead.length > 0 ? instead.shift() : "";
          super(script === undefined ? url : `data:text/javascript,${script}`);
        }
      };
      Object.assign(window, { held, startAll: () => instead.unshift(undefined) });
    });
    await page.goto(host.page(""));
    const seen = await page.evaluate(async (site) => {
      const { held, startAll } = window as unknown as { held: Set<string>; startAll(): void };
      const { PathPatch } = await import(/* @vite-ignore */ `${site}pathpatch.js`);
      const load = (options: LoadOptions) => PathPatch.load(`${site}models/ioi-demo`, { device: "cpu", workers: 3, ...options });
      const { workers } = await load({});
      const afterStart = held.size;
      startAll();
      const controller = new AbortController();
      const cancelled = load({ signal: controller.signal }).catch(({ code }: { code: string }) => code);
      while (held.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      controller.abort();
      return { workers, afterStart, code: await cancelled, afterCancel: held.size };
    }, host.site);
    expect(seen).toEqual({ workers: 2, afterStart: 0, code: "cancelled", afterCancel: 0 });
  } finally {
    await host.stop();
  }
});
