// Exploring a result: linked grids, circuit and table; an edge in detail.

import { cell, contentOf, grid, open, settled } from "./page";
import { expect, test } from "./test";

test.beforeEach(({ page }) => open(page));

test("a cell of the upper grids chooses the destination, one of the lower grids the source", async ({ page }) => {
  await cell(grid(page, "from", "q"), "2.1").click();
  await expect(page.getByLabel("Destination head")).toHaveValue("2.1");
  await expect(grid(page, "into", "q")).toHaveAccessibleName("Into the query of head 2.1");
  await expect(cell(grid(page, "from", "q"), "2.1")).toHaveAttribute("aria-selected", "true");
  await cell(grid(page, "into", "v"), "1.2").click();
  await expect(page.getByLabel("Source head")).toHaveValue("1.2");
  await expect(cell(grid(page, "from", "v"), "1.2")).toHaveAccessibleName("Head 1.2: the source");
  await expect(page.locator("#detail h3")).toHaveText("1.2 → 2.1 value");
  // A click on a cell without a path does nothing.
  await cell(grid(page, "from", "v"), "0.0").click();
  await expect(page.locator("#detail h3")).toHaveText("1.2 → 2.1 value");
});

test("the edge under the pointer is highlighted in grids, circuit and table, and described in words", async ({ page }) => {
  const lit = (where: string) => page.locator(`${where} .lit[data-edge="0.3-1.3-k"]`);
  await cell(grid(page, "from", "k"), "1.3").hover();
  await expect(page.locator(".readout")).toHaveText(
    /^0\.3 → 1\.3 key: logit difference, corrupted 0 to clean 1 0\.589 \(\+0\.589 from the corrupted run\)$/,
  );
  for (const where of [".grids.from", ".grids.into", ".circuit", ".table-part"]) await expect(lit(where)).toHaveCount(1);
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(page.locator(".lit")).toHaveCount(0);
  await expect(page.locator(".readout")).toHaveText(/^Point at a cell/);
  await page.locator('.table-part tr[data-edge="0.3-1.0-k"]').hover();
  await expect(page.locator(".circuit .lit, .grids.from .lit")).toHaveCount(2);
  await page.locator('.circuit [data-edge="0.3-1.2-k"]').focus();
  await expect(page.locator('.table-part .lit[data-edge="0.3-1.2-k"]')).toHaveCount(1);
});

test("grids work by keyboard alone", async ({ page }) => {
  const key = grid(page, "from", "k");
  await cell(key, "0.0").focus();
  for (const press of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
    await page.keyboard.press(press);
  }
  await expect(cell(key, "1.2")).toBeFocused();
  await expect(page.locator(".readout")).toHaveText(/^0\.3 → 1\.2 key: /);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Destination head")).toHaveValue("1.2");
  await expect(cell(key, "1.2")).toBeFocused();
});

test("the circuit works by keyboard, and shows as many edges as asked for", async ({ page }) => {
  await expect(page.locator(".circuit .edge")).toHaveCount(30);
  const strongest = page.locator('.circuit [data-edge="0.3-1.3-k"]');
  await expect(strongest).toHaveAttribute("tabindex", "0");
  await strongest.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.locator("#detail h3")).toHaveText(/^0\.3 → 1\.[02] key$/);
  await page.getByLabel("Edges shown").fill("100");
  await expect(page.locator(".circuit .edge")).toHaveCount(100);
  // Rows are layers, so all heads of a layer have the same height.
  const heights = await page.locator(".circuit .node").evaluateAll((nodes) =>
    nodes.map((node) => [node.textContent!.split(".")[0], node.getAttribute("transform")!.split(",")[1]].join()),
  );
  expect(new Set(heights).size).toBe(3);
});

test("small effects can be hidden", async ({ page }) => {
  await page.getByLabel("Hide effects below").fill("0.5");
  await expect(page.locator(".circuit .edge")).toHaveCount(3);
  await expect(page.locator(".table-part")).toContainText("3 of 3 edges");
});

