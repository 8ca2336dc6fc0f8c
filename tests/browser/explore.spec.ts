// Exploring a result: circuit, grids and table, each at a time, and the scale below them.

import type { Locator, Page } from "@playwright/test";
import { cell, chosenEdge, contentOf, grid, open, settled, share, show } from "./page";
import { expect, test } from "./test";

test.beforeEach(({ page }) => open(page));

const circuit = (page: Page): Locator => page.locator("#circuit svg.circuit");
/** A part of the circuit, by its node. */
const part = (page: Page, node: string): Locator => circuit(page).locator(`.part[data-node="${node}"]`);
const edge = (page: Page, name: string): Locator => circuit(page).locator(`.edge[data-edge="${name}"]`);
const least = (page: Page): Locator => page.getByRole("slider", { name: "Least effect shown" });
const rows = (page: Page): Locator => page.getByRole("grid", { name: "Edges" }).locator("tr[data-edge]");

/** Set the slider by its keys until so many edges are shown. */
async function showEdges(page: Page, wanted: (edges: number) => boolean, key: "ArrowUp" | "ArrowDown"): Promise<number> {
  await least(page).focus();
  for (let i = 0; i < 200; i += 1) {
    const edges = await circuit(page).locator(".edge").count();
    if (wanted(edges)) return edges;
    await page.keyboard.press(key);
  }
  throw new Error("slider: expected as many edges as wanted, got others");
}

