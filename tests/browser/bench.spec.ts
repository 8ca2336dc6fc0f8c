// The bench's page without WebGPU: what there is to measure is measured, and the rest is said.

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

// Chromium says so where a page asks for an adapter.
test.use({ expectedComplaints: /No available adapters/ });

test("without WebGPU the CPU is measured, in a table and as JSON", async ({ page }) => {
  await page.goto("/bench.html");
  await page.getByRole("button", { name: "Run the bench" }).click();
  await expect(page.locator("#progress")).toHaveText("Done.");
  await expect(page.locator("#about")).toContainText("This browser offers no WebGPU adapter: only the CPU is measured, and GPT-2 small’s size is left out.");
  const report = JSON.parse(await page.getByLabel("The same as JSON").inputValue());
  expect(report.sweeps).toHaveLength(1);
  const [sweep] = report.sweeps;
  expect(sweep).toMatchObject({ device: "cpu", edges: 262, counts: null, isProjected: false });
  expect(sweep.rate).toBeGreaterThan(0);
  await expect(page.getByRole("columnheader")).toHaveText("bundled, 3 layers, CPU");
  await expect(page.getByRole("row", { name: "edges 262" })).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test("a bench can be stopped and run again", async ({ page }) => {
  await page.goto("/bench.html");
  await page.getByRole("button", { name: "Run the bench" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator("#progress")).toHaveText("Stopped.");
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page.locator("#progress")).toHaveText("Done.");
});
