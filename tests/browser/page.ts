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

/** Wait until a run is done, and what is on screen is its result. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("#share-menu .items button").first()).toBeEnabled();
  await expect(page.locator("#picture")).not.toHaveClass(/stale/);
  await expect(page.locator("#progress")).toHaveAttribute("data-what", "");
}

/** Go to one of the ways to see a result. */
export async function show(page: Page, view: "Circuit" | "Grids" | "Table"): Promise<void> {
  await page.getByRole("tab", { name: view }).click();
}

/** The menu for taking a result along, open, with all that is in it. */
export async function share(page: Page): Promise<Locator> {
  const menu = page.locator("#share-menu");
  if (!(await menu.isVisible())) await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(menu).toBeVisible();
  const more = menu.getByText("More files and code");
  if ((await more.locator("xpath=..").getAttribute("open")) === null) await more.click();
  return menu;
}

/** The editor of the question, open; what is measured is under its “More”. */
export async function editor(page: Page): Promise<Locator> {
  const panel = page.locator("#editor");
  if (!(await panel.isVisible())) await page.getByRole("button", { name: "Edit prompts" }).click();
  await expect(panel).toBeVisible();
  return panel;
}

/** A field of the editor by its label, to be seen and used. */
export async function field(page: Page, label: string): Promise<Locator> {
  const panel = await editor(page);
  const found = panel.getByLabel(label, { exact: true });
  const more = panel.locator("#more");
  if ((await more.getByLabel(label, { exact: true }).count()) > 0 && !(await found.isVisible())) await more.locator("summary").click();
  await expect(found).toBeVisible();
  return found;
}

/** One pair, a batch, or a template. */
export async function mode(page: Page, name: "One pair" | "Batch" | "Template"): Promise<void> {
  await (await editor(page)).getByRole("button", { name, exact: true }).click();
}

/** A batch of these rows alone. */
export async function batch(page: Page, rows: string): Promise<void> {
  await mode(page, "Batch");
  const remove = page.getByRole("button", { name: "Remove this row" });
  while (await remove.isEnabled()) await remove.click();
  await paste(page, rows);
}

/** Rows to add to the batch. */
export async function paste(page: Page, rows: string): Promise<void> {
  const place = page.getByLabel("Rows to add");
  if (!(await place.isVisible())) await page.getByText("Paste rows").click();
  await place.fill(rows);
  await page.getByRole("button", { name: "Add these rows" }).click();
}

/** Choose one of the examples, or one of the earlier runs. */
export async function example(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("button", { name: "Examples" }).click();
  await page.getByRole("menu", { name: "Examples" }).locator("[role^=menuitem]").filter({ hasText: name }).first().click();
}

/** The dialog with all models, open. */
export async function models(page: Page): Promise<Locator> {
  const dialog = page.locator("#models-dialog");
  if (!(await dialog.isVisible())) await page.getByRole("button", { name: "Other models" }).click();
  await expect(dialog).toBeVisible();
  return dialog;
}

/** What the dialog says of the model that is loaded. */
export const loadedModel = (page: Page): Locator => page.locator("#model-loaded");

/** One grid, where grids are shown: edges from a source, or edges into a destination. */
export function grid(page: Page, role: "from" | "into", component: Component): Locator {
  return page.locator(`.grids-of.${role} .grid-of`).nth(COMPONENTS.indexOf(component)).getByRole("grid");
}

/** One node's cell of a grid: a head by `layer.head`, its input is the grid's; others by their names. */
export function cell(of: Locator, node: string): Locator {
  const name = /^\d/.test(node) ? `a${node.replace(".", ".h")}` : node;
  return of.locator(`[data-node="${name}"], [data-node^="${name}<"]`);
}

/** What is said of each head of a grid, layer by layer from the first. */
export async function headLabels(of: Locator): Promise<string[]> {
  const cells = await of
    .getByRole("gridcell")
    .evaluateAll((all) => all.map((one) => ({ node: one.getAttribute("data-node")!, label: one.getAttribute("aria-label")! })));
  return inOrder(cells).map(({ label }) => label);
}

/** Heads' cells, layer by layer from the first; the grids have the last layer at the top. */
export function inOrder<C extends { node: string }>(cells: readonly C[]): C[] {
  const placed = cells.flatMap((cell) => {
    const [, layer, head] = /^a(\d+)\.h(\d+)/.exec(cell.node) ?? [];
    return layer === undefined ? [] : [{ cell, layer: Number(layer), head: Number(head) }];
  });
  return placed.sort((a, b) => a.layer - b.layer || a.head - b.head).map(({ cell }) => cell);
}

/** The metric that is said of an edge; `base` where no more is said than that it moves by rounding. */
export function valueIn(label: string, base = 0): number {
  if (label.includes("no more than rounding")) return base;
  return Number(/, from \S+ to ([−\d.e-]+)/.exec(label)?.[1]?.replaceAll("−", "-"));
}

/** The content of a downloaded file. */
export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}

/** The name of the edge that is explained. */
export const chosenEdge = (page: Page): Locator => page.locator("#edge h2, #edge h3").first();
