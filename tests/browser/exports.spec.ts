// Exports always belong to the run on screen, even if the form has been edited since.

import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { fromParams } from "../../www/src/lib/permalink";
import { restore } from "../../www/src/lib/saved";
import { EXAMPLE } from "../../www/src/lib/settings";
import * as cli from "./cli";
import { batch, cell, chosenEdge, example, field, grid, mode, open, settled, share, show } from "./page";
import { expect, test } from "./test";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

const FILES = ["CSV", "JSON", "Figure JSON", "Graph JSON", "NPY", "NPY q", "NPY k", "NPY v"];
const CODE = ["Copy as TransformerLens 4.3 code", "Copy as TransformerLens code up to 4.2", "Copy as EAP-IG code"];
const COPIES = ["Copy link", ...CODE, "Copy as pathpatch JS", "Copy command", "Copy embed code"];

/**
 * Files are read where the page creates them, since Chromium drops the eleventh download in a row. Other tests check
 * that buttons save them.
 */
test.beforeEach(({ page }) =>
  page.addInitScript(() => {
    const { createObjectURL } = URL;
    URL.createObjectURL = (made: Blob) => {
      Object.assign(globalThis, { made });
      return createObjectURL(made);
    };
    HTMLAnchorElement.prototype.click = () => {};
  }),
);

/** A file, as text. */
async function fileOf(page: Page, name: string): Promise<string> {
  await (await share(page)).getByRole("button", { name, exact: true }).click();
  return page.evaluate(async () => {
    const { made } = globalThis as unknown as { made: Blob };
    return Array.from(new Uint8Array(await made.arrayBuffer()), (byte) => String.fromCharCode(byte)).join("");
  });
}

/** A saved result without the edge that was looked at, which becomes known while the page is read. */
const withoutLooks = (saved: string): string => JSON.stringify({ ...JSON.parse(saved), details: [] });

/** All exports, as text. */
async function everything(page: Page): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const take = await share(page);
  for (const name of FILES) all[name] = await fileOf(page, name);
  for (const name of COPIES) {
    await take.getByRole("button", { name }).click();
    await expect(take.getByRole("status")).toHaveText(`${name}: copied.`);
    all[name] = await take.getByLabel("Copied text").inputValue();
  }
  for (const name of ["JSON", "Figure JSON"]) all[name] = withoutLooks(all[name]!);
  const within = /(?<=<script type="application\/json">).*(?=<\/script>)/;
  all["Copy embed code"] = all["Copy embed code"]!.replace(within, withoutLooks);
  return all;
}

/** Hold calls to the engine back until `release`, and count them from now on. */
async function hold(page: Page, call: "check" | "edges"): Promise<{ release: () => Promise<void>; calls: () => Promise<number> }> {
  await page.evaluate((held) => {
    const { postMessage } = Worker.prototype;
    const kept: (() => void)[] = [];
    const state = { calls: 0, isHeld: true, release: () => {} };
    state.release = () => {
      state.isHeld = false;
      for (const post of kept.splice(0)) post();
    };
    Object.assign(globalThis, { state });
    Worker.prototype.postMessage = function (this: Worker, message: { call?: string }) {
      const post = () => postMessage.call(this, message);
      if (message.call === held) state.calls += 1;
      if (message.call === held && state.isHeld) kept.push(post);
      else post();
    } as typeof postMessage;
  }, call);
  type Held = { state: { calls: number; release: () => void } };
  return {
    release: () => page.evaluate(() => (globalThis as unknown as Held).state.release()),
    calls: () => page.evaluate(() => (globalThis as unknown as Held).state.calls),
  };
}

/** Edits that make the form invalid, so that the last run stays on screen. */
const UNRUNNABLE: [string, (page: Page) => Promise<unknown>][] = [
  ["clean prompt", async (page) => (await field(page, "Clean prompt")).fill("fox lamp")],
  ["corrupted prompt", async (page) => (await field(page, "Corrupted prompt")).fill("crown lamp")],
  ["answer", async (page) => (await field(page, "Answer")).fill("lamp lamp")],
  ["distractor", async (page) => (await field(page, "Distractor")).fill("lamp lamp")],
  ["position", async (page) => (await field(page, "Read at position")).fill("99")],
  ["a batch", async (page) => {
    await batch(page, "fox lamp | crown lamp lamp | lamp | crown");
  }],
  ["a template", async (page) => {
    await mode(page, "Template");
    await (await field(page, "Fill-ins, one pair per line")).fill("A=fox");
  }],
];

