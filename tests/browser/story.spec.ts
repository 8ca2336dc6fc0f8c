// The walk through a run, and results that are there before any model.

import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import type { GalleryEntry } from "../../www/src/story/gallery";
import { open } from "./page";
import { expect, test } from "./test";

const STEPS = 5;
const GALLERY: GalleryEntry[] = JSON.parse(readFileSync("www/gallery/index.json", "utf8")).results;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where something stands, once it has stopped moving. */
async function resting(of: Locator): Promise<Box> {
  let before: Box | null = null;
  await expect(async () => {
    const now = await of.boundingBox();
    const isStill = now !== null && JSON.stringify(now) === JSON.stringify(before);
    before = now;
    expect(isStill).toBe(true);
  }).toPass({ intervals: [150] });
  return before!;
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** What the page looks at: its address, and what is pointed at. */
async function looked(page: Page): Promise<string> {
  const light = await resting(page.locator(".spotlight"));
  return JSON.stringify([new URL(page.url()).hash, light]);
}

/** Open the page as one who was never here, and wait for its first result. */
async function visit(page: Page): Promise<void> {
  await page.goto("/");
  await expect(page.locator("#circuit [data-edge]").first()).toBeVisible();
  await expect(page.locator("#says")).toContainText("lamp");
}

for (const viewport of [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  // As a large window at twice its size.
  { width: 960, height: 540 },
  { width: 360, height: 780 },
]) {
  test(`at ${viewport.width} px each step stands in the window beside what it changed`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await open(page);
    await page.locator("#show-around").click();
    const callout = page.getByRole("dialog", { name: "A word that comes back" });
    await expect(callout).toBeVisible();
    const [dialog, light] = [page.locator(".callout"), page.locator(".spotlight")];
    const seen: string[] = [];
    let roomy = 0;
    for (let step = 1; step <= STEPS; step += 1) {
      await expect(dialog).toContainText(`Step ${step} of ${STEPS}`);
      await expect(dialog.locator("p").last()).not.toContainText("Looking closer");
      const [box, spot] = [await resting(dialog), await resting(light)];
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width);
      expect(box.y + box.height).toBeLessThanOrEqual(viewport.height);
      // What is taller than the room above the sheet is seen by its beginning.
      const isTall = viewport.width < 900 && spot.height > box.y;
      // In a low window there is not room for all of both.
      const hasRoom = viewport.width < 900 || spot.height + box.height + 24 <= viewport.height || spot.width + box.width + 32 <= viewport.width;
      if (hasRoom) expect(overlap(box, isTall ? { ...spot, height: box.y - spot.y } : spot), `step ${step}`).toBe(false);
      // Down to its end, as far as the window is that high.
      if (viewport.width >= 900) expect(spot.y + Math.min(spot.height, viewport.height - 8), `step ${step}`).toBeLessThanOrEqual(viewport.height + 5);
      expect(spot.y).toBeGreaterThanOrEqual(-5);
      expect(spot.y).toBeLessThan(box.y + box.height);
      // Nor does it stand over the edge that it tells of.
      if (viewport.width === 1440) {
        for (const part of await page.locator("#circuit .part.selected:not([data-node=input], [data-node=logits])").all()) {
          expect(overlap(box, (await part.boundingBox())!), `step ${step}`).toBe(false);
        }
      }
      roomy += Number(hasRoom);
      seen.push(await looked(page));
      if (step < STEPS) await dialog.getByRole("button", { name: "Next" }).click();
    }
    expect(new Set(seen).size).toBe(STEPS);
    expect(roomy).toBeGreaterThanOrEqual(viewport.height < 600 ? STEPS - 1 : STEPS);
    // Back undoes what the step did.
    await dialog.getByRole("button", { name: "Back" }).click();
    await expect(dialog).toContainText("Step 4 of 5");
    await expect.poll(() => new URL(page.url()).hash).toBe(JSON.parse(seen[3]!)[0]);
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
    await expect(dialog).toHaveCount(0);
    await expect(light).toHaveCount(0);
  });
}

