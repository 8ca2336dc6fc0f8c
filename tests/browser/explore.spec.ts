// Exploring a result: linked circuit, grids, totals and table; an edge in detail.

import type { Locator, Page } from "@playwright/test";
import { cell, contentOf, grid, open, settled } from "./page";
import { expect, test } from "./test";

test.beforeEach(({ page }) => open(page));

const circuit = (page: Page): Locator => page.locator("svg.circuit");
/** A part of the circuit, by its node. */
const part = (page: Page, node: string): Locator => circuit(page).locator(`.part[data-node="${node}"]`);
const edge = (page: Page, name: string): Locator => circuit(page).locator(`.edge[data-edge="${name}"]`);
const chosen = (page: Page): Locator => page.locator("#detail h3");
const rank = (page: Page): Locator => page.locator(".circuit-part .rank");

test("a cell of the upper grids chooses the receiver, one of the lower grids the sender", async ({ page }) => {
  await cell(grid(page, "from", "q"), "2.1").click();
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a2.h1");
  await expect(grid(page, "into", "q")).toHaveAccessibleName("Into head 2.1 query");
  await expect(cell(grid(page, "from", "q"), "2.1")).toHaveAttribute("aria-selected", "true");
  await cell(grid(page, "into", "v"), "1.2").click();
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("a1.h2");
  await expect(cell(grid(page, "from", "v"), "1.2")).toHaveAccessibleName("head 1.2 value: writes these edges");
  await expect(chosen(page)).toHaveText("1.2 → 2.1 value");
  // A click on a cell without a path does nothing.
  await cell(grid(page, "from", "v"), "0.0").click();
  await expect(chosen(page)).toHaveText("1.2 → 2.1 value");
});

test("grids have every receiver of a sender, and every sender of a receiver", async ({ page }) => {
  const rest = page.locator(".grids.from figure").nth(3).getByRole("grid");
  await expect(rest).toHaveAccessibleName("From head 0.3 into the MLPs and the logits");
  await expect(rest.getByRole("gridcell")).toHaveCount(4);
  // The MLP of a head's own layer reads after it.
  await expect(cell(rest, "m0")).toHaveAccessibleName(/^0\.3 → MLP 0: /);
  await cell(rest, "logits").click();
  await expect(chosen(page)).toHaveText("0.3 → logits");
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("logits");
  // One input, one grid: 12 heads, 3 MLPs and the embedding write to the logits.
  await expect(page.locator(".grids.into figure:visible")).toHaveCount(1);
  const into = page.locator(".grids.into figure").first().getByRole("grid");
  await expect(into.getByRole("gridcell")).toHaveCount(16);
  await cell(into, "input").click();
  await expect(chosen(page)).toHaveText("input → logits");
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("input");
  await expect(cell(grid(page, "from", "k"), "0.1")).toHaveAccessibleName(/^input → 0\.1 key: /);
  await page.getByLabel("Receiver", { exact: true }).selectOption("m1");
  await expect(into).toHaveAccessibleName("Into MLP 1");
  await expect(cell(into, "m1")).toHaveAccessibleName("MLP 1: reads these edges");
  await expect(cell(into, "2.0")).toHaveAccessibleName("head 2.0: no path, MLP 1 reads before head 2.0 writes");
});

test("the edge under the pointer is highlighted in circuit, grids and table, and described in words", async ({ page }) => {
  const lit = (where: string) => page.locator(`${where} .lit[data-edge="a0.h3->a1.h3<k>"]`);
  await cell(grid(page, "from", "k"), "1.3").hover();
  await expect(page.locator(".readout")).toHaveText(
    /^0\.3 → 1\.3 key: logit difference, corrupted 0 to clean 1 0\.58\d \(\+0\.58\d from the corrupted run\)$/,
  );
  for (const where of [".grids.from", ".grids.into", "svg.circuit", ".table-part"]) await expect(lit(where)).toHaveCount(1);
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(page.locator(".lit")).toHaveCount(0);
  await expect(page.locator(".readout")).toHaveText(/^Point at a line/);
  await page.locator('.table-part tr[data-edge="a0.h3->a1.h0<k>"]').hover();
  await expect(page.locator("svg.circuit .lit, .grids.from .lit")).toHaveCount(2);
});

