// marimo: what is marked runs the cells that read it.

import { expect, test } from "@playwright/test";
import { watch, Widget } from "./widget";

test("an edge that is clicked and marked runs the cell that tells it", async ({ page, baseURL }) => {
  const seen = watch(page, baseURL!);
  await page.goto("/");
  const widget = new Widget(page);
  await widget.clickEdge("a0.h3->a1.h0<k>");
  await widget.button("Mark").click();
  await expect(page.getByText("marked: a0.h3->a1.h0<k>")).toBeVisible();
  await widget.box.getByRole("button", { name: "Unmark 0.3 → 1.0 key" }).click();
  await expect(page.getByText("a0.h3->a1.h0<k>")).toHaveCount(0);
  expect(seen).toEqual({ requests: [], errors: [] });
});