test("the walk is led by keys, and leaves the page as it is", async ({ page }) => {
  await open(page);
  await page.locator("#show-around").focus();
  await page.keyboard.press("Enter");
  const dialog = page.locator(".callout");
  await expect(dialog.locator("h2")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(dialog.locator("h2")).toHaveText(/The strongest path between two parts: 0\.3 → 1\.3 key/);
  await expect(dialog.locator("h2")).toBeFocused();
  await expect(dialog).toContainText("59%");
  await page.keyboard.press("ArrowRight");
  await expect(dialog.locator("h2")).toHaveText("What 1.3 does with it");
  await expect(dialog).toContainText("it turns to lamp");
  await page.keyboard.press("ArrowLeft");
  await expect(dialog).toContainText("Step 2 of 5");
  // The page behind is not blocked, and the walk goes on with what the reader does there.
  await page.locator("#edit-prompts").click();
  await expect(page.locator("#editor")).toBeVisible();
  await dialog.locator("h2").focus();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page.locator("#show-around")).toBeFocused();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the walk, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await open(page);
      await page.locator("#show-around").click();
      const dialog = page.locator(".callout");
      for (const name of ["Next", "Next"]) {
        const { violations } = await new AxeBuilder({ page }).include("#tour").analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.failureSummary}`)).toEqual([]);
        await dialog.getByRole("button", { name }).click();
      }
    }
  });
}

test("the walk is told of whatever was run", async ({ page }) => {
  await open(page);
  await page.locator("#show-around").click();
  const dialog = page.locator(".callout");
  await expect(dialog).toContainText("fox comes twice");
  await page.locator("#examples").click();
  await page.getByRole("menuitemradio", { name: /Indirect object/ }).click();
  await expect(dialog).toContainText("John comes twice, so the answer is the other one, Mary.");
  await dialog.getByRole("button", { name: "Next" }).click();
  await expect(dialog.locator("h2")).toHaveText(/1\.3 → 2\.2 value/);
  await expect(page.locator("#edge")).toContainText("1.3 → 2.2");
});

test("a first visit does not scroll, and nothing opens by itself", async ({ page }) => {
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 768, height: 1024 },
    { width: 360, height: 780 },
  ]) {
    await page.setViewportSize(viewport);
    await visit(page);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await expect(page.locator(".callout")).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Show me around" }).first()).toBeInViewport();
  }
  await page.getByRole("button", { name: "Show me around" }).first().click();
  await expect(page.locator(".callout")).toContainText("Step 1 of 5");
  // Who has seen it is not told again.
  await page.reload();
  await expect(page.locator("#circuit [data-edge]").first()).toBeVisible();
  await expect(page.locator("#cards")).toBeHidden();
});

/** Lets nothing of a model through, and tells what was asked for. */
async function withoutModels(page: Page): Promise<string[]> {
  const asked: string[] = [];
  await page.route(/\/models\/|huggingface/, (route) => {
    asked.push(route.request().url());
    return route.abort();
  });
  return asked;
}

test("a result of the gallery is whole without its model, and the walk tells all of it", async ({ page }) => {
  await visit(page);
  const asked = await withoutModels(page);
  await page.locator("#cards").getByRole("button", { name: /Greater than/ }).click();
  await expect(page.locator("#status")).toContainText("from the gallery");
  await expect(page.locator("#model-choice [aria-pressed=true], #model-choice [aria-checked=true]")).toHaveText(/Years/);
  await expect(page.locator("#question")).toContainText("the war lasted from the year");
  await expect(page.locator("#says")).toContainText("%");
  await expect(page.locator("#edge")).toContainText("0.0 → MLP 0");
  await page.locator("#intro").getByRole("button", { name: "Show me around" }).click();
  const dialog = page.locator(".callout");
  for (let step = 1; step <= STEPS; step += 1) {
    await expect(dialog).toContainText(`Step ${step} of ${STEPS}`);
    await expect(dialog).not.toContainText("load the model");
    await dialog.getByRole("button", { name: step < STEPS ? "Next" : "Done" }).click();
  }
  expect(asked).toEqual([]);
});

test("changing a gallery's question brings its model, and the change is kept", async ({ page }) => {
  await open(page);
  await page.locator("#examples").click();
  await page.getByRole("menuitem", { name: /Greater than/ }).click();
  await expect(page.locator("#status")).toContainText("from the gallery");
  await page.locator("#edit-prompts").click();
  const clean = page.getByRole("textbox", { name: "Clean prompt" });
  await clean.fill((await clean.inputValue()).replace("41", "51"));
  await expect(page.locator("#status")).toContainText("edges exact ·");
  await expect(page.locator("#status")).not.toContainText("gallery");
  await expect(clean).toHaveValue(/17 51 to the year 17/);
  await expect(page.locator("#question")).toContainText("51");
});

test("back to the model that is loaded from a result of another one", async ({ page }) => {
  await open(page);
  await page.locator("#examples").click();
  await page.getByRole("menuitem", { name: /Greater than/ }).click();
  await expect(page.locator("#status")).toContainText("from the gallery");
  await page.locator("#model-choice").getByText("Names and lists").click();
  await expect(page.locator("#question")).toContainText("lamp");
  await expect(page.locator("#status")).not.toContainText("gallery");
});

test("what the index names is served, and is all that is served", async ({ request }) => {
  for (const { file } of GALLERY) {
    const answer = await request.get(`/gallery/${file}`);
    expect(answer.ok(), file).toBe(true);
    expect(JSON.parse(await answer.text())).toMatchObject({ pathpatch: 2 });
  }
});
