// How a result is drawn: the scale's handles, tips, touch, many rows, and what is told where there is nothing to see.

import type { Locator, Page } from "@playwright/test";
import { cell, chosenEdge, grid, open, settled, show } from "./page";
import { expect, test } from "./test";

const circuit = (page: Page): Locator => page.locator("#circuit svg.circuit");
const part = (page: Page, node: string): Locator => circuit(page).locator(`.part[data-node="${node}"]`);
const edges = (page: Page): Locator => circuit(page).locator(".edge");
const slider = (page: Page): Locator => page.getByRole("slider", { name: "Least effect shown" });
const tip = (page: Page): Locator => page.locator(".tip");
const rows = (page: Page): Locator => page.getByRole("grid", { name: "Edges" }).locator("tr[data-edge]");

const CLEAN = "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox";
/** A link to the bundled model with other settings than the page opens with. */
function link(changed: Record<string, string>): string {
  const settings = { clean: CLEAN, corrupted: CLEAN.replace("fox", "dragon"), answer: "lamp", distractor: "spoon", metric: "logit-diff" };
  return `/#${new URLSearchParams({ ...settings, layerNorm: "exact", ...changed })}`;
}

/** The middle of an element in the window. */
async function middleOf(of: Locator): Promise<{ x: number; y: number }> {
  const box = await of.boundingBox();
  return { x: box!.x + box!.width / 2, y: box!.y + box!.height / 2 };
}

test("the scale's handles set by drag and by keys which edges are drawn, and the link keeps it", async ({ page }) => {
  await open(page);
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "9 edges of 0.02 or more");
  await expect(edges(page)).toHaveCount(9);
  const from = await middleOf(slider(page).locator("circle"));
  const end = await page.locator("#scale .other-mark").boundingBox();
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  // Half the way to the clean run, which is at 1: the square root's half is a quarter.
  const zero = await middleOf(page.locator("#scale .tick.zero line"));
  await page.mouse.move((zero.x + end!.x) / 2, from.y, { steps: 4 });
  await page.mouse.up();
  await expect(slider(page)).toHaveAttribute("aria-valuetext", /^7 edges of 0\.25 or more$/);
  await expect(edges(page)).toHaveCount(7);
  await expect.poll(() => page.url()).toMatch(/edges=400&least=0\.25/);
  await page.keyboard.press("End");
  await expect(edges(page)).toHaveCount(2);
  await page.keyboard.press("Home");
  await expect(slider(page)).toHaveAttribute("aria-valuetext", /^\d+ edges, every one that moves the metric$/);
  expect(await edges(page).count()).toBeGreaterThan(100);
  const before = Number(await slider(page).getAttribute("aria-valuenow"));
  await page.keyboard.press("ArrowRight");
  await expect.poll(async () => Number(await slider(page).getAttribute("aria-valuenow"))).toBeGreaterThan(before);
});

test("one edge more of a side makes two handles, mirrored about 0; the axis is in the metric's units", async ({ page }) => {
  await open(page, link({ direction: "noise", patch: "zero", least: "0.1" }));
  const xs = await page.locator("#scale .handle circle").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().x + one.getBoundingClientRect().width / 2));
  expect(xs).toHaveLength(2);
  const zero = await middleOf(page.locator("#scale .tick.zero line"));
  expect(Math.abs((xs[0]! + xs[1]!) / 2 - zero.x)).toBeLessThan(1);
  await expect(page.locator("#scale [role=slider]")).toHaveCount(1);
  await expect(page.locator("#scale .base")).toHaveText(/^clean run [−\d.]+ logits$/);
  await expect(page.locator("#scale .other")).toHaveText(/corrupted run [−\d.]+/);
});

test("a tick of the scale is an edge: pointing at it lights the circuit, a click chooses it", async ({ page }) => {
  await open(page);
  const mark = await page.locator("#scale .other-mark").boundingBox();
  // The strongest edge is nearest to the clean run.
  await page.mouse.move(mark!.x - 4, mark!.y + 4);
  await expect(tip(page)).toHaveText(/^input → 0\.3 value\+0\.98\d, exactcorrupted 0 → patched 0\.98\d$/);
  await expect(circuit(page).locator(".edge.on")).toHaveAttribute("data-edge", "input->a0.h3<v>");
  await page.mouse.click(mark!.x - 4, mark!.y + 4);
  await expect(chosenEdge(page)).toHaveText("input → 0.3 value");
});

