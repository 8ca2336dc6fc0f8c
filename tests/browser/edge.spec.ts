// The chosen edge beside the picture: its sentence and its numbers, steps to other edges, what is asked of one pair.

import type { Locator, Page } from "@playwright/test";
import { cell, chosenEdge, grid, open, settled, show } from "./page";
import { expect, test } from "./test";

const panel = (page: Page): Locator => page.locator("#edge");
const sentence = (page: Page): Locator => panel(page).locator("[aria-live]");
const evidence = (page: Page): Locator => panel(page).locator(".edge-evidence");

/** Wait until what has to be asked of the model is there. */
async function explained(page: Page, edge: string): Promise<void> {
  await expect(chosenEdge(page)).toHaveText(edge);
  await expect(evidence(page)).toHaveAttribute("aria-busy", "false");
}

async function openMore(page: Page): Promise<void> {
  await panel(page).getByRole("button", { name: "More" }).click();
}

test("the strongest edge is explained without scrolling: in a sentence, on a scale, by attention and by the output", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page);
  await explained(page, "0.3 → 1.3 key");
  await expect(sentence(page)).toHaveText(
    /^0\.3 tells 1\.3 what it can find\. With this one path taken from the clean run, 59% of the lost preference for lamp over spoon returns: −0\.28 → \+5\.\d\d logits, of \+9\.23 in the clean run\. Reading at fox, 1\.3 turns from crown \(99% → [\d.]+%\) to lamp \(0\.2% → 99%\)\.$/,
  );
  await expect(panel(page).getByRole("img", { name: /^Effect \+0\.58\d: from −0\.28 in the corrupted run to \+5\.\d\d, where the clean run has \+9\.23\.$/ })).toBeInViewport({ ratio: 1 });
  await expect(panel(page).getByRole("img", { name: /^Where 1\.3 looks from “fox”, in percent\. before: 99% at crown.*; after: 99% at lamp.*; clean: 99% at lamp/ })).toBeInViewport({ ratio: 1 });
  const outputs = panel(page).getByRole("table");
  await expect(outputs).toBeInViewport({ ratio: 1 });
  await expect(outputs.getByRole("row", { name: /^crown 98% → 8\d%$/ })).toBeVisible();
  await expect(outputs.getByRole("row", { name: /^lamp <0\.1% → 1(\.\d)?% ?, 98% in the clean run$/ })).toBeVisible();
  // The roles are those of the model's README, which is linked.
  await expect(panel(page)).toContainText("previous-token head → induction head");
  await expect(panel(page).getByRole("link", { name: "the model’s README" })).toHaveAttribute("href", "models/ioi-demo/README.md");
  expect((await page.request.get("models/ioi-demo/README.md")).ok()).toBe(true);
});

test("steps go from edge to edge by strength, keep the focus, and move nothing", async ({ page }) => {
  await open(page);
  await explained(page, "0.3 → 1.3 key");
  const [stronger, weaker] = ["Next stronger edge", "Next weaker edge"].map((name) => panel(page).getByRole("button", { name })) as [Locator, Locator];
  const rank = panel(page).locator(".rank");
  await expect(rank).toHaveText(/^2 of \d+ shown, by strength$/);
  const top = (what: Locator) => what.evaluate((element) => element.getBoundingClientRect().top);
  const places = async () => [await top(panel(page).locator(".edge-effect")), await top(evidence(page).locator("section").last())];
  const before = await places();
  await stronger.press("Enter");
  await explained(page, "input → 0.3 value");
  await expect(rank).toHaveText(/^1 of \d+ shown, by strength$/);
  await expect(stronger).toHaveAttribute("aria-disabled", "true");
  await expect(stronger).toBeFocused();
  expect(await places()).toEqual(before);
  await stronger.press("Enter");
  await expect(chosenEdge(page)).toHaveText("input → 0.3 value");
  // Many quick steps end at one edge, which alone is explained.
  for (let i = 0; i < 30; i += 1) await weaker.press("Enter");
  await expect(rank).toHaveText("number 31 by strength, weaker than those shown");
  await expect(evidence(page)).toHaveAttribute("aria-busy", "false");
  await expect(weaker).toBeFocused();
});

