// A notebook with the widget, as people see it in JupyterLab.

import { expect, test } from "@playwright/test";
import { openNotebook, outputOf, runCell } from "../../python/tests/browser/lab";
import { siteOf } from "../../python/tests/browser/server";
import { Widget } from "../../python/tests/browser/widget";
import { take } from "./take";

// As high as the cell with the widget and the one below it.
test.use({ baseURL: siteOf("jupyter"), viewport: { width: 1280, height: 1074 }, colorScheme: "light", reducedMotion: "reduce" });

test("a notebook", async ({ page }) => {
  await openNotebook(page, "show.ipynb");
  await runCell(page, 0);
  const widget = new Widget(page);
  for (const edge of ["a0.h3->a1.h0<k>", "a0.h3->a1.h3<k>"]) {
    await widget.clickEdge(edge);
    await widget.button("Mark").click();
  }
  await expect(widget.marked()).toHaveCount(2);
  await runCell(page, 1);
  await expect(outputOf(page, 1)).toContainText("marked: a0.h3->a1.h0<k> a0.h3->a1.h3<k>");
  await page.locator(".jp-Cell").first().evaluate((cell) => cell.scrollIntoView());
  await take(page, "notebook");
});
