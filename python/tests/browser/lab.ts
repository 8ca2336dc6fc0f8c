// Notebooks in JupyterLab.

import { expect, type Locator, type Page } from "@playwright/test";

/** Open a notebook by itself, and wait for its kernel. */
export async function openNotebook(page: Page, name: string): Promise<void> {
  await page.goto(`/doc/tree/${name}`);
  await expect(page.getByText("| Idle")).toBeVisible();
}

/** Run the cell with this number, from 0. */
export async function runCell(page: Page, cell: number): Promise<void> {
  await page.locator(".jp-Cell .cm-content").nth(cell).click();
  await page.keyboard.press("Shift+Enter");
}

export const outputOf = (page: Page, cell: number): Locator => page.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output");