test("pointing at a node fades all other edges; a click chooses its strongest edge", async ({ page }) => {
  await part(page, "a0.h3").hover();
  await expect(circuit(page)).toHaveClass(/pointed/);
  const on = circuit(page).locator(".edge.on");
  const names = await on.evaluateAll((all) => all.map((one) => (one as SVGElement).dataset.edge!));
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect(name).toMatch(/^a0\.h3->|->a0\.h3/);
  expect(names).toHaveLength(await circuit(page).locator('.edge[data-edge^="a0.h3->"], .edge[data-edge*="->a0.h3"]').count());
  await expect(page.locator(".tip")).toHaveText(/^head 0\.3: (reads \d+, )?writes \d+$/);
  const [tip, pointed] = await Promise.all([page.locator(".tip").boundingBox(), part(page, "a0.h3").boundingBox()]);
  expect(Math.hypot(tip!.x - pointed!.x, tip!.y - pointed!.y)).toBeLessThan(150);
  await page.getByRole("heading", { name: "pathpatch" }).hover();
  await expect(circuit(page)).not.toHaveClass(/pointed/);
  await expect(page.locator(".tip")).toBeHidden();
  await cell(grid(page, "from", "q"), "2.1").click();
  await part(page, "a1.h3").click();
  await expect(chosen(page)).toHaveText("0.3 → 1.3 key");
  await expect(edge(page, "a0.h3->a1.h3<k>")).toHaveClass(/selected/);
  for (const node of ["a0.h3", "a1.h3"]) await expect(part(page, node)).toHaveAttribute("aria-selected", "true");
});

test("every node has a fixed place, whichever edges are shown", async ({ page }) => {
  const places = () =>
    circuit(page)
      .locator(".part")
      .evaluateAll((parts) => Object.fromEntries(parts.map((one) => [one.getAttribute("data-node")!, ["x", "y"].map((key) => Number(one.querySelector(".box")!.getAttribute(key)))])));
  await page.getByLabel("Edges shown").fill("10");
  await expect(circuit(page).locator(".edge")).toHaveCount(10);
  const few = await places();
  await page.getByLabel("Edges shown").fill("100");
  await expect(circuit(page).locator(".edge")).toHaveCount(100);
  const many = await places();
  expect(Object.keys(many).length).toBeGreaterThan(Object.keys(few).length);
  expect(many).toMatchObject(few);
  // Layers go upward, with the input below and the logits above.
  const heights = ["logits", "a2.h0", "a1.h3", "a0.h3", "input"].map((node) => many[node]?.[1] ?? Number.NaN);
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
});

