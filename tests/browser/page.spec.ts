// The page as a reader uses it, by pointer and by keyboard, on the CPU.

import * as cli from "./cli";
import { valueIn } from "./page";
import { expect, test } from "./test";

const preset = { ...cli.INDUCTION, component: "k", metric: "normalized-logit-diff" };
const cell = (head: string) => new RegExp(`^Head ${head.replace(".", "\\.")}: `);

test.beforeEach(async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("gridcell", { name: "Head 0.3: the source" })).toBeVisible();
});

test("the first grid is there without a click, with the command line's values", async ({ page }) => {
  await expect(page.locator("#status")).toContainText("ioi-demo: 3 layers × 4 heads, on the CPU: ");
  const theirs = cli.sweep({ ...preset, source: "0.3" });
  const cells = page.getByRole("gridcell");
  const labels = await cells.evaluateAll((all) => all.map((cell) => cell.getAttribute("aria-label")));
  expect(labels).toHaveLength(12);
  theirs.forEach((value, i) => {
    if (value === null) {
      expect(labels[i]).toMatch(i === 3 ? /the source$/ : /no path/);
      return;
    }
    expect(Math.abs(valueIn(labels[i]!) - value)).toBeLessThan(1e-3);
  });
  const first = await page.evaluate(() => performance.getEntriesByName("first-grid")[0]?.startTime);
  console.log(`first grid after ${first?.toFixed(0)} ms`);
});

test("differing tokens are marked in both prompts", async ({ page }) => {
  await expect(page.locator(".tokens mark")).toHaveText(["fox", "dragon"]);
  await expect(page.locator(".tokens").first().locator("li").first()).toHaveText("<|endoftext|>");
  await page.getByLabel("Begin with <|endoftext|>").uncheck();
  await expect(page.locator(".tokens").first().locator("li").first()).toHaveText("fox");
});

test("a click on a head makes it the source", async ({ page }) => {
  await page.getByRole("gridcell", { name: cell("1.2") }).click();
  await expect(page.getByRole("gridcell", { name: "Head 1.2: the source" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "What head 1.2 writes" })).toBeVisible();
  await expect(page.getByLabel("Source layer")).toHaveValue("1");
  await expect(page.getByLabel("Source head")).toHaveValue("2");
  await expect(page.getByRole("gridcell", { name: cell("1.3") })).toHaveAccessibleName(/no path/);
});

test("hovering and focusing read the value out", async ({ page }) => {
  const target = page.getByRole("gridcell", { name: cell("1.3") });
  const label = (await target.getAttribute("aria-label"))!;
  await target.hover();
  await expect(page.locator(".readout")).toHaveText(label);
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(page.locator(".readout")).toHaveText(/^Point at a cell/);
});

test("the grid works by keyboard alone", async ({ page }) => {
  await page.getByLabel("Metric").focus();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("gridcell", { name: cell("0.0") })).toBeFocused();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp"]) await page.keyboard.press(key);
  const reached = page.getByRole("gridcell", { name: cell("0.2") });
  await expect(reached).toBeFocused();
  await expect(page.locator(".readout")).toHaveText(/^Head 0\.2: no path/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("gridcell", { name: "Head 0.2: the source" })).toBeFocused();
  await expect(page.getByLabel("Source head")).toHaveValue("2");
});

test("component, metric and preset change the grid", async ({ page }) => {
  await page.getByLabel("query").check();
  await expect(page.getByRole("heading", { name: "What head 0.3 writes into each later head’s query" })).toBeVisible();
  await page.getByLabel("Metric").selectOption("kl");
  await expect(page.locator(".legend .axis-title")).toHaveText("KL divergence from the clean run");
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await expect(page.getByLabel("Answer")).toHaveValue("Mary");
  await expect(page.getByRole("gridcell", { name: "Head 1.0: the source" })).toBeVisible();
  await expect(page.locator(".tokens mark")).toHaveText(["John", "Mary"]);
});

test("errors stand beside their field, and go when it is mended", async ({ page }) => {
  const errors = page.locator(".error:not(:empty)");
  await page.getByLabel("Answer").fill("Mary John");
  await expect(page.locator("#answer-error")).toHaveText('answer: expected one token, got 2: "Mary" "John"');
  await expect(page.getByLabel("Answer")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Answer").fill("lamp");
  await expect(errors).toHaveCount(0);

  await page.getByLabel("Clean prompt").fill("fox lamp Zarathustra");
  await expect(page.locator("#clean-error")).toHaveText(
    'text: expected words of this model\'s vocabulary, got "Zarathustra"',
  );
  await page.getByLabel("Clean prompt").fill("fox lamp");
  await expect(page.locator("#corrupted-error")).toHaveText(
    "corrupted prompt: expected as many tokens as the clean prompt (3), got 14",
  );
  await expect(page.getByLabel("Corrupted prompt")).toHaveValue(cli.INDUCTION.corrupted);
  await page.getByLabel("Clean prompt").fill(cli.INDUCTION.corrupted);
  await expect(page.locator("#metric-error")).toContainText("expected clean and corrupted runs with different values");
  await page.getByLabel("Clean prompt").fill(cli.INDUCTION.clean);
  await expect(errors).toHaveCount(0);
  await expect(page.getByRole("gridcell", { name: "Head 0.3: the source" })).toBeVisible();
});

test("a head of the last layer has no later head", async ({ page }) => {
  await page.getByLabel("Source layer").selectOption("2");
  await expect(page.getByRole("heading", { name: "No head comes after head 2.3: it is in the last layer" })).toBeVisible();
});

test("a slow download shows where it is, can be cancelled and started again", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.continue().catch(() => {}); // The page that asked may have been reloaded.
  });
  await page.reload();
  await expect(page.locator(".progress")).toContainText(/tokenizer\.json: 0 MB|Starting/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#status")).toHaveText("ioi-demo is not loaded.");
  release();
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page.getByRole("gridcell", { name: "Head 0.3: the source" })).toBeVisible();
});