/** Edits made on top of an invalid form, so that they do not run either. */
const MEASURED: [string, (page: Page) => Promise<unknown>][] = [
  ["metric", async (page) => (await field(page, "Metric")).selectOption("kl")],
  ["direction", async (page) => (await field(page, "Direction")).selectOption("noise")],
  ["patch", async (page) => (await field(page, "What goes in")).selectOption("zero")],
  ["LayerNorm", async (page) => (await field(page, "LayerNorm of the receiver")).selectOption("frozen")],
  ["beginning of text", async (page) => (await field(page, "Begin with <|endoftext|>")).uncheck()],
  ["exact values", async (page) => (await field(page, "Exact values of")).selectOption("none")],
];

test("after an edit of any field, every export still belongs to the run on screen", async ({ page }) => {
  await open(page);
  const before = await everything(page);
  for (const [name, edit] of UNRUNNABLE) {
    await edit(page);
    await expect(page.locator("#editor :is(.error:not(:empty), .row-notes > li)"), name).not.toHaveCount(0);
    await expect(page.locator("#picture"), name).toHaveClass("stale");
    await expect(page.locator("#old-run"), name).toHaveText("Of the question before");
    expect(await everything(page), name).toEqual(before);
    await example(page, "Induction: fox, lamp, … fox");
    await settled(page);
  }
  await (await field(page, "Answer")).fill("lamp lamp");
  for (const [name, edit] of MEASURED) {
    await edit(page);
    await expect(page.locator("#answer-error"), name).not.toBeEmpty();
    expect(await everything(page), name).toEqual(before);
  }
  const { saved } = restore(before.JSON!);
  expect(saved.settings).toEqual(EXAMPLE.settings);
});

test("so it does between an edit and its run, and during typing", async ({ page }) => {
  await open(page);
  const before = await everything(page);
  // Hold the call back, as with a slow model, so that the next run has no result yet.
  await hold(page, "check");
  await (await field(page, "Metric")).selectOption("prob");
  await expect(page.locator("#picture")).toHaveClass("stale");
  await (await field(page, "Distractor")).fill("crown");
  expect(await everything(page)).toEqual(before);
});

test("after a run, each changed field appears in every export that contains it", async ({ page }) => {
  await open(page);
  const runs: [string, (page: Page) => Promise<unknown>][] = [
    ["metric", async (page) => (await field(page, "Metric")).selectOption("logit-diff")],
    ["LayerNorm", async (page) => (await field(page, "LayerNorm of the receiver")).selectOption("frozen")],
    ["direction", async (page) => (await field(page, "Direction")).selectOption("noise")],
    ["position", async (page) => (await field(page, "Read at position")).fill("12")],
    ["beginning of text", async (page) => (await field(page, "Begin with <|endoftext|>")).uncheck()],
    ["distractor", async (page) => (await field(page, "Distractor")).fill("crown")],
    ["answer", async (page) => (await field(page, "Answer")).fill("river")],
    ["corrupted prompt", async (page) => (await field(page, "Corrupted prompt")).fill(cli.INDUCTION.corrupted.replace("dragon", "crown"))],
    ["exact values", async (page) => (await field(page, "Exact values of")).selectOption("none")],
  ];
  let before = await everything(page);
  const seen = { settings: { ...EXAMPLE.settings }, view: EXAMPLE.view };
  for (const [name, edit] of runs) {
    await edit(page);
    await expect(page.locator("#picture"), name).not.toHaveClass("stale");
    await settled(page);
    const now = await everything(page);
    const { saved } = restore(now.JSON!);
    const linked = fromParams(new URLSearchParams(new URL(now["Copy link"]!).hash.slice(1)), seen);
    const [, figure] = /<script type="application\/json">(.*)<\/script>/.exec(now["Copy embed code"]!)!;
    expect(linked.settings, name).toEqual(saved.settings);
    expect(restore(figure!).saved.settings, name).toEqual(saved.settings);
    expect(saved.settings, name).not.toEqual(restore(before.JSON!).saved.settings);
    const changed = Object.keys(now).filter((key) => now[key] !== before[key]);
    // Code for other libraries does not say which values are exact.
    const spoken = name === "exact values" ? ["CSV", "JSON", "Figure JSON", "Copy link", "Copy as pathpatch JS", "Copy command", "Copy embed code"] : ["CSV", "JSON", "Graph JSON", "Copy link", ...CODE, "Copy as pathpatch JS", "Copy command"];
    expect(changed, name).toEqual(expect.arrayContaining(spoken));
    for (const code of CODE) execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: now[code] });
    before = now;
  }
});

