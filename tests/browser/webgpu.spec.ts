// Software WebGPU gives the command line's numbers, in the module and on the page.

import * as cli from "./cli";
import { beforeWorkers, difference, sweep } from "./module";
import { cell, chosenEdge, example, grid, loadedModel, open, settled, show, valueIn } from "./page";
import { expect, test } from "./test";

for (const component of ["q", "k", "v"]) {
  test(`all sources, ${component}: the command line's grid`, async ({ page }) => {
    const { kind, grid } = await sweep(page, "webgpu", { ...cli.INDUCTION, component });
    expect(kind).toBe("webgpu");
    const theirs = cli.sweep({ ...cli.INDUCTION, component });
    expect(difference(grid.values, theirs)).toBeLessThan(1e-3);
  });
}

for (const metric of ["normalized-logit-diff", "log-prob", "prob", "kl"]) {
  test(`one source, ${metric}: the command line's grid`, async ({ page }) => {
    const one = { ...cli.INDUCTION, component: "k", metric };
    const { grid } = await sweep(page, "webgpu", { ...one, srcLayer: 0, srcHead: 3 });
    expect(difference(grid.values, cli.sweep({ ...one, source: "0.3" }))).toBeLessThan(1e-3);
  });
}

for (const metric of ["log-prob", "prob", "prob-diff"]) {
  test(`sets of answers, ${metric}: the command line's grid, and the CPU's estimates`, async ({ page }) => {
    const sets = { ...cli.INDUCTION, answer: "lamp|river|piano", distractor: "spoon|crown", component: "k", metric };
    const { grid } = await sweep(page, "webgpu", { ...sets, srcLayer: 0, srcHead: 3 });
    expect(difference(grid.values, cli.sweep({ ...sets, source: "0.3" }))).toBeLessThan(1e-3);
    const [gpu, cpu] = await page.evaluate(async (options) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const estimates = async (device: "webgpu" | "cpu") => {
        const model = await PathPatch.load("./models/ioi-demo", { device });
        const { q, k, v } = await model.estimateDirectPathAllSources(options);
        return [q, k, v].flatMap(({ values }) => Array.from(values as Float32Array, (x) => (Number.isNaN(x) ? null : x)));
      };
      return [await estimates("webgpu"), await estimates("cpu")];
    }, sets);
    expect(gpu!.filter((value) => value !== null).length).toBeGreaterThan(100);
    expect(difference(gpu!, cpu!)).toBeLessThan(1e-3);
  });
}

test("the page runs on WebGPU and shows the same edges, and one in detail", async ({ page }) => {
  test.setTimeout(300_000);
  await open(page);
  const edges = page.locator("#circuit .edge");
  const onCpu = await edges.count();
  expect(onCpu).toBeGreaterThan(5);
  await open(page, "/?device=webgpu");
  await expect(loadedModel(page)).toContainText("on WebGPU");
  await expect(edges).toHaveCount(onCpu);
  await show(page, "Grids");
  for (const component of ["q", "k", "v"] as const) {
    const theirs = cli.sweep({ ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, component, metric: "normalized-logit-diff", source: "0.3" });
    const label = await cell(grid(page, "from", component), "1.3").getAttribute("aria-label");
    expect(Math.abs(valueIn(label!) - theirs[7]!)).toBeLessThan(1e-3);
  }
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  await expect(page.locator("#edge")).toContainText("59% of the lost preference for lamp over spoon returns: ");
});

test("a sweep can be cancelled and run again", async ({ page }) => {
  test.setTimeout(300_000);
  await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
  await page.goto("/?device=webgpu");
  await expect(page.locator("#status")).toContainText(/\d of 262 exact/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#status")).toContainText(/^Cancelled · .*\d+ estimated/);
  await page.getByRole("button", { name: "Run again" }).click();
  await settled(page);
});

test("a lost GPU gives an error, and the model can be loaded again", async ({ page, browser }) => {
  test.setTimeout(300_000);
  await open(page, "/?device=webgpu");
  const session = await browser.newBrowserCDPSession();
  await session.send("Browser.crashGpuProcess");
  await example(page, "Indirect object: Mary and John");
  await expect(page.locator("#failure [role=alert]")).toContainText("The graphics device is gone. Load the model again: your question is still here.");
  await expect(page.locator("#failure")).toContainText(/expected one that answers, got a lost one \(.+\): the model has to be loaded again/);
  await page.getByRole("button", { name: "Load the model again" }).click();
  await settled(page);
  await expect(page.locator("#failure")).toBeHidden();
  // The requested result is there.
  await expect(page.locator("#question .gist")).toContainText("Two names, one of them twice.");
});

test("auto does not use a software adapter, and says so", async ({ page }) => {
  await open(page);
  await expect(loadedModel(page)).toContainText("the only WebGPU adapter is a software one");
});

test("a later load knows which product is fastest, and finds it anew where what is kept is spoilt", async ({ page }) => {
  // A race is given up, and not kept, where compiling takes too long: on a slow machine always. So the engine's clock is slow.
  const clock = "{ const now = performance.now.bind(performance); performance.now = () => now() / 4; }\n";
  await beforeWorkers(page, clock);
  await page.goto("/");
  const found = await page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const load = async (): Promise<{ race: string | null; matmul: string }> => {
      const model = await PathPatch.load("./models/ioi-demo", { device: "webgpu" });
      model.dispose();
      return model.device;
    };
    // Compiling all of them may take too long until the browser has some in store.
    let first = await load();
    for (let again = 0; again < 5 && first.race === null; again++) first = await load();
    const race = first.race!;
    const cache = await caches.open("pathpatch-remembered-1");
    const [place] = await cache.keys();
    const kept: Record<string, string> = await (await cache.match(place!))!.json();
    const after = async (text: string) => {
      await cache.put(place!, new Response(text));
      return (await load()).matmul;
    };
    const others = ["registers-4x4", "shared-64x64"].filter((name) => name !== first.matmul);
    const told = [];
    for (const name of others) told.push(await after(JSON.stringify({ ...kept, [race]: name })));
    const spoilt = [];
    for (const text of ["{", "null", `[1, 2]`, JSON.stringify({ [race]: 7 })]) spoilt.push(await after(text));
    return { kept: kept[race], first: first.matmul, others, told, spoilt };
  });
  expect(found.kept).toBe(found.first);
  expect(found.told).toEqual(found.others);
  for (const name of found.spoilt) expect(name).toMatch(/^(registers|shared)-/);
});

test("weights of a type that the device does not store: f32, with a warning; of none that there is: an error", async ({ page }) => {
  await page.goto("/");
  const load = (device: string, weights: string) =>
    page.evaluate(
      async (options) => {
        const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
        try {
          const model = await PathPatch.load("./models/ioi-demo", options);
          model.dispose();
          return [model.device.weights, ...model.warnings.map(({ message }: { message: string }) => message)];
        } catch (error) {
          return [(error as Error).message];
        }
      },
      { device, weights },
    );
  expect(await load("webgpu", "f32")).toEqual(["f32"]);
  expect(await load("webgpu", "f16")).toEqual(["f32", "weights are stored as f32: this adapter has no shader-f16"]);
  expect(await load("cpu", "f16")).toEqual(["f32", "weights are stored as f32: f16 is for GPUs, and the model is on the CPU"]);
  expect(await load("cpu", "f8")).toEqual(["weights: expected f32 or f16, got f8"]);
});