test("noising tells how far the clean run falls; zero says in which run it is put", async ({ page }) => {
  await open(page, "/#direction=noise&from=a0.h3&to=a1.h3%3Ck%3E");
  await explained(page, "0.3 → 1.3 key");
  await expect(sentence(page)).toContainText(/With this one path taken from the corrupted run, the preference for lamp over spoon falls: \+9\.23 → \+\d\.\d\d logits, \d+% of the way to −0\.28 in the corrupted run\. Reading at the second fox, 1\.3 turns from lamp/);
  await page.goto("/#direction=noise&patch=zero&from=a0.h3&to=a1.h3%3Ck%3E");
  await settled(page);
  await expect(sentence(page)).toContainText(/With this one path set to zero in the clean run, the preference for lamp over spoon falls: /);
});

test("what else there is to know of an edge: by position, attribution, logits, whole patterns", async ({ page }) => {
  await open(page);
  await explained(page, "0.3 → 1.3 key");
  await openMore(page);
  const pattern = (name: RegExp) => panel(page).getByRole("img", { name });
  await expect(pattern(/^0\.3 attends, clean run\./)).toHaveAccessibleName(/looks 95\.?\d?% at “piano”, position 12/);
  await expect(pattern(/^1\.3 attends, before the patch\./)).toBeVisible();
  // With the patch, the induction head attends to the token after the first “fox”.
  await expect(pattern(/^1\.3 attends, after the patch\./)).toHaveAccessibleName(/% at “lamp”, position 2/);
  await expect(panel(page).locator(".bars")).toHaveCount(4);
  await expect(panel(page).locator(".remainder")).toHaveText(/^Together [+−][\d.]+; the whole edge has \+0\.58\d\. The remainder of [+−]?[\d.e−]+ is what positions do to each other\.$/);
  await expect(panel(page).getByRole("table", { name: "The tokens that the patch moves most, in the corrupted run and patched" })).toBeVisible();
  // A cell says what it is.
  await pattern(/^1\.3 attends, after the patch\./).locator(".pattern-cell").last().hover();
  await expect(page.locator(".tip")).toContainText(/^[\d.]+%.+, position \d+,looks at .+, position \d+$/);
  await page.keyboard.press("Escape");

  await show(page, "Grids");
  await cell(grid(page, "from", "v"), "1.3").click();
  await explained(page, "0.3 → 1.3 value");
  await expect(panel(page).getByText("A patched value leaves the attention of 1.3 as it was")).toBeVisible();
});

test("while a closer look is on its way, what is shown of another edge or pair is out of sight, and so is its tip", async ({ page }) => {
  // An engine that hears nothing more from then on.
  await page.addInitScript(() => {
    Worker.prototype.postMessage = new Proxy(Worker.prototype.postMessage, {
      apply: (post, worker, said) => ("isDeaf" in globalThis ? undefined : Reflect.apply(post, worker, said)),
    });
  });
  const lines = ["piano", "crown"].map((word) => `fox lamp river ${word} fox | dragon lamp river ${word} fox | lamp | river`).join("\n");
  await open(page, `/#${new URLSearchParams({ mode: "lines", lines, from: "a0.h3", to: "a1.h3<k>" })}`);
  await explained(page, "0.3 → 1.3 key");
  await openMore(page);
  const logits = panel(page).locator(".edge-more table.logits");
  await expect(panel(page).locator(".remainder")).toBeVisible();
  await panel(page).locator("svg.pattern").last().locator(".pattern-cell").last().hover();
  await expect(page.locator(".tip")).toBeVisible();
  // The answer takes the place of the drawing that is pointed at, and nothing moves.
  const weaker = panel(page).getByRole("button", { name: "Next weaker edge" });
  await weaker.evaluate((button: HTMLButtonElement) => button.click());
  await expect(chosenEdge(page)).not.toHaveText("0.3 → 1.3 key");
  await expect(evidence(page)).toHaveAttribute("aria-busy", "false");
  await expect(page.locator(".tip")).toHaveCount(0);
  await expect(panel(page).locator(".remainder")).toBeVisible();

  await page.evaluate(() => Object.assign(globalThis, { isDeaf: true }));
  const pair = panel(page).getByLabel("Prompt pair");
  await pair.selectOption({ label: "pair 2: fox lamp river crown fox" });
  await expect(logits).toBeHidden();
  await expect(evidence(page).locator("section").last()).toBeHidden();
  await expect(pair).toBeVisible();
  await pair.selectOption({ label: "pair 1: fox lamp river piano fox" });
  await expect(logits).toBeVisible();
  await weaker.press("Enter");
  await expect(logits).toBeHidden();
});