test("nothing can be exported before the first run", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/");
  await expect(page.locator("#status")).toContainText("Loading Names and lists");
  const buttons = page.locator("#share-menu .items button");
  expect(await buttons.count()).toBe(FILES.length + COPIES.length);
  for (const button of await buttons.all()) await expect(button).toBeDisabled();
  release();
  await settled(page);
});

test("a saved file opens on the page unchanged, with its origin", async ({ page }) => {
  await open(page);
  await (await field(page, "Metric")).selectOption("logit-diff");
  await settled(page);
  const before = await everything(page);
  await open(page, "/?again");
  await expect(await field(page, "Metric")).toHaveValue("normalized-logit-diff");
  const file = { name: "mine.json", mimeType: "application/json", buffer: Buffer.from(before.JSON!) };
  await page.getByLabel("Open a saved JSON").setInputFiles(file);
  await expect(await field(page, "Metric")).toHaveValue("logit-diff");
  await expect(page.locator("#about-run")).toHaveText(/^Names and lists \(ioi-demo\) · .* · pathpatch \d+\.\d+\.\d+ on the CPU, \d+ \w+ \d{4} · from mine\.json$/);
  await settled(page);
  const after = await everything(page);
  for (const name of ["CSV", "Graph JSON", "NPY", "NPY k", ...CODE]) expect(after[name], name).toBe(before[name]);
  // A damaged file gives an error and changes nothing.
  const spoilt = Buffer.from(file.buffer.toString().replace(/"cleanMetric":[^,]+/, '"cleanMetric":"much"'));
  await page.getByLabel("Open a saved JSON").setInputFiles({ ...file, buffer: spoilt });
  await expect(page.locator("#failure [role=alert]")).toHaveText("mine.json: saved result: cleanMetric: expected a finite number from -3.4e+38 to 3.4e+38, got much");
  expect(await everything(page)).toEqual(after);
});

