// What a page of somebody else's does with pathpatch.js; runs in the browser.

import type { Page } from "@playwright/test";
import type { DeviceChoice, Grid } from "../../www/src/engine/types";

export interface PlainGrid extends Omit<Grid, "values" | "mask"> {
  values: (number | null)[];
  mask: number[];
}

/** Sweep with the module of the built site, from a page that has nothing else on it. */
export async function sweep(
  page: Page,
  device: DeviceChoice,
  options: Record<string, unknown>,
): Promise<{ kind: string; grid: PlainGrid }> {
  await page.goto("/models/ioi-demo/config.json");
  return page.evaluate(
    async ({ device, options }) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device });
      const sweep = "srcLayer" in options ? "getActPatchDirectPath" : "getActPatchDirectPathAllSources";
      const grid = await model[sweep](options);
      model.dispose();
      const values = Array.from(grid.values as Float32Array, (v) => (Number.isNaN(v) ? null : v));
      return { kind: model.device.kind, grid: { ...grid, values, mask: Array.from(grid.mask) } };
    },
    { device, options },
  );
}

/** Largest difference over the entries with a path; NaN where the two do not have the same paths. */
export function difference(ours: (number | null)[], theirs: (number | null)[]): number {
  if (ours.length !== theirs.length) return Number.NaN;
  return ours.reduce<number>((most, value, i) => {
    const other = theirs[i];
    if (value === null && other === null) return most;
    return Math.max(most, Math.abs((value ?? Number.NaN) - (other ?? Number.NaN)));
  }, 0);
}
