// The page, a figure and loading a model in each browser engine, on the CPU.

import * as cli from "../browser/cli";
import { Hub } from "../browser/hub";
import { tinyGpt2 } from "../browser/models";
import { difference } from "../browser/module";
import { inOrder, valueIn } from "../browser/page";
import type { Engine, Realm } from "./engine";
import { expect, test } from "./fixture";
import { type Served, servePost, serveSite } from "./servers";

const COMPONENTS = ["q", "k", "v"] as const;
/** Tolerance: the rounding of a label to three decimals, plus that of the arithmetic. */
const ROUNDING = 5e-4;
const TOLERANCE = 1e-4;

let site: Served;

test.beforeAll(async () => {
  site = await serveSite();
});

test.afterAll(() => site.stop());

interface Drawn {
  node: string;
  label: string;
  width: number;
  height: number;
}

/**
 * The label of each head in the grids from the sender, by component; in the element's shadow tree if there is one.
 */
async function cellsOf(realm: Realm): Promise<Drawn[][]> {
  const grids = await realm.evaluate(() => {
    const root = document.querySelector("path-patching")?.shadowRoot ?? document;
    return Array.from(root.querySelectorAll(".grids-of.from .grid-of"), (figure) =>
      Array.from(figure.querySelectorAll("[role=gridcell]"), (cell) => {
        const { width, height } = cell.getBoundingClientRect();
        return { node: cell.getAttribute("data-node") ?? "", label: cell.getAttribute("aria-label") ?? "", width, height };
      }),
    );
  });
  // The last has the MLPs and the logits.
  return grids.slice(0, COMPONENTS.length).map(inOrder);
}

/** Wait until every value is exact and nothing is running. */
async function settled(realm: Realm): Promise<Drawn[][]> {
  let grids: Drawn[][] = [];
  await expect
    .poll(async () => {
      const [state, error] = await realm.evaluate(() => {
        const root = document.querySelector("path-patching")?.shadowRoot ?? document;
        const errors = Array.from(root.querySelectorAll(".error"), (element) => element.textContent);
        const line = document.getElementById("progress");
        const state = line ? line.dataset.what || "idle" : root.querySelector<HTMLElement>(".progress")?.dataset.state;
        return [state, errors.join("")];
      });
      if (error) return error;
      grids = await cellsOf(realm);
      const labels = grids.flat().map(({ label }) => label);
      const isExact = labels.length > 0 && labels.every((label) => !/not known|estimate/.test(label));
      return isExact && (state ?? "idle") === "idle" ? "settled" : `${state}: ${labels.slice(4, 8).join("; ")}`;
    })
    .toBe("settled");
  return grids;
}

/** What a file or a link from before means, which does not say how the receiver's LayerNorm reads. */
const FROM_BEFORE = { "layer-norm": "frozen" };

/** Compare grids from head 0.3, on the bundled model's induction example, with the command line. */
function expectValues(grids: Drawn[][], options: Record<string, string>): void {
  expect(grids).toHaveLength(COMPONENTS.length);
  COMPONENTS.forEach((component, c) => {
    const theirs = cli.sweep({ ...cli.INDUCTION, ...options, component, metric: "normalized-logit-diff", source: "0.3" });
    expect(grids[c]).toHaveLength(theirs.length);
    theirs.forEach((value, i) => {
      const { label, width, height } = grids[c]![i]!;
      expect(Math.min(width, height)).toBeGreaterThan(4);
      if (value === null) expect(label).toMatch(/writes these edges$|no path/);
      else expect(Math.abs(valueIn(label) - value)).toBeLessThan(ROUNDING + TOLERANCE);
    });
  });
}

/** Press a button, found by its text within an element, with the pointer. */
async function press(engine: Engine, text: string, within = "body"): Promise<void> {
  const [x, y] = await engine.evaluate(([text, within]) => {
    const root = document.querySelector("path-patching")?.shadowRoot ?? document.querySelector(within!)!;
    const button = Array.from(root.querySelectorAll("button")).find((one) => one.textContent === text);
    if (!button) throw new Error(`no button ${text}`);
    button.scrollIntoView({ block: "center", behavior: "instant" });
    const { left, top, width, height } = button.getBoundingClientRect();
    return [left + width / 2, top + height / 2] as const;
  }, [text, within]);
  await engine.click(x, y);
}