test("a saved file of one's own model stands as it is, whatever model is loaded", async ({ page }) => {
  await open(page);
  await expect(page.locator("#says-lists")).toBeVisible();
  await expect(page.locator("#edge").getByRole("heading", { name: "What changes at the output" })).toBeVisible();
  const { predictions, details, ...saved } = JSON.parse(await fileOf(page, "JSON"));
  expect(predictions).toHaveLength(1);
  expect(details).toHaveLength(1);
  saved.model.source = null;
  saved.edges.values = saved.edges.values.map((value: number) => value / 2);
  const file = { name: "own.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(saved)) };
  await page.getByLabel("Open a saved JSON").setInputFiles(file);
  await settled(page);
  await expect(page.locator("#about-run")).toContainText("from own.json");
  // The page leaves no empty places for what the file does not hold.
  await expect(page.locator("#says")).toContainText("What both runs say next is not part of this file.");
  await expect(page.locator("#says-lists")).toBeHidden();
  await expect(page.locator(".values")).toBeHidden();
  await expect(page.locator("#edge").getByRole("heading", { name: "What changes at the output" })).toBeHidden();
  // The page shows what the file holds.
  const whole = { ...file, buffer: Buffer.from(JSON.stringify({ ...saved, predictions, details })) };
  await page.getByLabel("Open a saved JSON").setInputFiles(whole);
  await expect(page.locator("#says-lists")).toBeVisible();
  await expect(page.locator("#edge").getByRole("heading", { name: "What changes at the output" })).toBeVisible();
  const again = JSON.parse(await fileOf(page, "JSON"));
  expect(again.details).toEqual(details);
  // The page keeps values as float32.
  const values = (of: number[]) => of.map(Math.fround);
  expect(values(again.edges.values)).toEqual(values(saved.edges.values));
});

for (const call of ["check", "edges"] as const) {
  test(`a file opened during the ${call} of another run is not overwritten by that run`, async ({ page }) => {
    await open(page);
    await (await field(page, "Metric")).selectOption("logit-diff");
    await settled(page);
    const before = await everything(page);
    const file = { name: "mine.json", mimeType: "application/json", buffer: Buffer.from(before.JSON!) };
    const { release } = await hold(page, call);
    await (await field(page, "Metric")).selectOption("prob");
    await (await field(page, "Answer")).fill("lamp lamp");
    await (await field(page, "Answer")).fill("crown");
    // The form is checked before a run begins.
    const isUnderWay = () => (call === "edges" ? expect(page.locator("#progress")).toHaveAttribute("data-what", "run") : expect(page.locator("#picture")).toHaveClass("stale"));
    await isUnderWay();
    // A refused file does not disturb the run.
    await page.getByLabel("Open a saved JSON").setInputFiles({ ...file, buffer: Buffer.from('{"a": 1}') });
    await expect(page.locator("#failure [role=alert]")).toHaveText('mine.json: saved result: expected {"pathpatch": 2, …}, got none');
    await isUnderWay();
    await page.getByLabel("Open a saved JSON").setInputFiles(file);
    await expect(page.locator("#about-run")).toContainText("from mine.json");
    await settled(page);
    await expect(page.locator("#failure")).toBeHidden();
    await release();
    // The engine answers in order, so once it answers this, it is done with the other run.
    await show(page, "Grids");
    await cell(grid(page, "from", "k"), "1.2").click();
    await expect(chosenEdge(page)).toHaveText("0.3 → 1.2 key");
    await expect(page.locator("#editor :is(.error:not(:empty), .row-notes > li)")).toHaveCount(0);
    await expect(page.locator("#about-run")).toHaveText(/^Names and lists \(ioi-demo\) · .* · from mine\.json$/);
    await settled(page);
    const after = await everything(page);
    for (const name of ["CSV", "NPY k", "Copy command"]) expect(after[name], name).toBe(before[name]);
  });
}

test("going back to another edge neither restarts nor stops a run", async ({ page }) => {
  // From when it is asked to on, what the engine says of edges after their estimates is kept back.
  await page.addInitScript(() => {
    const state = { isOn: false, calls: 0, seen: new Set<number>(), kept: [] as (() => void)[] };
    Object.assign(globalThis, { state });
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, message: { call?: string }) {
      if (state.isOn && message.call === "edges") state.calls += 1;
      postMessage.call(this, message);
    } as typeof postMessage;
    const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage")!;
    Object.defineProperty(Worker.prototype, "onmessage", {
      set(this: Worker, listener: (event: MessageEvent) => void) {
        set!.call(this, (event: MessageEvent) => {
          const { id, progress } = event.data;
          if (state.isOn && state.seen.has(id)) state.kept.push(() => listener(event));
          else listener(event);
          if (progress?.changed?.indices.length > 0) state.seen.add(id);
        });
      },
    });
  });
  await open(page);
  const first = page.url();
  await page.evaluate(() => Object.assign((globalThis as unknown as { state: object }).state, { isOn: true }));
  await (await field(page, "Metric")).selectOption("prob");
  await expect(page).toHaveURL(/metric=prob/);
  await expect(page.locator("#progress")).toHaveAttribute("data-what", "run");
  await show(page, "Grids");
  for (const head of ["1.2", "1.1"]) {
    await cell(grid(page, "from", "k"), head).click();
    await expect(page).toHaveURL(new RegExp(`to=a${head.replace(".", "\\.h")}`));
  }
  await page.goBack();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.2 key");
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await expect(page.locator("#status .words")).toContainText("Cancelled · ");
  await page.goForward();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.1 key");
  await expect(page.locator("#status .words")).toContainText("Cancelled · ");
  type Kept = { state: { isOn: boolean; calls: number; kept: (() => void)[] } };
  expect(await page.evaluate(() => (globalThis as unknown as Kept).state.calls)).toBe(1);
  await page.evaluate(() => {
    const { state } = globalThis as unknown as Kept;
    state.isOn = false;
    for (const tell of state.kept.splice(0)) tell();
  });
  // Going back to other settings does run them.
  for (const _ of [0, 1, 2]) await page.goBack();
  await expect(page).toHaveURL(first);
  await settled(page);
});
