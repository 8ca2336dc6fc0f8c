// axe on every view, light and dark, narrow and wide; and no requests to other servers.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { batch, chosenEdge, mode, models, open, settled, share, show } from "./page";
import { startBlog } from "./post";
import { expect, test } from "./test";

async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes: [first, ...others] }) => {
    return `${id}: ${first?.target.join(" ")} and ${others.length} more: ${first?.failureSummary}`;
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("the page", async ({ page }) => {
      await open(page);
      expect(await violations(page)).toEqual([]);
      await page.getByRole("button", { name: "How to read this" }).click();
      await page.getByText("Glossary").click();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await mode(page, "Template");
      await page.getByLabel("Fill-ins").fill("A");
      await expect(page.locator("#fillings-error")).not.toBeEmpty();
      expect(await violations(page)).toEqual([]);
      await batch(page, "fox lamp fox|crown lamp fox|lamp|crown\ncrown lamp crown|eagle lamp crown|lamp|fox");
      await settled(page);
      await share(page);
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await models(page);
      await page.getByLabel("Another one").check();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Show me around" }).last().click();
      expect(await violations(page)).toEqual([]);
    });

    test("the page at 360 px has no sideways scroll", async ({ page }) => {
      await page.setViewportSize({ width: 360, height: 800 });
      await open(page);
      expect(await violations(page)).toEqual([]);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    });

    test("the post with its figures", async ({ page }) => {
      const blog = await startBlog();
      await page.goto(blog.url);
      await expect(page.locator("path-patching .circuit .edge").first()).toBeVisible();
      await page.locator("iframe").scrollIntoViewIfNeeded();
      await expect(page.frameLocator("iframe").locator("path-patching .circuit .edge").first()).toBeVisible();
      await expect(page.frameLocator("iframe").locator(".progress")).toHaveAttribute("data-state", "idle");
      expect(await violations(page)).toEqual([]);
      await blog.stop();
    });
  });
}

test("no request goes to another server before a model is asked for", async ({ page, baseURL }) => {
  const others: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:"].includes(url.protocol) && url.origin !== baseURL) others.push(request.url());
  });
  await open(page);
  expect(others).toEqual([]);
});

/** Count how far things jump by themselves. */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    Object.assign(globalThis, { shifted: 0 });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) (globalThis as unknown as { shifted: number }).shifted += entry.value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { shifted: number }).shifted);
}

for (const [width, height] of [[1440, 900], [1024, 768], [768, 1024], [360, 780]] as const) {
  test(`first and second visit at ${width} x ${height}: nothing jumps or scrolls by itself`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    const shifted = await watchShifts(page);
    for (const visit of ["first", "second"]) {
      await page.goto(`/?${visit}`);
      await settled(page);
      // After the first run come the address, the list of kept models and the edge in detail.
      await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
      await expect(page).toHaveURL(/clean=/);
      await page.waitForTimeout(500);
      console.log(`layout shift at ${width}, ${visit} visit: ${(await shifted()).toFixed(4)}`);
      expect(await shifted()).toBeLessThan(0.1);
      expect(await page.evaluate(() => [scrollX, scrollY])).toEqual([0, 0]);
      // What the page is about is said on the first visit alone.
      const intro = page.getByRole("region", { name: "What this is" });
      if (visit === "first") {
        await expect(intro).toBeInViewport({ ratio: 1 });
        await intro.getByRole("button", { name: "Close the introduction" }).click();
      }
      await expect(intro).toBeHidden();
    }
  });
}

test("at 1440 x 900 the whole page is one screen: nothing scrolls, nothing is cut", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page);
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  const size = () => page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
  for (const view of ["Circuit", "Grids", "Table"] as const) {
    await show(page, view);
    expect(await size(), view).toEqual([1440, 900]);
  }
  await show(page, "Circuit");
  // Question, picture, scale, both runs' answers and the explanation, all of it.
  for (const id of ["question", "picture", "scale", "says", "edge"]) {
    await expect(page.locator(`#${id}`), id).toBeInViewport({ ratio: 0.99 });
  }
  const cut = await page.locator("#left, #right, #circuit").evaluateAll((all) =>
    all.filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1).map(({ id }) => id),
  );
  expect(cut).toEqual([]);
});

test("at 1440 x 900 the explanation fits on a first visit, too, and the way round is offered once", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/");
  await settled(page);
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  await expect(page.getByRole("region", { name: "What this is" })).toBeInViewport({ ratio: 1 });
  await expect(page.locator("#edge")).toContainText("What changes at the output");
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(900);
  const isCut = await page.locator("#right").evaluate((one) => one.scrollHeight > one.clientHeight + 1);
  expect(isCut).toBe(false);
  for (const name of ["More", "What is written into 0.3", "What 1.3 writes"]) await expect(page.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole("button", { name: "Show me around" })).toHaveCount(1);
});

test("on a phone the circuit is in the first screen", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  const { top, bottom } = await page.locator("#circuit svg.circuit").evaluate((svg) => svg.getBoundingClientRect());
  const foot = await page.locator(".edge-steps").evaluate((bar) => bar.getBoundingClientRect().top);
  expect(top).toBeLessThan(410);
  expect(bottom).toBeLessThanOrEqual(foot);
});

test("the picture shrinks to a least height at 1280 x 720, and grows with the window at 2560 x 1440", async ({ page }) => {
  await open(page);
  const box = async () => (await page.locator("#circuit svg.circuit").boundingBox())!;
  await page.setViewportSize({ width: 1280, height: 720 });
  await expect.poll(async () => (await box()).height).toBeLessThan(480);
  expect((await box()).height).toBeGreaterThanOrEqual(400);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(760);
  await page.setViewportSize({ width: 2560, height: 1440 });
  await expect.poll(async () => (await box()).width).toBeGreaterThan(1300);
  expect((await box()).height).toBeGreaterThan(600);
});

