// What a new visitor comes for, each within five actions, in a window of 1440 x 900 and by what is seen alone: every
// target is in the window and uncovered, and is found by its words.

import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { type Host, startHost } from "./host";
import { expect, test } from "./test";
import { Visitor, YELLOW } from "./visitor";

test.use({ viewport: { width: 1440, height: 900 }, colorScheme: "light", permissions: ["clipboard-read", "clipboard-write"] });

const MOST = 5;

const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });
const explanation = (page: Page): Locator => page.getByRole("region", { name: "The chosen edge" });
/** `0.3 → 1.3 key` */
const edge = (page: Page): Locator => explanation(page).getByRole("heading", { level: 2 });
const sentence = (page: Page): Locator => explanation(page).getByRole("paragraph").filter({ hasText: /the clean run/ });
/** What the model says next, most likely, after the clean prompt. */
const output = (page: Page): Locator => page.getByRole("list", { name: "clean says next" }).getByRole("button").first();
const picture = (page: Page): Locator => page.getByRole("tabpanel", { name: "Circuit" });
/** The first words of each part are its name: `head 0.3: reads …`, `input: writes …`. */
const parts = (page: Page): Locator => picture(page).getByRole("gridcell");

/** Come for the first time, and wait until the page says that all is computed. */
async function arrive(page: Page, address = "/"): Promise<Visitor> {
  await page.goto(address);
  const visitor = new Visitor(page);
  await visitor.sees(page.getByText(/^\d+ edges exact · /).first());
  return visitor;
}

/** The parts that are yellow on the screen, by their names. */
async function yellowParts(visitor: Visitor): Promise<string[]> {
  const found: string[] = [];
  await visitor.sees(picture(visitor.page));
  for (const part of await parts(visitor.page).all()) {
    const name = (await part.getAttribute("aria-label"))!.split(":")[0]!.replace(/^head /, "");
    const box = part.locator("rect.box");
    if ((await visitor.share(await visitor.sees(box), YELLOW)) > 0.3) found.push(name);
  }
  return found.sort();
}

/** How much each part's strongest edge changes the metric. */
async function strongest(page: Page): Promise<number[]> {
  const labels = await parts(page).evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? ""));
  return labels.map((label) => Number(/(?:raises|lowers) the metric by ([\d.]+)/.exec(label)![1]));
}

test("find the strongest edge and what it means, without scrolling", async ({ page }) => {
  const visitor = await arrive(page);
  // The strongest between heads is there without an action; one step leads to the strongest of all.
  for (const [name, says, ends] of [
    ["0.3 → 1.3 key", /^0\.3 tells 1\.3 what it can find\./, ["0.3", "1.3"]],
    ["input → 0.3 value", /^The token embedding tells 0\.3 what to copy\./, ["0.3", "input"]],
  ] as const) {
    await expect(edge(page)).toHaveText(name);
    await visitor.sees(edge(page));
    await visitor.sees(sentence(page));
    await expect(sentence(page)).toHaveText(says);
    await expect(sentence(page)).toContainText(/\d% of the lost preference for lamp over spoon returns: −0\.28 → \+\d/);
    expect(await yellowParts(visitor)).toEqual(ends);
    if (!name.startsWith("input")) await visitor.click(button(page, "Next stronger edge"));
  }
  await visitor.sees(explanation(page).getByText(/^1 of \d+ shown, by strength$/));
  const effect = /Effect \+([\d.]+)/.exec((await explanation(page).getByRole("img", { name: /^Effect / }).getAttribute("aria-label"))!)![1];
  expect(Number(effect)).toBe(Math.max(...(await strongest(page))));
  expect(await page.evaluate(() => [scrollX, scrollY, document.documentElement.scrollHeight])).toEqual([0, 0, 900]);
  expect(visitor.actions).toBeLessThanOrEqual(MOST);
});