test("from an edge to the strongest at either end; where there is none, it is said", async ({ page }) => {
  await open(page);
  await explained(page, "0.3 → 1.3 key");
  const from = panel(page).getByRole("button", { name: "What 1.3 writes", exact: true });
  await from.press("Enter");
  await expect(chosenEdge(page)).toHaveText("1.3 → logits");
  // The buttons stay, and with them the focus.
  const end = panel(page).getByRole("button", { name: "Nothing reads the output" });
  await expect(end).toBeFocused();
  await expect(end).toBeDisabled();
  await panel(page).getByRole("button", { name: "What is written into 1.3" }).click();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  await panel(page).getByRole("button", { name: "What is written into 0.3" }).click();
  await expect(chosenEdge(page)).toHaveText("input → 0.3 value");
  await expect(panel(page).getByRole("button", { name: "Nothing is written into the input" })).toBeDisabled();
});

test("an edge without heads has no attention, and both its ends", async ({ page }) => {
  await open(page, "/#from=input&to=logits");
  await explained(page, "input → logits");
  await expect(sentence(page)).toHaveText(/^What the token embedding writes goes straight to the output\. .* nothing changes: /);
  await expect(evidence(page)).toContainText("no head is on this path");
  await openMore(page);
  await expect(panel(page).locator("svg.pattern")).toHaveCount(0);
  await expect(panel(page)).toContainText("What the patch adds to what the output reads, as a share of its length");
  await page.goto("/#model=years-demo&from=m0&to=m1");
  await settled(page);
  await explained(page, "MLP 0 → MLP 1");
  await expect(sentence(page)).toContainText(/of the lost lead in probability of the years above 41 over the years up to 41 returns: \+18\.\d% → /);
  await expect(panel(page).getByRole("img", { name: /^Change of what MLP 1 reads in % of its length\. patched: \d+% at 17/ })).toBeVisible();
});

test("where nothing moves, no position does, and they add up", async ({ page }) => {
  await open(page, "/#patch=zero&from=m2&to=logits");
  await explained(page, "MLP 2 → logits");
  await expect(sentence(page)).toContainText("set to zero in the corrupted run, nothing changes: ");
  await openMore(page);
  await expect(panel(page).locator(".remainder")).toHaveText("Together 0; the whole edge has 0. They add up.");
  await expect(panel(page).locator(".bars").filter({ hasText: "each position alone" }).locator(".bar")).toHaveCount(0);
});

test("of several pairs the mean is told, and the pair that is looked at", async ({ page }) => {
  const prompts = ["piano", "crown", "tiger"].map((word) => `fox lamp river ${word} fox | dragon lamp river ${word} fox | lamp | river`);
  await open(page, `/#${new URLSearchParams({ mode: "lines", lines: prompts.join("\n"), metric: "logit-diff", patch: "mean", from: "a0.h3", to: "a1.h3<k>" })}`);
  await explained(page, "0.3 → 1.3 key");
  const text = /^0\.3 tells 1\.3 what it can find\. On average over 3 pairs, with this one path set to the mean over the 3 clean runs, .* \(± [\d.]+ from pair to pair\), .* On pair 1 alone: \S+ → \S+ logits\. /;
  await expect(sentence(page)).toHaveText(text);
  await openMore(page);
  await panel(page).getByLabel("Prompt pair").selectOption({ label: "pair 3: fox lamp river tiger fox" });
  await expect(sentence(page)).toContainText(" On pair 3 alone: ");
  await expect(evidence(page)).toHaveAttribute("aria-busy", "false");
});

test("on a phone the edge and its steps stay at the foot of the window", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await open(page);
  const bar = panel(page).getByRole("group", { name: "Edges by strength" });
  await expect(bar).toBeInViewport({ ratio: 0.9 });
  const weaker = bar.getByRole("button", { name: "Next weaker edge" });
  const { width, height } = (await weaker.boundingBox())!;
  expect(Math.min(width, height)).toBeGreaterThanOrEqual(40);
  await weaker.click();
  await expect(bar).toContainText("1.3 → logits");
  await expect(sentence(page)).not.toBeInViewport();
  await bar.getByRole("button", { name: /^1\.3 → logits/ }).click();
  await expect(sentence(page)).toBeInViewport();
  // At the end of the page the bar covers nothing.
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const last = (await page.locator("footer").boundingBox())!;
  expect(last.y + last.height).toBeLessThanOrEqual((await bar.boundingBox())!.y + 1);
});
