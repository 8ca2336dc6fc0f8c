// JupyterLab: a result is shown in one call, and what the reader clicks and marks is in the kernel.

import { expect, test } from "@playwright/test";
import { openNotebook, outputOf, runCell } from "./lab";
import { watch, Widget } from "./widget";

test("an edge that is clicked and marked is the kernel's, and what the kernel sets is seen", async ({ page, baseURL }) => {
  const seen = watch(page, baseURL!);
  await openNotebook(page, "show.ipynb");
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

test("values with their prompts show where the prompts differ", async ({ page, baseURL }) => {
  const seen = watch(page, baseURL!);
  await openNotebook(page, "values.ipynb");
  await runCell(page, 0);
  const { box } = new Widget(page);
  await expect(box.getByRole("heading", { name: "0.3 → 1.3 key" })).toBeVisible();
  // The words that differ stand over each other, and no other token does.
  await expect(box.locator(".alt")).toHaveText(["clean foxcorrupted dragon"]);
  await expect(box.locator(".tok")).toHaveCount(14);
  expect(seen).toEqual({ requests: [], errors: [] });
});

test("a notebook that is not trusted shows the still picture", async ({ page }) => {
  await openNotebook(page, "shown.ipynb");
  const picture = outputOf(page, 0).getByRole("img", { name: /^How a small model repeats a list: The 30 strongest of / });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(760);
  await expect(new Widget(page).box).toHaveCount(0);
});