test("the page opens on the bundled model with the command line's values", async ({ engine }) => {
  await engine.goto(`${site.url}/#show=grids`);
  expectValues(await settled(engine), cli.LIKE_THE_PAGE);
  const textOf = (id: string) => engine.evaluate((id) => document.getElementById(id)?.textContent, id);
  expect(await textOf("status")).toContain("262 edges exact");
  expect(await textOf("model-loaded")).toContain("Names and lists: 3 layers × 4 heads, on the CPU: ");
  // One screen: nothing scrolls but what is in its own room.
  const size = await engine.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  expect(Math.max(...size)).toBeLessThanOrEqual(1);
});

test("menu, dialogs and views of the page", async ({ engine }) => {
  await engine.goto(`${site.url}/#show=grids`);
  await settled(engine);
  const isShown = (selector: string) => engine.evaluate((selector) => document.querySelector(selector)?.checkVisibility() ?? false, selector);
  await press(engine, "Share");
  expect(await isShown("#share-menu .items")).toBe(true);
  await press(engine, "Share");
  await press(engine, "Other…");
  expect(await isShown("#models")).toBe(true);
  await press(engine, "✕", "#models-dialog");
  expect(await isShown("#models")).toBe(false);
  await press(engine, "Circuit");
  await expect.poll(() => engine.evaluate(() => document.querySelectorAll("#circuit .edge").length)).toBeGreaterThan(5);
  expect(await isShown("#grids")).toBe(false);
});

test("a saved figure in a post of another origin draws, and runs", async ({ engine }) => {
  const post = await servePost(site.url, '<path-patching src="figure.json" show="grids"></path-patching>');
  try {
    await engine.goto(`${post.url}/`);
    expectValues(await settled(engine), cli.LIKE_THE_PAGE);
    const edges = () =>
      engine.evaluate(() => document.querySelector("path-patching")?.shadowRoot?.querySelectorAll(".circuit .edge").length);
    expect(await edges()).toBe(9);
    const loads = () => site.requests.filter((path) => path.endsWith("/model.safetensors")).length;
    const before = loads();
    await press(engine, "Explore it live");
    await expect.poll(loads).toBe(before + 1);
    expectValues(await settled(engine), cli.LIKE_THE_PAGE);
  } finally {
    await post.stop();
  }
});

test("a live figure in a frame of a post runs and has the right height", async ({ engine }) => {
  const link = new URLSearchParams({ ...cli.INDUCTION, metric: "normalized-logit-diff", src: "0.3", component: "k" });
  const address = `${site.url}/embed.html?live&show=grids&${link}`.replaceAll("&", "&amp;");
  const post = await servePost(site.url, `<iframe src="${address}" title="Live" width="100%" height="600"></iframe>`);
  try {
    await engine.goto(`${post.url}/`);
    expectValues(await settled(engine.frame), FROM_BEFORE);
    const heights = async () => [
      await engine.frame.evaluate(() => document.documentElement.getBoundingClientRect().height),
      await engine.evaluate(() => document.querySelector("iframe")!.clientHeight),
    ];
    await expect
      .poll(async () => {
        const [needed, given] = await heights();
        return Math.abs(needed! - given!);
      })
      .toBeLessThan(2);
  } finally {
    await post.stop();
  }
});

test("several workers share a model: the numbers of one, progress, a cancel", async ({ engine }) => {
  // The engine's module goes from worker to worker, past a page that may compile none.
  await engine.goto(`${site.url}/strict.html`);
  const seen = await engine.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const load = (workers: number) => PathPatch.load("./models/ioi-demo", { device: "cpu", workers });
    const [one, three] = await Promise.all([load(1), load(3)]);
    const expected: Float32Array = (await one.edges(prompts)).table.values;
    const isExpected = async () => {
      const values: Float32Array = (await three.edges(prompts)).table.values;
      return values.every((value, i) => Object.is(value, expected[i]));
    };
    const isSame = await isExpected();
    const workers = new Set((await three.steps()).map(({ worker }: { worker: number }) => worker)).size;
    const controller = new AbortController();
    const onUpdate = ({ progress }: { progress: { done: number } }) => progress.done > 0 && controller.abort();
    const cancelled = three.edges({ ...prompts, signal: controller.signal, onUpdate });
    const code = await cancelled.catch(({ code }: { code: string }) => code);
    const isSameAgain = await isExpected();
    for (const model of [one, three]) model.dispose();
    return { told: three.workers, warnings: three.warnings, workers, isSame, code, isSameAgain };
  }, cli.INDUCTION);
  expect(seen).toEqual({ told: 3, warnings: [], workers: 3, isSame: true, code: "cancelled", isSameAgain: true });
});

