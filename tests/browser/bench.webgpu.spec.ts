// The bench's page on a software adapter: the same numbers as on the CPU, few pipelines, and no model that would take minutes.

import { expect, test } from "./test";

test("the bundled model on WebGPU beside the CPU; a larger one is left out where the adapter is slow", async ({ page }) => {
  await page.goto("/bench.html");
  await page.getByRole("button", { name: "Run the bench" }).click();
  await expect(page.locator("#progress")).toHaveText("Done.");
  const report = JSON.parse(await page.getByLabel("The same as JSON").inputValue());
  expect(report.adapter.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
  expect(report.isSlow).toBe(true);
  expect(report.sweeps.map(({ device }: { device: string }) => device)).toEqual(["cpu", "webgpu"]);
  const [cpu, gpu] = report.sweeps;
  expect(gpu.edges).toBe(cpu.edges);
  expect(gpu.largestDifference).toBeLessThan(1e-3);
  expect(gpu.counts.pipelines).toBeGreaterThan(0);
  // Load, race, estimates and the sweep of every edge.
  expect(gpu.counts.pipelines).toBeLessThanOrEqual(24);
  expect(gpu.products).toHaveLength(4);
  expect(gpu.products.map(([name]: [string]) => name)).toContain(gpu.matmul);
});
