// Every state of the page, as people see it: each is brought about, looked for, and written to docs/screens/.

import { copyFileSync, linkSync, rmSync, mkdirSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { type Host, startHost } from "../browser/host";
import { GPT2_SMALL, TOKENIZER } from "../browser/models";
import { models, open, settled, share, show } from "../browser/page";
import { take, writeIndex } from "./take";

const BATCH = [
  ["Mary", "John", "store", "book"],
  ["Alice", "Tom", "store", "book"],
  ["Emma", "Paul", "store", "book"],
  ["Lucy", "Mark", "store", "book"],
  ["Sam", "Kate", "store", "book"],
  ["Nina", "Jack", "store", "book"],
].map(([a, b, place, thing]) => {
  const told = (giver: string) => `When ${a} and ${b} went to the ${place} , ${giver} gave a ${thing} to`;
  return [told(b!), told(a!), a, b].join("\t");
});

test.use({ viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "reduce" });

test.beforeAll(writeIndex);

/** Change what the engine's worker says to the page, by statements before its own. */
async function hearing(page: Page, statements: string): Promise<void> {
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `const say = self.postMessage.bind(self); ${statements}\n${await response.text()}` });
  });
}

test("a first visit, and a tour", async ({ page }) => {
  await page.goto("/");
  await settled(page);
  await take(page, "first-visit");
  await page.getByRole("button", { name: "Examples" }).click();
  await expect(page.getByRole("menu", { name: "Examples" })).toBeVisible();
  await take(page, "examples");
  await page.keyboard.press("Escape");
  await page.locator("#intro").getByRole("button", { name: "Show me around" }).click();
  for (let step = 0; step < 2; step += 1) await page.locator("#tour").getByRole("button", { name: "Next" }).click();
  await settled(page);
  await page.waitForTimeout(500);
  await take(page, "tour");
});

test("a result: circuit, grids, table, menus, dialogs", async ({ page }) => {
  await open(page);
  await expect(page.locator("#edge")).toContainText("What changes at the output");
  await take(page, "chosen-edge");
  await page.screenshot({ path: "docs/page.png" });
  await show(page, "Grids");
  await take(page, "grids");
  await show(page, "Table");
  await take(page, "table");
  await show(page, "Circuit");
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("#share-menu")).toBeVisible();
  await take(page, "share");
  await page.keyboard.press("Escape");
  await models(page);
  await take(page, "models");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "How to read this" }).click();
  await expect(page.locator("#help-dialog")).toBeVisible();
  await take(page, "help");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Figure…" }).click();
  const dialog = page.locator("#figure-dialog");
  await expect(dialog.locator("img.sheet")).toBeVisible();
  await take(page, "figure");
  await dialog.getByRole("tab", { name: "For a web page" }).click();
  await expect(dialog.locator("path-patching svg").first()).toBeVisible();
  await expect(dialog.getByRole("textbox", { name: "Snippet" })).not.toHaveValue("");
  await take(page, "figure-embed");
});

test("prompts: edited, in a batch, with a mistake", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Edit prompts" }).click();
  await page.locator("#more summary").click();
  await take(page, "prompts");
  const clean = page.getByLabel("Clean prompt");
  await clean.fill((await clean.inputValue()).replace("tiger", "unicorn"));
  await expect(page.locator("#clean-error")).toContainText("unicorn");
  await take(page, "prompt-error");
  const batch = new URLSearchParams({ mode: "lines", lines: BATCH.join("\n"), clean: "", corrupted: "", answer: "", distractor: "", metric: "logit-diff" });
  await open(page, `/?batch#${batch}`);
  await page.getByRole("button", { name: "Edit prompts" }).click();
  await take(page, "batch");
});