for (const width of [1440, 360]) {
  test(`at ${width} px the Tab key goes through the page as the eye does, in at most 40 stops`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.addInitScript(() => localStorage.setItem("pathpatch-tour-seen", "1"));
    for (const view of ["Grids", "Table", "Circuit"] as const) {
      await page.goto(`/?${view}#show=${view.toLowerCase()}`);
      await settled(page);
      await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
      const stops: { name: string; part: string; x: number; y: number; isStuck: boolean }[] = [];
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(() => {
          const at = document.activeElement;
          if (!at || at === document.body) return null;
          const { x, y } = at.getBoundingClientRect();
          const part = at.closest("header") ?? at.closest("section, #scale, #views, footer, main");
          const name = at.id || at.getAttribute("aria-label") || at.textContent?.trim().slice(0, 30) || at.nodeName;
          return { name, part: part?.id || part?.nodeName || "", x: x + scrollX, y: y + scrollY, isStuck: at.closest(".edge-steps") !== null };
        });
        if (!stop || stops.some(({ name, x, y }) => name === stop.name && x === stop.x && y === stop.y)) break;
        stops.push(stop);
      }
      console.log(`${width} px, ${view}: ${stops.length} stops`);
      expect(stops.length, stops.map(({ name }) => name).join(" | ")).toBeLessThanOrEqual(40);
      expect(stops[0]!.name).toBe("To the picture");
      // Part by part, each once, in the order in which they stand.
      const parts = stops.slice(1).map(({ part }) => part);
      const order = parts.filter((part, i) => part !== parts[i - 1]);
      expect(order, order.join(" ")).toHaveLength(new Set(order).size);
      if (width === 360) {
        const tops = stops.slice(1).filter(({ part, isStuck }) => part !== "picture" && !isStuck).map(({ y }) => y);
        expect(tops.every((y, i) => i === 0 || y > tops[i - 1]! - 60), tops.join(" ")).toBe(true);
      }
    }
  });
}

test("the first stop leads past header and question to the picture", async ({ page }) => {
  await open(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "To the picture" })).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("#picture")).toBeFocused();
});

test("the focus is not lost: dialogs give it back, and what goes away hands it on", async ({ page }) => {
  await open(page);
  const focused = () => page.evaluate(() => document.activeElement?.tagName);
  await page.getByRole("button", { name: "How to read this" }).press("Enter");
  await expect(page.getByRole("dialog", { name: "How to read this" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "How to read this" })).toBeFocused();
  await models(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Other models" })).toBeFocused();
  await share(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Share", exact: true })).toBeFocused();
  await page.getByRole("button", { name: "GPT-2 small" }).press("Enter");
  await page.getByRole("button", { name: "Not now" }).press("Enter");
  await expect(page.locator("#offer")).toBeHidden();
  expect(await focused()).not.toBe("BODY");
  // The window becomes narrow while a tab has the focus, which is moved elsewhere.
  await page.getByRole("tab", { name: "Circuit" }).focus();
  await page.setViewportSize({ width: 500, height: 900 });
  await expect(page.getByRole("tab", { name: "Circuit" })).toBeFocused();
});

test("what is said aloud does not chatter: a run begins and ends", async ({ page }) => {
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      new MutationObserver((records) => {
        for (const { target } of records) {
          const at = target instanceof Element ? target : target.parentElement;
          const live = at?.closest("[role=status], [role=alert], [aria-live]");
          if (live?.textContent?.trim()) said.push(live.textContent.trim());
        }
      }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });
    });
  });
  await open(page, "/?said");
  await page.waitForTimeout(500);
  const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
  console.log("said on opening:", said);
  expect(said.length).toBeLessThanOrEqual(8);
  expect(said).toContainEqual(expect.stringMatching(/^262 edges exact/));
});

test("light, dark, as the system: the button goes round, and the choice is kept", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  const button = page.locator("#theme");
  await button.click();
  await expect(button).toHaveAccessibleName("Colours: light. Change to dark");
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  // From the first drawing on.
  expect(await ground()).toBe(light);
  await settled(page);
  await button.click();
  await page.emulateMedia({ colorScheme: "light" });
  expect(await ground()).toBe(dark);
  await button.click();
  await expect(button).toHaveAccessibleName("Colours: as the system. Change to light");
  expect(await ground()).toBe(light);
});

test("in forced colours what is chosen is told apart, and at 200% nothing is cut", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.setViewportSize({ width: 720, height: 450 });
  await open(page);
  const ground = (name: string) => page.getByRole("tab", { name }).evaluate((tab) => getComputedStyle(tab).backgroundColor);
  expect(await ground("Circuit")).not.toBe(await ground("Table"));
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
});

test("a printed page is one sheet with the question, the picture and the sentence", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.3 key");
  const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
  expect(pdf.match(/\/Type\s*\/Page[^s]/g)).toHaveLength(1);
  await page.emulateMedia({ media: "print" });
  for (const id of ["question", "circuit", "edge"]) await expect(page.locator(`#${id}`)).toBeVisible();
  for (const name of ["Where 1.3 looks", "What changes at the output"]) await expect(page.locator("#edge").getByRole("heading", { name })).toBeVisible();
  for (const id of ["status", "views", "share", "theme"]) await expect(page.locator(`#${id}`)).toBeHidden();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
});