test("the table sorts and filters", async ({ page }) => {
  const rows = page.locator(".table-part tbody tr");
  await expect(rows.first()).toHaveAttribute("data-edge", "0.3-1.3-k");
  const effect = page.getByRole("columnheader", { name: "Effect" });
  await expect(effect).toHaveAttribute("aria-sort", "descending");
  // Names from the first, and then from the last.
  await page.getByRole("button", { name: "Destination", exact: true }).click();
  await expect(page.getByRole("columnheader", { name: "Destination" })).toHaveAttribute("aria-sort", "ascending");
  await expect(effect).toHaveAttribute("aria-sort", "none");
  await expect(rows.first().locator("td").nth(1)).toHaveText("1.0");
  await page.getByRole("button", { name: "Destination", exact: true }).click();
  await expect(page.getByRole("columnheader", { name: "Destination" })).toHaveAttribute("aria-sort", "descending");
  await expect(rows.first().locator("td").nth(1)).toHaveText("2.3");
  await page.getByRole("button", { name: "Effect" }).click();
  await expect(rows.first()).toHaveAttribute("data-edge", "0.3-1.3-k");
  for (const [filter, found] of [["0.3 1.3", 1], ["L0H3->1.3", 1]] as const) {
    await page.getByLabel("Only edges of this head").fill(filter);
    await page.getByLabel("Only edges into this component").selectOption("k");
    await expect(page.locator(".table-part")).toContainText(`${found} of ${found} edges`);
  }
  await page.getByLabel("Only edges of this head").fill("fox");
  await expect(page.locator(".table-part")).toContainText("No head is called fox: write 9.6, L9H6, or 9. for a whole layer.");
  await page.getByLabel("Only edges of this head").fill("1.3 0.3");
  await expect(page.locator(".table-part")).toContainText("No edge fits this filter");
  await page.getByLabel("Only edges of this head").fill("1.2");
  await page.getByLabel("Only edges into this component").selectOption("q");
  await expect(page.locator(".table-part")).toContainText("8 of 8 edges");
  await rows.first().click();
  await expect(rows.first()).toHaveClass(/selected/);
  await expect(page.locator("#detail h3")).toContainText("1.2");
});

test("the colour range can be held for comparison, until another metric resets it", async ({ page }) => {
  const ends = page.locator(".legend .tick text");
  const reach = async () => Number((await ends.allTextContents())[2]);
  await page.getByLabel("Metric", { exact: true }).selectOption("logit-diff");
  await settled(page);
  await page.getByLabel("Colour scale").selectOption("held");
  const before = await reach();
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  expect(await reach()).toBe(before);
  await page.getByLabel("Colour scale").selectOption("sweep");
  expect(await reach()).not.toBe(before);
  await page.getByLabel("Colour scale").selectOption("held");
  await page.getByLabel("Metric", { exact: true }).selectOption("prob");
  await settled(page);
  await expect(page.getByLabel("Colour scale")).toHaveValue("sweep");
  expect(await reach()).toBeLessThan(1);
});

test("cells and colour bar both show the change, with 0 in the middle and the clean run explained", async ({ page }) => {
  const ends = await page.locator(".legend .tick text").allTextContents();
  expect(ends).toEqual(["-0.589", "0", "+0.589"]);
  await expect(cell(grid(page, "from", "k"), "1.3").locator("text")).toHaveText("+0.59");
  await expect(page.locator(".key .note")).toContainText("0 is the corrupted run (0.000); the clean run (1.000) is +1 from it.");
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  // Colours scaled to these grids alone; scaled to the sweep's strongest edge they would be pale.
  await page.getByLabel("Source head").selectOption("0.0");
  await page.getByLabel("Destination head").selectOption("1.0");
  const sweep = Number((await page.locator(".legend .tick text").allTextContents())[2]);
  await page.getByLabel("Colour scale").selectOption("grids");
  expect(Number((await page.locator(".legend .tick text").allTextContents())[2])).toBeLessThan(sweep);
});