test("a long run", async ({ page }) => {
  const directory = "test-results/screens-model";
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [from, to] of [["encoder.json", "vocab.json"], ["vocab.bpe", "merges.txt"]]) copyFileSync(`${TOKENIZER}/${from}`, `${directory}/${to}`);
  for (const file of ["config.json", "model.safetensors"]) linkSync(`${GPT2_SMALL}/${file}`, `${directory}/${file}`);
  const host = await startHost({ directory });
  try {
    await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
    await page.goto(`/#model=${encodeURIComponent(host.site)}`);
    await page.locator("#offer").getByRole("button").first().click();
    await expect(page.locator("#progress")).toHaveAttribute("data-what", "run");
    await expect(page.locator("#circuit .edge").first()).toBeVisible();
    await take(page, "running");
  } finally {
    await host.stop();
  }
});

test("what goes wrong, and what is asked first", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
  await page.goto(`/#model=${encodeURIComponent("openai-community/gpt2-medium")}`);
  await expect(page.locator("#offer")).toBeVisible();
  await take(page, "empty");
  await page.route("**/models/years-demo/model.safetensors", (route) => route.fulfill({ status: 404, body: "" }));
  await open(page);
  await page.getByRole("button", { name: "Years" }).click();
  await expect(page.locator("#failure")).toContainText("404");
  await take(page, "load-failure");
  await page.locator("#failure").getByRole("button", { name: "Dismiss" }).click();
  await page.getByRole("button", { name: "GPT-2 small" }).click();
  await expect(page.locator("#offer")).toBeVisible();
  await take(page, "offer");
});

test("a lost device", async ({ page }) => {
  const failure = { code: "device", message: "device: expected one that answers, got a lost one (the GPU was lost)" };
  await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
  await hearing(page, `let tables = 0; self.postMessage = (m, ...r) => (m.answer?.table && (tables += 1) > 1 ? say({ id: m.id, failure: ${JSON.stringify(failure)} }) : say(m, ...r));`);
  await open(page);
  await page.getByRole("button", { name: "Examples" }).click();
  await page.getByRole("menuitemradio", { name: /^Indirect object/ }).click();
  await expect(page.locator("#failure")).toContainText("The graphics device is gone");
  await take(page, "lost-device");
});

test.describe("in posts", () => {
  let host: Host;
  test.beforeAll(async () => {
    host = await startHost();
  });
  test.afterAll(() => host.stop());

  const post = (figure: string) =>
    host.page(`<meta name="viewport" content="width=device-width"><style>body{max-width:44rem;margin:2rem auto;font:1.05rem/1.6 Georgia,serif}</style>
<h1>A post</h1><p>Text of the post stands above the figure …</p><script type="module" src="SITE/pathpatch.js"></script>${figure}<p>… and goes on below.</p>`);

  test("a poster, and a figure that runs", async ({ page }) => {
    await page.setViewportSize({ width: 1000, height: 900 });
    await open(page);
    const menu = await share(page);
    const [download] = await Promise.all([page.waitForEvent("download"), menu.getByRole("button", { name: "Figure JSON" }).click()]);
    copyFileSync(await download.path(), "dist/post-figure.json");
    await page.goto(post('<path-patching src="SITE/post-figure.json"></path-patching>'));
    const figure = page.locator("path-patching");
    await expect(figure.locator("svg").first()).toBeVisible();
    await take(page, "embed-poster", true);
    rmSync("dist/post-figure.json");
    await page.goto(post('<path-patching live link="model=years-demo"></path-patching>'));
    await expect(figure.locator("svg").first()).toBeVisible();
    await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
    await expect(figure.locator(".edge-outputs")).toBeVisible();
    await take(page, "embed-live", true);
  });
});

test("other readers: dark, high contrast, phone, paper", async ({ page }) => {
  await open(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await take(page, "dark");
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  await take(page, "forced-colours");
  await page.emulateMedia({ forcedColors: "none", media: "print" });
  await page.setViewportSize({ width: 718, height: 1120 });
  await page.waitForTimeout(500);
  await take(page, "print", true);
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, "/?phone");
  await take(page, "phone");
  await page.locator("#edge").scrollIntoViewIfNeeded();
  await page.locator("#edge").evaluate((edge) => edge.scrollIntoView());
  await take(page, "phone-edge");
});
