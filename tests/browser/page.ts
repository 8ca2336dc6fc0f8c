// Reading the page, and reaching its parts.

import { readFile } from "node:fs/promises";
import type { Download, Locator, Page } from "@playwright/test";
import type { Component } from "../../www/src/engine/types";
import { expect } from "./test";

const COMPONENTS: Component[] = ["q", "k", "v"];

/** The page with its first run done, and without the tour of a first visit. */
export async function open(page: Page, address = "/"): Promise<void> {
  await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
  await page.goto(address);
  await settled(page);
}

/** Once a run is through. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("#take button").first()).toBeEnabled();
  await expect(page.locator("#board")).not.toHaveClass(/stale/);
  await expect(page.locator("#progress .progress")).toHaveAttribute("data-state", "idle");
}

/** One grid: what a source writes, or what is written into a destination. */
export function grid(page: Page, role: "from" | "into", component: Component): Locator {
  return page.locator(`.grids.${role} figure`).nth(COMPONENTS.indexOf(component)).getByRole("grid");
}

/** One head's cell of a grid, by `layer.head`; its input is the grid's. */
export function cell(of: Locator, head: string): Locator {
  const name = `a${head.replace(".", ".h")}`;
  return of.locator(`[data-node="${name}"], [data-node^="${name}<"]`);
}

/** The value that a cell of a grid says it has. */
export function valueIn(label: string): number {
  return Number(/ (-?[\d.]+(?:e-?\d+)?) \(/.exec(label)?.[1]);
}

/** What a saved file holds. */
export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}