test("the circuit by keyboard: arrow keys, Enter, Escape, and edges by their strength", async ({ page }) => {
  await expect(circuit(page).locator(".edge")).toHaveCount(30);
  // The circuit is one tab stop.
  await expect(circuit(page).locator('[tabindex="0"]')).toHaveCount(1);
  await page.getByRole("button", { name: "Next weaker edge" }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(part(page, "a0.h3")).toBeFocused();
  await expect(part(page, "a0.h3")).toHaveAccessibleName(/^head 0\.3: reads \d+, writes \d+\. Strongest: input → 0\.3 value, /);
  await page.keyboard.press("ArrowUp");
  const above = circuit(page).locator(".part:focus");
  await expect(above).toHaveAttribute("data-node", /^a1\.h|^m1/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(part(page, "input")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(chosen(page)).toHaveText(/^input → /);
  // The choice is drawn, and the focus is where it was.
  await expect(part(page, "input")).toBeFocused();
  await page.keyboard.press("Escape");
  const weaker = page.getByRole("button", { name: "Next weaker edge" });
  await expect(weaker).toBeFocused();
  await part(page, "a1.h3").click();
  await expect(rank(page)).toHaveText("0.3 → 1.3 key, 2 of 30 by strength");
  await weaker.press("Enter");
  await expect(rank(page)).toHaveText(/, 3 of 30 by strength$/);
  await expect(chosen(page)).not.toHaveText("0.3 → 1.3 key");
  await page.getByRole("button", { name: "Next stronger edge" }).press("Enter");
  await expect(chosen(page)).toHaveText("0.3 → 1.3 key");
});

test("the focus is not lost when its part is no longer shown", async ({ page }) => {
  await page.getByLabel("Edges shown").fill("100");
  await expect(circuit(page).locator(".edge")).toHaveCount(100);
  await circuit(page).locator(".part").first().focus();
  const before = await circuit(page).locator(".part:focus").getAttribute("data-node");
  const slider = page.getByLabel("Edges shown");
  // Change the view while the focus is in the drawing, as Back does.
  await slider.evaluate((input: HTMLInputElement) => {
    input.value = "5";
    input.dispatchEvent(new Event("input"));
  });
  await expect(circuit(page).locator(".edge")).toHaveCount(5);
  await expect(circuit(page).locator(".part:focus")).toHaveCount(1);
  expect(before).not.toBeNull();
});

test("grids work with only the keyboard", async ({ page }) => {
  const key = grid(page, "from", "k");
  await cell(key, "0.0").focus();
  for (const press of ["ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
    await page.keyboard.press(press);
  }
  await expect(cell(key, "1.2")).toBeFocused();
  await expect(page.locator(".readout")).toHaveText(/^0\.3 → 1\.2 key: /);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a1.h2");
  await expect(cell(key, "1.2")).toBeFocused();
});

test("small effects can be hidden", async ({ page }) => {
  await page.getByLabel("Hide effects below").fill("0.5");
  const shown = await page.locator(".table-part tbody tr").count();
  expect(shown).toBeGreaterThan(0);
  await expect(circuit(page).locator(".edge")).toHaveCount(shown);
  await expect(page.locator(".table-part")).toContainText(`${shown} of ${shown} edges`);
});

test("totals of every node as grids and as a table; choosing one selects its strongest edge", async ({ page }) => {
  const overview = page.locator(".overview-part");
  const writes = overview.getByRole("grid", { name: "How much each node writes in all" });
  await expect(writes.getByRole("gridcell")).toHaveCount(16);
  await expect(cell(writes, "0.3")).toHaveAccessibleName(/^head 0\.3 writes [\d.]+ in all over \d+ edges, [+-][\d.]+ with signs$/);
  const reads = overview.getByRole("grid", { name: "How much each node reads in all" });
  await expect(cell(reads, "logits")).toHaveAccessibleName(/^logits reads [\d.]+ in all over 16 edges/);
  await overview.getByText("The same as a table").click();
  await expect(overview.locator("tbody tr")).toHaveCount(17);
  await cell(reads, "1.3").click();
  await expect(chosen(page)).toHaveText("0.3 → 1.3 key");
  await expect(cell(reads, "1.3")).toHaveAttribute("aria-selected", "true");
});

test("nothing below moves while the totals are pointed at", async ({ page }) => {
  for (const width of [1440, 1024, 360]) {
    await page.setViewportSize({ width, height: 900 });
    const writes = page.getByRole("grid", { name: "How much each node writes in all" });
    await writes.scrollIntoViewIfNeeded();
    const top = () => page.locator(".table-part").evaluate((part) => part.getBoundingClientRect().top);
    await page.mouse.move(0, 0);
    const before = await top();
    await cell(writes, "0.3").hover();
    expect(await top(), `${width} px`).toBe(before);
  }
});

test("the name of the longest metric fits the narrowest page", async ({ page }) => {
  await open(page, "/#model=years-demo");
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 900 });
    const title = page.locator(".scale-title");
    await expect(title).toHaveText("Change of: Probability of the answers less the distractors");
    const [text, bar] = await Promise.all([title.boundingBox(), page.locator("svg.legend").boundingBox()]);
    expect(text!.x).toBeGreaterThanOrEqual(0);
    expect(text!.x + text!.width).toBeLessThanOrEqual(width);
    // Above the bar, not beside it.
    expect(text!.y + text!.height).toBeLessThanOrEqual(bar!.y + 1);
  }
});

test("the table sorts and filters", async ({ page }) => {
  const rows = page.locator(".table-part tbody tr");
  await expect(rows.first()).toHaveAttribute("data-edge", "input->a0.h3<v>");
  const effect = page.getByRole("columnheader", { name: "Effect" });
  await expect(effect).toHaveAttribute("aria-sort", "descending");
  // Names from the first, and then from the last.
  const to = page.getByRole("button", { name: "To", exact: true });
  await to.click();
  await expect(page.getByRole("columnheader", { name: "To", exact: true })).toHaveAttribute("aria-sort", "ascending");
  await expect(effect).toHaveAttribute("aria-sort", "none");
  await expect(rows.first().locator("td").nth(1)).toHaveText(/^0\.\d$/);
  await to.click();
  await expect(rows.first().locator("td").nth(1)).toHaveText("logits");
  await page.getByRole("button", { name: "Effect" }).click();
  await expect(rows.first()).toHaveAttribute("data-edge", "input->a0.h3<v>");
  const node = page.getByLabel("Only edges of this node");
  const into = page.getByLabel("Only edges into");
  for (const filter of ["0.3 1.3", "L0H3->1.3", "a0.h3->a1.h3<k>"]) {
    await node.fill(filter);
    await into.selectOption("keys");
    await expect(page.locator(".table-part")).toContainText("1 of 1 edges that move the metric");
  }
  await node.fill("fox");
  await expect(page.locator(".table-part")).toContainText("No node is called fox: write 9.6, a9.h6, m3, input or logits, or 9. for a whole layer’s heads.");
  await node.fill("1.3 0.3");
  await expect(page.locator(".table-part")).toContainText("No edge fits this filter");
  await node.fill("");
  await into.selectOption("the logits");
  await expect(rows.first().locator("td").nth(1)).toHaveText("logits");
  await page.getByLabel("Only edges from").selectOption("heads");
  await expect(rows.first().locator("td").first()).toHaveText(/^\d\.\d$/);
  const from = await rows.first().locator("td").first().innerText();
  await rows.first().click();
  await expect(rows.first()).toHaveClass(/selected/);
  await expect(chosen(page)).toHaveText(`${from} → logits`);
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

test("cells and colour bar both show the change, with 0 in the middle and the other run explained", async ({ page }) => {
  const [least, middle, most] = await page.locator(".legend .tick text").allTextContents();
  expect(middle).toBe("0");
  expect(Number(most)).toBe(-Number(least));
  await expect(cell(grid(page, "from", "k"), "1.3").locator("text")).toHaveText("+0.59");
  await expect(page.locator(".key .note")).toContainText("0 is the corrupted run (0.000); the clean run (1.000) is +1 from it");
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  // Colours scaled to these grids alone; scaled to the run's strongest edge they would be pale.
  await page.getByLabel("Sender", { exact: true }).selectOption("a0.h0");
  await page.getByLabel("Receiver", { exact: true }).selectOption("a1.h0");
  const sweep = Number((await page.locator(".legend .tick text").allTextContents())[2]);
  await page.getByLabel("Colour scale").selectOption("grids");
  expect(Number((await page.locator(".legend .tick text").allTextContents())[2])).toBeLessThan(sweep);
});

test("noising: the base is the clean run, and the page says what helps", async ({ page }) => {
  await expect(page.locator(".sign.up")).toHaveText(/^Blue raises the metric, the edge helps: /);
  await page.getByLabel("Direction", { exact: true }).selectOption("noise");
  await settled(page);
  await expect(page.locator("#direction-hint")).toHaveText("The clean run is patched: which edges does the answer need?");
  await expect(page.locator(".key .note")).toContainText("0 is the clean run (1.000); the corrupted run (0.000) is -1 from it");
  await expect(page.locator(".sign.down")).toHaveText(/^Red lowers it, the edge helps: /);
  await expect(page.locator("#detail")).toContainText(/Metric: clean 1\.000, patched [\d.-]+ \(-[\d.]+\), corrupted 0\.000\./);
  await page.getByLabel("What goes in").selectOption("zero");
  await expect(page.locator("#patch-hint")).toHaveText("Zero takes the place of the sender’s write, as if it were not there.");
  await settled(page);
});

test("an example opens on its strongest edge, and rounding has no colour", async ({ page }) => {
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  // The strongest between the input and the logits.
  const first = page.locator('.table-part tbody tr:not([data-edge^="input"], [data-edge$="logits"])').first();
  await expect(first).toHaveClass(/selected/);
  const [from, to, input] = await first.locator("td").allTextContents();
  await expect(chosen(page)).toHaveText(`${from} → ${to} ${input}`.trim());
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
  saved.edges.values = saved.edges.values.map((_: number, i: number) => saved.corruptedMetric + 1e-6 * Math.sin(i));
  const file = { name: "still.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(saved)) };
  await page.getByLabel("Open a saved JSON").setInputFiles(file);
  await expect(page.locator(".key .note")).toContainText("No edge moves the metric: what is left is rounding.");
  const fills = await page.locator(".grids .value:visible").evaluateAll((all) => all.map((one) => getComputedStyle(one).fill));
  expect(fills.length).toBeGreaterThan(20);
  expect(new Set(fills).size).toBe(1);
  // The selected edge is drawn, however weak it is.
  await expect(circuit(page).locator(".edge:not(.selected)")).toHaveCount(0);
  await expect(page.locator(".table-part")).toContainText("No edge moves the metric");
});

test("pressing a button in the detail keeps the focus", async ({ page }) => {
  const button = page.locator("#detail").getByRole("button", { name: /^What 1\.3 writes$/ });
  await button.press("Enter");
  await expect(chosen(page)).toHaveText(/^1\.3 → /);
  await expect(page.locator("#detail").getByRole("button", { name: /^What .* writes$/ })).toBeFocused();
});

test("an edge in detail: attention before and after, what is added, by position, the output, and links to further edges", async ({ page }) => {
  const detail = page.locator("#detail");
  await expect(chosen(page)).toHaveText("0.3 → 1.3 key");
  await expect(detail).toContainText(/Metric: corrupted 0\.000, patched 0\.58\d \(\+0\.58\d\), clean 1\.000\./);
  const pattern = (name: RegExp) => detail.getByRole("img", { name });
  await expect(pattern(/^0\.3 attends, clean run\./)).toHaveAccessibleName(/looks 95\.?\d?% at “piano”, position 12/);
  await expect(pattern(/^1\.3 attends, before the patch\./)).toBeVisible();
  // With the patch, the induction head attends to the token after the first “fox”.
  await expect(pattern(/^1\.3 attends, after the patch\./)).toHaveAccessibleName(/% at “lamp”, position 2/);
  await expect(detail.getByRole("row", { name: /^lamp / }).last()).toBeVisible();
  await expect(detail.locator(".bars")).toHaveCount(4);
  await expect(detail.locator(".remainder")).toHaveText(/^Together [+-][\d.]+; the whole edge has \+0\.58\d\. The remainder of [+-]?[\d.e-]+ is what positions do to each other\.$/);

  await cell(grid(page, "from", "v"), "1.3").click();
  await expect(detail.getByText("A patched value leaves the attention of 1.3 as it was")).toBeVisible();
  await detail.getByRole("button", { name: "What 1.3 writes" }).click();
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("a1.h3");
  await expect(chosen(page)).toHaveText(/^1\.3 → /);
  await detail.getByRole("button", { name: "What is written into 1.3" }).click();
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a1.h3");
  // The detail now shows this head's strongest sender.
  await expect(chosen(page)).toHaveText("0.3 → 1.3 key");
});

test("the detail of an edge without heads has no attention, only its two ends", async ({ page }) => {
  const detail = page.locator("#detail");
  await page.getByLabel("Receiver", { exact: true }).selectOption("logits");
  await page.getByLabel("Sender", { exact: true }).selectOption("input");
  await expect(chosen(page)).toHaveText("input → logits");
  await expect(detail.locator("svg.pattern")).toHaveCount(0);
  await expect(detail).toContainText("What the patch adds to what the logits read, as a share of its length");
  await expect(detail.getByRole("button", { name: "What it writes" })).toBeDisabled();
  await expect(detail.getByRole("button", { name: "What is written into input" })).toBeDisabled();
  await page.getByLabel("Receiver", { exact: true }).selectOption("m0");
  await expect(chosen(page)).toHaveText("input → MLP 0");
  await expect(detail).toContainText("What the patch adds to what MLP 0 reads");
});

test("where nothing moves, no position does, and they add up", async ({ page }) => {
  await page.getByLabel("What goes in").selectOption("zero");
  await settled(page);
  await page.getByLabel("Receiver", { exact: true }).selectOption("logits");
  await page.getByLabel("Sender", { exact: true }).selectOption("m2");
  await expect(chosen(page)).toHaveText("MLP 2 → logits");
  await expect(page.locator("#detail .remainder")).toHaveText("Together 0; the whole edge has 0. They add up.");
  const bars = page.locator("#detail .bars").filter({ hasText: "each position alone" }).locator(".bar");
  await expect(bars).toHaveCount(0);
});

test("only estimates, the strongest edges, or exact values of one sender", async ({ page }) => {
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
  await page.getByLabel("Sender", { exact: true }).selectOption("a0.h1");
  await expect(cell(grid(page, "from", "k"), "1.3")).not.toHaveAccessibleName(/not known/);
  await page.getByLabel("Exact values of").selectOption("strongest");
  await page.getByLabel("How many").fill("20");
  await settled(page);
  await expect(page.locator(".circuit-part")).toContainText(/All other edges were run, too: the largest error of their estimates is [\d.e-]+\.$/);
});
