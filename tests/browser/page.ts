// Helpers to read the page and to reach its parts.

import { readFile } from "node:fs/promises";
import type { Download, Locator, Page } from "@playwright/test";
import type { Component } from "../../www/src/engine/types";
import { expect } from "./test";

const COMPONENTS: Component[] = ["q", "k", "v"];

/** Open the page without the tour of a first visit, and wait for its first run. */
export async function open(page: Page, address = "/"): Promise<void> {
  await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
  await page.goto(address);
  await settled(page);
}

/** Wait until a run is done. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("#take button").first()).toBeEnabled();
  await expect(page.locator("#board")).not.toHaveClass(/stale/);
  await expect(page.locator("#progress .progress")).toHaveAttribute("data-state", "idle");
}

/** One grid: edges from a source, or edges into a destination. */
export function grid(page: Page, role: "from" | "into", component: Component): Locator {
  return page.locator(`.grids.${role} figure`).nth(COMPONENTS.indexOf(component)).getByRole("grid");
}

/** One head's cell of a grid. */
export function cell(of: Locator, head: string): Locator {
  return of.getByRole("gridcell", { name: new RegExp(`^Head ${head.replace(".", "\\.")}: `) });
}

/** The value in a cell's label. */
export function valueIn(label: string): number {
  return Number(/ (-?[\d.]+(?:e-?\d+)?) \(/.exec(label)?.[1]);
}

/** The content of a downloaded file. */
export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}