test("change a name in the prompt and see the effect", async ({ page }) => {
  const visitor = await arrive(page);
  await visitor.click(button(page, "Examples"));
  await visitor.click(page.getByRole("menuitemradio", { name: /^Indirect object: Mary and John/ }));
  const values = page.getByRole("region", { name: "Question" }).getByRole("paragraph").filter({ hasText: "logit of Mary less that of John" });
  await visitor.sees(values);
  await expect(output(page)).toHaveAccessibleName(/^Mary, \d+%, the answer$/);
  const before = { values: await values.innerText(), sentence: await sentence(page).innerText() };
  await visitor.click(button(page, "Edit prompts"));
  await visitor.doubleClickWord(page.getByRole("textbox", { name: "Clean prompt" }), "Mary");
  const drawn = await visitor.screenOf(picture(page));
  await visitor.type("Alice");
  expect(visitor.actions).toBeLessThanOrEqual(MOST);
  await visitor.sees(page.getByRole("option", { name: /^clean Alice, id \d+; corrupted Mary/ }));
  await expect(output(page)).toHaveAccessibleName(/^Alice, \d+%/);
  const exact = page.getByText(/^\d+ edges exact · /).first();
  await expect(page.getByText("Not one of the examples.")).toBeVisible();
  // The name stands in the prompt, the model says it next, and picture and numbers are of the new prompt.
  await visitor.sees(output(page));
  await visitor.sees(exact);
  await expect(values).not.toHaveText(before.values);
  await expect(sentence(page)).not.toHaveText(before.sentence);
  await visitor.sees(edge(page));
  expect((await visitor.screenOf(picture(page))).equals(drawn)).toBe(false);
  expect(await page.evaluate(() => scrollY)).toBe(0);
});

test.describe("in a post", () => {
  let host: Host;
  test.beforeAll(async () => {
    host = await startHost();
  });
  test.afterAll(() => host.stop());

  test("put the circuit into a post", async ({ page, context }) => {
    const visitor = await arrive(page);
    await visitor.click(button(page, "Figure…"));
    await visitor.click(page.getByRole("tab", { name: "For a web page" }));
    await visitor.click(button(page, "Copy snippet"));
    const snippet = await page.evaluate(() => navigator.clipboard.readText());
    // The author pastes it into a post, on another origin, and looks at it.
    const post = new Visitor(await context.newPage());
    await post.visit(host.page(`<h1>A post</h1>${snippet}`));
    expect(new URL(post.page.url()).origin).not.toBe(new URL(page.url()).origin);
    for (const words of ["logits", "0.3", "1.3", "input"]) await post.sees(post.page.locator("path-patching svg").getByText(words, { exact: true }).first());
    const circuit = (await post.page.locator("path-patching svg").first().boundingBox())!;
    expect(await post.share(circuit, YELLOW)).toBeGreaterThan(0.001);
    expect(visitor.actions + post.actions).toBeLessThanOrEqual(MOST);
  });
});

test("get a figure for a paper", async ({ page }) => {
  const visitor = await arrive(page);
  await visitor.click(button(page, "Figure…"));
  const saved: Record<string, string> = {};
  for (const kind of ["SVG", "PDF"]) {
    const coming = page.waitForEvent("download");
    await visitor.click(button(page, kind));
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(new RegExp(`\\.${kind.toLowerCase()}$`));
    saved[kind] = (await readFile(await download.path())).toString("latin1");
  }
  expect(saved.SVG).toMatch(/^(<\?xml[^>]*>\s*)?<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(saved.SVG).toMatch(/<title[^>]*>[^<]*lamp[^<]*<\/title>/);
  expect(saved.SVG).toContain(">1.3<");
  expect(saved.PDF).toMatch(/^%PDF-1\.\d/);
  expect(saved.PDF).toContain("/Title");
  expect(visitor.actions).toBeLessThanOrEqual(MOST);
});

test("open a colleague's link", async ({ page, browser }) => {
  const colleague = await arrive(page);
  await colleague.click(page.getByRole("button", { name: "Years", exact: true }));
  await expect(page.getByRole("region", { name: "Question" })).toContainText("the war lasted from the year");
  await colleague.sees(page.getByText(/^\d+ edges exact · /).first());
  await colleague.click(button(page, "Next weaker edge"));
  await colleague.click(page.getByRole("tab", { name: "Grids" }));
  await colleague.click(button(page, "Share"));
  await colleague.click(page.getByRole("button", { name: "Copy link" }));
  expect(colleague.actions).toBeLessThanOrEqual(MOST);
  const link = await page.evaluate(() => navigator.clipboard.readText());

  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  const visitor = new Visitor(await context.newPage());
  await visitor.visit(link);
  await visitor.sees(visitor.page.getByText(/^\d+ edges exact · /).first());
  const theirs = await seen(page);
  await expect(edge(visitor.page)).toHaveText(theirs.edge);
  expect(await seen(visitor.page)).toEqual(theirs);
  expect(theirs.view).toBe("Grids");
  await visitor.sees(edge(visitor.page));
  expect(visitor.actions).toBeLessThanOrEqual(MOST);
  await context.close();
});

/** What a reader reads: the edge and its sentence, the prompts, the view that is shown. */
async function seen(page: Page) {
  return {
    edge: await edge(page).innerText(),
    says: await sentence(page).innerText(),
    prompts: await page.getByRole("listbox", { name: /^Prompt/ }).innerText(),
    view: await page.getByRole("tab", { selected: true }).innerText(),
  };
}
