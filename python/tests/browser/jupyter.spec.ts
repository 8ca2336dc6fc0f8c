// JupyterLab: a result is shown in one call, and what the reader clicks and marks is in the kernel.

import { expect, type Page, test } from "@playwright/test";
import { watch, Widget } from "./widget";

/** Run the cell with this number, from 0. */
async function runCell(page: Page, cell: number): Promise<void> {
  await page.locator(".jp-Cell .cm-content").nth(cell).click();
  await page.keyboard.press("Shift+Enter");
}

const outputOf = (page: Page, cell: number) => page.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output");

test("an edge that is clicked and marked is the kernel's, and what the kernel sets is seen", async ({ page, baseURL }) => {
  const seen = watch(page, baseURL!);
  await page.goto("/doc/tree/show.ipynb");
  await expect(page.getByText("| Idle")).toBeVisible();
  await runCell(page, 0);

  const widget = new Widget(page);
  await expect(widget.box.getByRole("heading", { name: "How a small model repeats a list" })).toBeVisible();
  await expect(widget.box.getByRole("heading", { name: "0.3 → 1.3 key" })).toBeVisible();
  await widget.clickEdge("a0.h3->a1.h0<k>");
  await expect(widget.box.getByRole("heading", { name: "0.3 → 1.0 key" })).toBeVisible();
  // The letter is Jupyter's own, too: there it turns a cell into text.
  await page.keyboard.press("m");
  await expect(widget.marked()).toHaveText([/0\.3 → 1\.0 key/]);
  await expect(page.locator(".jp-CodeCell")).toHaveCount(3);
  await widget.clickEdge("a0.h3->a1.h3<k>");
  await widget.button("Mark").click();
  await expect(widget.marked()).toHaveCount(2);

  await runCell(page, 1);
  await expect(outputOf(page, 1)).toHaveText(
    /edge: a0\.h3->a1\.h3<k>\s+marked: a0\.h3->a1\.h0<k> a0\.h3->a1\.h3<k>/,
  );

  await runCell(page, 2);
  await expect(widget.box.getByRole("heading", { name: "0.3 → 1.2 key" })).toBeVisible();
  await expect(widget.marked()).toHaveCount(0);
  await expect(widget.box.getByRole("grid", { name: "Edges" })).toBeVisible();
  // By keys alone, from the views' buttons on.
  await widget.button("Table").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(widget.box.locator("svg.circuit")).toBeVisible();
  await page.keyboard.press("m");
  await expect(widget.button("Unmark")).toBeVisible();
  expect(seen).toEqual({ requests: [], errors: [] });
});
