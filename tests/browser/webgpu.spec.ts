// WebGPU, in software: the command line's numbers from the module and on the page.

import * as cli from "./cli";
import { difference, sweep } from "./module";
import { valueIn } from "./page";
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

test("the page says that it runs on WebGPU and shows the same edge", async ({ page }) => {
  await page.goto("/?device=webgpu");
  await expect(page.getByRole("gridcell", { name: "Head 0.3: the source" })).toBeVisible();
  await expect(page.locator("#status")).toContainText("on WebGPU");
  const one = { ...cli.INDUCTION, component: "k", metric: "normalized-logit-diff", source: "0.3" };
  const strongest = cli.sweep(one)[7]!;
  const label = await page.getByRole("gridcell", { name: /^Head 1\.3: / }).getAttribute("aria-label");
  expect(Math.abs(valueIn(label!) - strongest)).toBeLessThan(1e-3);
});

test("a sweep can be cancelled and run again", async ({ page }) => {
  await page.goto("/?device=webgpu");
  await expect(page.locator(".progress")).toContainText("edges");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Cancelled.")).toBeVisible();
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(page.getByRole("gridcell", { name: "Head 0.3: the source" })).toBeVisible();
});

test("auto passes a software adapter over, and says so", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#status")).toContainText("the only WebGPU adapter is a software one");
});