test("a tip stays in the window, catches no pointer, and Escape puts it away", async ({ page }) => {
  for (const width of [360, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await open(page);
    for (const node of ["logits", "input", "a1.h3", "a1.h0"]) {
      await part(page, node).hover();
      const box = await tip(page).boundingBox();
      expect(box!.x, `${node} at ${width}`).toBeGreaterThanOrEqual(0);
      expect(box!.x + box!.width).toBeLessThanOrEqual(width);
      expect(box!.y).toBeGreaterThanOrEqual(0);
      expect(box!.y + box!.height).toBeLessThanOrEqual(900);
    }
    expect(await tip(page).evaluate((one) => getComputedStyle(one).pointerEvents)).toBe("none");
    await page.keyboard.press("Escape");
    await expect(tip(page)).toHaveCount(0);
  }
  // With the keys it is at what has the focus.
  await part(page, "a0.h3").focus();
  await page.keyboard.press("ArrowUp");
  await expect(tip(page)).toContainText("head 1.3");
  const [at, of] = await Promise.all([tip(page).boundingBox(), part(page, "a1.h3").boundingBox()]);
  expect(Math.abs(at!.x + at!.width / 2 - of!.x - of!.width / 2)).toBeLessThan(40);
});

test.describe("by touch", () => {
  test.use({ hasTouch: true, viewport: { width: 360, height: 780 } });

  test("a tap takes the nearest part or edge, and leaves no tip behind", async ({ page }) => {
    await open(page);
    await circuit(page).scrollIntoViewIfNeeded();
    const { x, y } = await middleOf(part(page, "a1.h0"));
    const { width } = (await part(page, "a1.h0").boundingBox())!;
    await page.touchscreen.tap(x - width / 2 - 10, y);
    await expect(chosenEdge(page)).toContainText("1.0");
    await expect(tip(page)).toHaveCount(0);
    // Between two rows there is only the line.
    const [a, b] = [await middleOf(part(page, "a0.h3")), await middleOf(part(page, "a1.h3"))];
    await page.touchscreen.tap(b.x + 12, (a.y + b.y) / 2);
    await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  });
});

test("grids stand three beside each other or one below the other", async ({ page }) => {
  for (const [width, columns] of [[360, 1], [700, 3], [1024, 3], [1440, 3]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await open(page, "/#show=grids");
    for (const role of ["from", "into"]) {
      const tops = await page.locator(`.grids-of.${role} .grid-of`).evaluateAll((all) => all.slice(0, 3).map((one) => Math.round(one.getBoundingClientRect().top)));
      expect(new Set(tops).size, `${role} at ${width}`).toBe(4 - columns === 1 ? 1 : 3);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
});

test("nothing moves while cells, rows and parts are pointed at", async ({ page }) => {
  for (const [view, pointed] of [["Grids", ".grids-of .cell.value"], ["Table", "#table tr[data-edge]"], ["Circuit", "#circuit .part"]] as const) {
    await open(page);
    await show(page, view);
    const places = () => page.evaluate(() => ["picture", "scale", "edge", "about-run"].map((id) => document.getElementById(id)!.getBoundingClientRect().top));
    const before = await places();
    await page.locator(pointed).nth(3).hover();
    await expect(tip(page)).toBeVisible();
    expect(await places(), view).toEqual(before);
  }
});

test("only the rows in sight are elements; by keyboard all are reached from one stop", async ({ page }) => {
  await open(page, "/#show=table");
  const all = Number(await page.getByRole("grid", { name: "Edges" }).getAttribute("aria-rowcount"));
  expect(all).toBeGreaterThan(150);
  expect(await rows(page).count()).toBeLessThan(80);
  await expect(page.locator('#table tr[tabindex="0"]')).toHaveCount(1);
  await page.locator('#table tr[tabindex="0"]').focus();
  await page.keyboard.press("End");
  const focused = page.locator("#table tr:focus");
  await expect(focused).toHaveAttribute("aria-rowindex", String(all));
  await expect(focused).toBeInViewport();
  await page.keyboard.press("PageUp");
  await page.keyboard.press("ArrowDown");
  await expect(focused).toBeInViewport();
  const name = await focused.getAttribute("aria-label");
  expect(name).toMatch(/^.+ → .+: (raises|lowers) the metric by /);
  await page.keyboard.press("Enter");
  await expect(focused).toHaveAttribute("aria-selected", "true");
  await expect(chosenEdge(page)).toHaveText(name!.split(":")[0]!);
  // The focus stays among the rows while they are scrolled away.
  await page.locator("#table .rows").evaluate((one) => one.scrollTo(0, 0));
  await expect(focused).toHaveCount(1);
  await page.keyboard.press("Home");
  await expect(focused).toHaveAttribute("aria-rowindex", "2");
});

test("a filter says what it understood", async ({ page }) => {
  await open(page, "/#show=table");
  const filter = page.getByLabel("Only edges of");
  const says = page.locator("#table [role=status]");
  for (const [text, words] of [
    ["L1H3", /^\d+ edges from or into head 1\.3/],
    ["0.3 > 1.3 key", /^1 edge from head 0\.3 into the key of head 1\.3$/],
    ["m2", /edges from or into MLP 2/],
    ["key", /^\d+ edges into the key of any head/],
    ["1.3 > 0.3", /^There are no edges from head 1\.3 into head 0\.3\.$/],
    ["fox", /^“fox” names no part: write /],
  ] as const) {
    await filter.fill(text);
    await expect(says).toHaveText(words);
  }
});

test("colours are held for runs of one metric, and no longer", async ({ page }) => {
  await open(page, link({ show: "grids" }));
  const held = page.getByLabel("Colour scale");
  const colour = () => cell(grid(page, "from", "k"), "1.3").locator(".value").evaluate((one) => (one as SVGElement).style.fill);
  await held.selectOption("held as it is");
  const before = await colour();
  // An answer that is hardly less likely: the same edge has less of an effect.
  await page.evaluate((hash) => (location.hash = hash), link({ show: "grids", from: "a0.h3", to: "a1.h3<k>", distractor: "crown" }).slice(2));
  await settled(page);
  await expect(held).toHaveValue("held");
  expect(await colour()).not.toBe(before);
  await page.evaluate((hash) => (location.hash = hash), link({ show: "grids", from: "a0.h3", to: "a1.h3<k>", metric: "prob" }).slice(2));
  await settled(page);
  await expect(held).toHaveValue("all");
});

test("where less is better, words say raises and lowers, and nothing else", async ({ page }) => {
  await open(page, link({ metric: "kl", distractor: "" }));
  await expect(page.locator("#scale text.up")).toHaveText("raises");
  await expect(page.locator("#scale text.down")).toHaveText("lowers");
  await part(page, "a0.h3").focus();
  await expect(part(page, "a0.h3")).toHaveAccessibleName(/Strongest: .*, (raises|lowers) the metric by [\d.]+, from [\d.]+ to [\d.]+$/);
  expect(await page.locator("#left").innerText()).not.toMatch(/brings? (the clean answer )?back|helps|hurts/);
});

test("in two columns the circuit fills its place, below that it is as high as its layers need", async ({ page }) => {
  await open(page);
  for (const [width, isFilled] of [[960, true], [768, false], [360, false]] as const) {
    await page.setViewportSize({ width, height: 1200 });
    const holder = page.locator("#circuit .circuit-holder");
    await expect(holder).toHaveClass(isFilled ? /fill/ : /own/);
    if (!isFilled) continue;
    const place = (await page.locator("#picture").boundingBox())!;
    await expect.poll(async () => (await holder.boundingBox())!.height).toBeGreaterThan(place.height - 2);
    // The drawing too: no hole below it.
    await expect.poll(async () => (await circuit(page).boundingBox())!.height).toBeGreaterThan(place.height / 2);
  }
});
