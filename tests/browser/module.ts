// Uses pathpatch.js in the browser, as another person's page would.

import type { Page } from "@playwright/test";
import type { DeviceChoice, Grid } from "../../www/src/engine/types";

export interface PlainGrid extends Omit<Grid, "values" | "mask" | "exact"> {
  values: (number | null)[];
  mask: number[];
  exact: number[];
}

/** Open an empty page. */
export async function openBlank(page: Page): Promise<void> {
  const body = '<!doctype html><title>Blank</title><link rel="icon" href="data:,">';
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto("/blank.html");
}

/** Have the engine's workers run a script before their own. */
export async function beforeWorkers(page: Page, script: string): Promise<void> {
  await page.route("**/worker*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: script + (await response.text()) });
  });
}

/** Sweep with the built site's module, from an empty page. */
export async function sweep(
  page: Page,
  device: DeviceChoice,
  options: Record<string, unknown>,
): Promise<{ kind: string; grid: PlainGrid }> {
  await openBlank(page);
  return page.evaluate(
    async ({ device, options }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device });
      const sweep = "srcLayer" in options ? "getActPatchDirectPath" : "getActPatchDirectPathAllSources";
      const grid = await model[sweep](options);
      model.dispose();
      const values = Array.from(grid.values as Float32Array, (v) => (Number.isNaN(v) ? null : v));
      const [mask, exact] = [grid.mask, grid.exact].map((flags: Uint8Array) => Array.from(flags));
      return { kind: model.device.kind, grid: { ...grid, values, mask, exact } };
    },
    { device, options },
  );
}

/** Largest difference over the entries with a path; NaN if the two do not have the same paths. */
export function difference(ours: (number | null)[], theirs: (number | null)[]): number {
  if (ours.length !== theirs.length) return Number.NaN;
  return ours.reduce<number>((most, value, i) => {
    const other = theirs[i];
    if (value === null && other === null) return most;
    return Math.max(most, Math.abs((value ?? Number.NaN) - (other ?? Number.NaN)));
  }, 0);
}