test("an example opens on its strongest edge, and rounding has no colour", async ({ page }) => {
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  const first = page.locator(".table-part tbody tr").first();
  await expect(first).toHaveClass(/selected/);
  const [source, destination, input] = await first.locator("td").allTextContents();
  await expect(page.locator("#detail h3")).toHaveText(`${source} → ${destination} ${input}`);
  // No number on the page has a dozen zeros, and no zero has a sign.
  const text = await page.locator("main").innerText();
  expect(text).not.toMatch(/0\.0000000/);
  expect(text).not.toMatch(/[-+]0(\.0+)?(?![\d.e])/);
  // In a run with only rounding errors, no cell is coloured, no edge is drawn, and the page says why.
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#take").getByRole("button", { name: "JSON", exact: true }).click(),
  ]);
  const saved = JSON.parse((await contentOf(download)).toString());
  for (const edges of Object.values<{ values: number[] }>(saved.components)) {
    edges.values = edges.values.map((_, i) => saved.corruptedMetric + 1e-6 * Math.sin(i));
  }
  const file = { name: "still.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(saved)) };
  await page.getByLabel("Open a saved JSON").setInputFiles(file);
  await expect(page.locator(".key .note")).toContainText("No edge moves the metric: what is left is rounding.");
  const fills = await page.locator(".heatmap .value:visible").evaluateAll((all) => all.map((one) => one.getAttribute("fill")));
  expect(fills.length).toBeGreaterThan(20);
  expect(new Set(fills)).toEqual(new Set(["rgb(242, 239, 238)"]));
  await expect(page.locator(".circuit .edge")).toHaveCount(0);
  await expect(page.locator(".table-part")).toContainText("No edge moves the metric");
});

test("pressing a button in the detail keeps the focus", async ({ page }) => {
  const button = page.locator("#detail").getByRole("button", { name: /^What 1\.3 writes$/ });
  await button.press("Enter");
  await expect(page.locator("#detail h3")).toHaveText(/^1\.3 → /);
  await expect(page.locator("#detail").getByRole("button", { name: /^What 2\.\d writes$/ })).toBeFocused();
});

test("an edge in detail: attention before and after, what is added, the output, and links to further edges", async ({ page }) => {
  const detail = page.locator("#detail");
  await expect(detail.locator("h3")).toHaveText("0.3 → 1.3 key");
  await expect(detail).toContainText("Metric: corrupted 0.000, patched 0.589 (+0.589), clean 1.000.");
  const pattern = (name: RegExp) => detail.getByRole("img", { name });
  await expect(pattern(/^0\.3 attends, clean run\./)).toHaveAccessibleName(/looks 95\.?\d?% at “piano”, position 12/);
  await expect(pattern(/^1\.3 attends, before the patch\./)).toBeVisible();
  // With the patch, the induction head attends to the token after the first “fox”.
  await expect(pattern(/^1\.3 attends, after the patch\./)).toHaveAccessibleName(/% at “lamp”, position 2/);
  await expect(detail.getByRole("row", { name: /^lamp / }).last()).toBeVisible();
  await expect(detail.locator(".bars")).toHaveCount(3);

  await cell(grid(page, "from", "v"), "1.3").click();
  await expect(detail.getByText("A patched value leaves the attention of 1.3 as it was")).toBeVisible();
  await detail.getByRole("button", { name: "What 1.3 writes" }).click();
  await expect(page.getByLabel("Source head")).toHaveValue("1.3");
  await expect(detail.locator("h3")).toHaveText(/^1\.3 → 2\.\d value$/);
  await detail.getByRole("button", { name: "What is written into 1.3" }).click();
  await expect(page.getByLabel("Destination head")).toHaveValue("1.3");
  // The detail now shows this head's strongest source.
  await expect(detail.locator("h3")).toHaveText(/^0\.\d → 1\.3 value$/);
  await page.getByLabel("Destination head").selectOption("0.0");
  await expect(grid(page, "into", "v")).toHaveAccessibleName("Into the value of head 0.0");
  await expect(detail).toContainText("Choose a cell, a line of the circuit or a row of the table.");
});

test("only estimates, or exact values of one source", async ({ page }) => {
  await page.getByLabel("Exact values of").selectOption("none");
  await settled(page);
  const strongest = cell(grid(page, "from", "k"), "1.3");
  await expect(strongest).toHaveAccessibleName(/, an estimate\)$/);
  const width = async () => Number(await strongest.locator(".value").getAttribute("width"));
  const small = await width();
  await page.getByLabel("Exact values of").selectOption("source");
  await settled(page);
  await expect(strongest).not.toHaveAccessibleName(/estimate/);
  expect(small).toBeLessThan(await width());
  await page.getByLabel("Source head").selectOption("0.1");
  await expect(cell(grid(page, "from", "k"), "1.3")).not.toHaveAccessibleName(/estimate|not known/);
  await page.getByLabel("Source head").selectOption("1.1");
  await settled(page);
  await expect(cell(grid(page, "into", "k"), "0.2").or(cell(grid(page, "into", "k"), "1.0"))).toHaveCount(2);
});