test("several workers share the model of a figure in a post of another origin", async ({ engine }) => {
  const link = new URLSearchParams({ ...cli.INDUCTION, metric: "normalized-logit-diff", src: "0.3", component: "k" });
  const address = link.toString().replaceAll("&", "&amp;");
  const post = await servePost(site.url, `<path-patching live workers="2" show="grids" link="${address}"></path-patching>`);
  const started = () => site.requests.filter((path) => path.endsWith("/worker.js")).length;
  const before = started();
  try {
    await engine.goto(`${post.url}/`);
    expectValues(await settled(engine), FROM_BEFORE);
    expect(started() - before).toBe(2);
  } finally {
    await post.stop();
  }
});

test("a load goes on without a worker in which the engine does not begin", async ({ engine }) => {
  await engine.goto(`${site.url}/blank.html`);
  const seen = await engine.evaluate(async (prompts) => {
    // The second worker is one that cannot: the engine's own, with WebAssembly that lacks memory.
    const script = `import ${JSON.stringify(`${location.origin}/lib/worker.js`)}; WebAssembly.instantiate = async () => { throw new RangeError("out of memory"); };`;
    const instead = [undefined, URL.createObjectURL(new Blob([script], { type: "text/javascript" })), "data:text/javascript,throw new Error()"];
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(instead.shift() ?? url, options);
      }
    };
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load("./models/ioi-demo", { device: "cpu", workers: 3 });
    const { table } = await model.edges(prompts);
    const warnings = model.warnings.map(({ message }: Error) => message);
    model.dispose();
    return { workers: model.workers, edges: table.state.filter((state: number) => state === 3).length, warnings };
  }, cli.INDUCTION);
  expect(seen).toMatchObject({ workers: 1, edges: 262, warnings: [expect.stringContaining("expected 3 to share the model, got 1")] });
});

interface Loaded {
  /** `none`, or the error. */
  error: string;
  layers: number;
  kept: boolean;
  reason: string;
}

/** Load a model from a hub with the site's module, and release it. */
function load(engine: Engine, repo: string, hub: string): Promise<Loaded> {
  return engine.evaluate(
    async (source) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      try {
        const model = await PathPatch.load(source, { device: "cpu" });
        const { kept, reason } = model.keeping;
        const layers = model.config.n_layers;
        model.dispose();
        return { error: "none", layers, kept, reason };
      } catch (error) {
        return { error: String(error), layers: 0, kept: false, reason: "" };
      }
    },
    { repo, hub },
  );
}

test("the bundled model and one from a hub load, and load again", async ({ engine, engineName, hasStorage }) => {
  await engine.goto(`${site.url}/blank.html`);
  const grids = await engine.evaluate(async (prompts) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load("./models/ioi-demo", { device: "cpu" });
    const values: (number | null)[][] = [];
    for (const component of ["q", "k", "v"]) {
      const grid = await model.getActPatchDirectPathAllSources({ ...prompts, component });
      values.push(Array.from(grid.values as Float32Array, (value) => (Number.isNaN(value) ? null : value)));
    }
    model.dispose();
    return values;
  }, cli.INDUCTION);
  COMPONENTS.forEach((component, i) => {
    expect(difference(grids[i]!, cli.sweep({ ...cli.INDUCTION, component }))).toBeLessThan(TOLERANCE);
  });

  const hub = await Hub.start();
  try {
    const repo = "openai-community/gpt2";
    hub.repositories.set(repo, tinyGpt2("whole"));
    const first = await load(engine, repo, hub.url);
    console.log(`${engineName}${hasStorage ? "" : " without storage"}: kept ${first.kept}: ${first.reason}`);
    expect(first).toMatchObject({ error: "none", layers: 2 });
    // WebKit's driver opens a private window, which keeps no files.
    const keeps = engineName !== "webkit";
    expect(first.kept).toBe(keeps);
    expect(first.reason).not.toBe("");
    hub.reset();
    const again = await load(engine, repo, hub.url);
    expect(again).toMatchObject({ error: "none", layers: 2, kept: keeps });
    expect(hub.requestsFor("model.safetensors")).toHaveLength(keeps ? 0 : 1);
  } finally {
    await hub.stop();
  }
});