test("a view is a tab: arrow keys go from one to the next, and the link names it", async ({ page }) => {
  await page.getByRole("tab", { name: "Circuit" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Grids" })).toBeFocused();
  await expect(page.getByRole("tabpanel", { name: "Grids" })).toBeVisible();
  await expect(page.getByRole("tabpanel")).toHaveCount(1);
  await expect(page).toHaveURL(/show=grids/);
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tabpanel", { name: "Table" })).toBeVisible();
  await expect(page).toHaveURL(/show=table/);
  // The row of tabs is one stop: the next is something else.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("tab", { name: "Table" })).not.toBeFocused();
  await expect(page.locator("#views :focus")).toHaveCount(0);
  await page.reload();
  await settled(page);
  await expect(page.getByRole("tab", { name: "Table" })).toHaveAttribute("aria-selected", "true");
});

test("a cell of the upper grids chooses the receiver, one of the lower grids the sender", async ({ page }) => {
  await show(page, "Grids");
  await cell(grid(page, "from", "q"), "2.1").click();
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a2.h1");
  await expect(grid(page, "into", "q")).toHaveAccessibleName("Into head 2.1 query");
  await expect(cell(grid(page, "from", "q"), "2.1")).toHaveAttribute("aria-selected", "true");
  await cell(grid(page, "into", "v"), "1.2").click();
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("a1.h2");
  await expect(cell(grid(page, "from", "v"), "1.2")).toHaveAccessibleName("head 1.2 value: writes these edges");
  await expect(chosenEdge(page)).toHaveText("1.2 → 2.1 value");
  // A click on a cell without a path does nothing.
  await cell(grid(page, "from", "v"), "0.0").click();
  await expect(chosenEdge(page)).toHaveText("1.2 → 2.1 value");
});

test("grids have every receiver of a sender, and every sender of a receiver", async ({ page }) => {
  await show(page, "Grids");
  const rest = page.locator(".grids-of.from .grid-of").nth(3).getByRole("grid");
  await expect(rest).toHaveAccessibleName("From head 0.3 into the MLPs and the logits");
  await expect(rest.getByRole("gridcell")).toHaveCount(4);
  // The MLP of a head's own layer reads after it.
  await expect(cell(rest, "m0")).toHaveAccessibleName(/^0\.3 → MLP 0: /);
  await cell(rest, "logits").click();
  await expect(chosenEdge(page)).toHaveText("0.3 → logits");
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("logits");
  // One input, one grid: 12 heads, 3 MLPs and the embedding write to the logits.
  await expect(page.locator(".grids-of.into .grid-of:visible")).toHaveCount(1);
  const into = page.locator(".grids-of.into .grid-of").first().getByRole("grid");
  await expect(into.getByRole("gridcell")).toHaveCount(16);
  await cell(into, "input").click();
  await expect(chosenEdge(page)).toHaveText("input → logits");
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("input");
  await expect(cell(grid(page, "from", "k"), "0.1")).toHaveAccessibleName(/^input → 0\.1 key: /);
  await page.getByLabel("Receiver", { exact: true }).selectOption("m1");
  await expect(into).toHaveAccessibleName("Into MLP 1");
  await expect(cell(into, "m1")).toHaveAccessibleName("MLP 1: reads these edges");
  await expect(cell(into, "2.0")).toHaveAccessibleName("head 2.0: no path, MLP 1 reads before head 2.0 writes");
});

test("the edge under the pointer is told beside it, and has its mark on the scale and wherever else it is drawn", async ({ page }) => {
  const lit = page.locator('.lit[data-edge="a0.h3->a1.h3<k>"]');
  await show(page, "Grids");
  const pointed = cell(grid(page, "from", "k"), "1.3");
  await pointed.hover();
  const tip = page.locator(".tip");
  await expect(tip).toContainText(/^0\.3 → 1\.3 key\+0\.58\d, exact/);
  const [at, of] = await Promise.all([tip.boundingBox(), pointed.boundingBox()]);
  expect(Math.hypot(at!.x - of!.x, at!.y + at!.height - of!.y)).toBeLessThan(120);
  await expect(lit).toHaveCount(2);
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(page.locator(".lit")).toHaveCount(0);
  await expect(tip).toBeHidden();
  await show(page, "Table");
  await rows(page).nth(4).hover();
  await expect(tip).toContainText(/, exact/);
  // Escape puts a tip away.
  await page.keyboard.press("Escape");
  await expect(tip).toBeHidden();
});

test("pointing at a part fades all other edges; a click chooses its strongest edge", async ({ page }) => {
  await showEdges(page, (edges) => edges >= 30, "ArrowDown");
  await part(page, "a0.h3").hover();
  await expect(circuit(page)).toHaveClass(/pointed/);
  const on = circuit(page).locator(".edge.on");
  const names = await on.evaluateAll((all) => all.map((one) => (one as SVGElement).dataset.edge!));
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect(name).toMatch(/^a0\.h3->|->a0\.h3/);
  expect(names).toHaveLength(await circuit(page).locator('.edge[data-edge^="a0.h3->"], .edge[data-edge*="->a0.h3"]').count());
  await expect(page.locator(".tip")).toContainText("0.3");
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(circuit(page)).not.toHaveClass(/pointed/);
  await expect(page.locator(".tip")).toBeHidden();
  await part(page, "a2.h1").click();
  await expect(chosenEdge(page)).toHaveText(/2\.1/);
  await part(page, "a1.h0").click();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.0 key");
  await expect(edge(page, "a0.h3->a1.h0<k>")).toHaveClass(/selected/);
  for (const node of ["a0.h3", "a1.h0"]) await expect(part(page, node)).toHaveAttribute("aria-selected", "true");
});

test("every part has a fixed place, whichever edges are shown", async ({ page }) => {
  const places = () =>
    circuit(page)
      .locator(".part")
      .evaluateAll((parts) => Object.fromEntries(parts.map((one) => [one.getAttribute("data-node")!, ["x", "y"].map((key) => Number(one.querySelector(".box")!.getAttribute(key)))])));
  await showEdges(page, (edges) => edges <= 10, "ArrowUp");
  const few = await places();
  await showEdges(page, (edges) => edges >= 30, "ArrowDown");
  const many = await places();
  expect(Object.keys(many).length).toBeGreaterThan(Object.keys(few).length);
  expect(many).toMatchObject(few);
  // Layers go upward, with the input below and the logits above.
  const heights = ["logits", "a2.h0", "a1.h3", "a0.h3", "input"].map((node) => many[node]?.[1] ?? Number.NaN);
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
});

test("the circuit by keyboard: one stop, arrow keys, Enter, Escape", async ({ page }) => {
  await showEdges(page, (edges) => edges >= 30, "ArrowDown");
  await expect(circuit(page).locator('[tabindex="0"]')).toHaveCount(1);
  await part(page, "a0.h3").focus();
  await expect(part(page, "a0.h3")).toHaveAccessibleName(/0\.3/);
  await page.keyboard.press("ArrowUp");
  const above = circuit(page).locator(".part:focus");
  await expect(above).toHaveAttribute("data-node", /^a1\.h|^m1/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(part(page, "input")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(chosenEdge(page)).toHaveText(/^input → /);
  // The choice is drawn, and the focus is where it was.
  await expect(part(page, "input")).toBeFocused();
});

test("the focus is not lost when its part is no longer shown", async ({ page }) => {
  await showEdges(page, (edges) => edges >= 30, "ArrowDown");
  await part(page, "a2.h1").focus();
  // Change the view while the focus is in the drawing, as Back does.
  await page.evaluate(() => {
    const params = new URLSearchParams(location.hash.slice(1));
    params.set("edges", "3");
    location.hash = params.toString();
  });
  await expect(part(page, "a2.h1")).toHaveCount(0);
  await expect(circuit(page).locator(".part:focus")).toHaveCount(1);
});

test("grids work with only the keyboard", async ({ page }) => {
  await show(page, "Grids");
  const key = grid(page, "from", "k");
  await cell(key, "0.0").focus();
  for (const press of ["ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
    await page.keyboard.press(press);
  }
  await expect(cell(key, "1.2")).toBeFocused();
  await expect(page.locator(".tip")).toContainText("0.3 → 1.2 key");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a1.h2");
  await expect(cell(key, "1.2")).toBeFocused();
});

test("small effects can be hidden, and the scale says how many are left", async ({ page }) => {
  const edges = await showEdges(page, (count) => count <= 8, "ArrowUp");
  await expect(page.locator("#scale")).toContainText(new RegExp(`^.*${edges} edges`));
  await expect(least(page)).toHaveAttribute("aria-valuetext", new RegExp(`^${edges} edges`));
  await show(page, "Table");
  await expect(rows(page).first()).not.toHaveClass(/quiet/);
  await expect(rows(page).nth(edges + 1)).toHaveClass(/quiet/);
});

test("totals of every part as grids and as a table; choosing one selects its strongest edge", async ({ page }) => {
  await show(page, "Grids");
  const overview = page.locator(".overview-part");
  const writes = overview.getByRole("grid", { name: "How much each part writes in all" });
  await expect(writes.getByRole("gridcell")).toHaveCount(16);
  await expect(cell(writes, "0.3")).toHaveAccessibleName(/^head 0\.3 writes [\d.]+ in all over \d+ edges, [+−][\d.]+ with signs$/);
  const reads = overview.getByRole("grid", { name: "How much each part reads in all" });
  await expect(cell(reads, "logits")).toHaveAccessibleName(/^logits reads [\d.]+ in all over 16 edges/);
  await overview.getByText("The same as a table").click();
  await expect(overview.locator("tbody tr")).toHaveCount(17);
  await cell(reads, "1.3").click();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  await expect(cell(reads, "1.3")).toHaveAttribute("aria-selected", "true");
});

test("the table sorts and filters", async ({ page }) => {
  await show(page, "Table");
  await expect(rows(page).first()).toHaveAttribute("data-edge", "input->a0.h3<v>");
  const effect = page.getByRole("columnheader", { name: "Effect" });
  await expect(effect).toHaveAttribute("aria-sort", "descending");
  // Names from the first, and then from the last.
  const to = page.getByRole("button", { name: "To", exact: true });
  await to.click();
  await expect(page.getByRole("columnheader", { name: "To", exact: true })).toHaveAttribute("aria-sort", "ascending");
  await expect(effect).toHaveAttribute("aria-sort", "none");
  await expect(rows(page).first().locator(".to")).toHaveText(/^0\.\d$/);
  await to.click();
  await expect(rows(page).first().locator(".to")).toHaveText("logits");
  await page.getByRole("button", { name: "Effect" }).click();
  await expect(rows(page).first()).toHaveAttribute("data-edge", "input->a0.h3<v>");
  const only = page.getByLabel("Only edges of");
  for (const filter of ["0.3 > 1.3 key", "L0H3->1.3 keys", "a0.h3->a1.h3<k>"]) {
    await only.fill(filter);
    await expect(rows(page)).toHaveCount(1);
    await expect(page.locator(".filter")).toContainText(/^Only 1 edge/);
  }
  await only.fill("fox");
  await expect(page.locator(".filter")).toContainText("“fox” names no part: write 9.6 or L9H6, m3, input or logits");
  await only.fill("1.3 > 0.3");
  await expect(page.locator(".filter")).toContainText("There are no ");
  await only.fill("logits");
  await expect(rows(page).first().locator(".to")).toHaveText("logits");
  const from = await rows(page).first().locator(".from").innerText();
  await rows(page).first().click();
  await expect(rows(page).first()).toHaveClass(/selected/);
  await expect(chosenEdge(page)).toHaveText(`${from} → logits`);
  // By keyboard the rows are one stop.
  await rows(page).first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(rows(page).nth(1)).toHaveClass(/selected/);
  await expect(rows(page).nth(1)).toBeFocused();
});

test("cells show the change, the scale has 0 in the middle of what is told, and both runs have their mark", async ({ page }) => {
  const scale = page.locator("#scale");
  await expect(scale).toContainText("corrupted run");
  await expect(scale).toContainText("clean run");
  await expect(scale).toContainText("raises");
  await show(page, "Grids");
  await expect(cell(grid(page, "from", "k"), "1.3").locator("text.number")).toHaveText(/^\+0\.5[89]\d?$/);
  // A scale of these grids alone shows what the strongest edge of all makes pale.
  await page.getByLabel("Sender", { exact: true }).selectOption("a0.h0");
  await page.getByLabel("Receiver", { exact: true }).selectOption("a1.h0");
  const colour = () => cell(grid(page, "from", "k"), "1.0").locator(".value").evaluate((value) => getComputedStyle(value).fill);
  const pale = await colour();
  await page.getByLabel("Colour scale").selectOption("grids");
  expect(await colour()).not.toBe(pale);
});

test("the strongest edge between heads is looked at first, and rounding has no colour", async ({ page }) => {
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  await show(page, "Table");
  // The strongest between the input and the logits.
  const first = page.locator('tr[data-edge]:not([data-edge^="input"], [data-edge$="logits"])').first();
  await expect(first).toHaveClass(/selected/);
  // No number on the page has a dozen zeros, and no zero has a sign.
  const text = await page.locator("main").innerText();
  expect(text).not.toMatch(/0\.0000000/);
  expect(text).not.toMatch(/[-−+]0(\.0+)?(?![\d.e])/);
  // In a run with only rounding errors, no cell is coloured, no edge is drawn, and the page says why.
  const menu = await share(page);
  const [download] = await Promise.all([page.waitForEvent("download"), menu.getByRole("button", { name: "JSON", exact: true }).click()]);
  const saved = JSON.parse((await contentOf(download)).toString());
  saved.edges.values = saved.edges.values.map((_: number, i: number) => saved.corruptedMetric + 1e-6 * Math.sin(i));
  saved.details = [];
  const file = { name: "still.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(saved)) };
  await page.getByLabel("Open a saved JSON").setInputFiles(file);
  await page.keyboard.press("Escape");
  await show(page, "Circuit");
  await expect(page.locator("#circuit .still")).toHaveText("No edge moves the metric: what is left is rounding.");
  // The selected edge is drawn, however weak it is.
  await expect(circuit(page).locator(".edge:not(.selected)")).toHaveCount(0);
  await show(page, "Grids");
  const fills = await page.locator(".grids-of rect.value:visible").evaluateAll((all) => all.map((one) => getComputedStyle(one).fill));
  expect(fills.length).toBeGreaterThan(20);
  expect([...new Set(fills)]).toHaveLength(1);
  await show(page, "Table");
  await expect(page.locator(".filter")).toContainText("No edge moves the metric");
});
