// axe on every view, light and dark, narrow and wide; and no requests to other servers.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { open, settled } from "./page";
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
      await page.getByText("Glossary").click();
      await page.getByLabel("A template").check();
      await page.getByLabel("Fill-ins").fill("A");
      await expect(page.locator("#fillings-error")).not.toBeEmpty();
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("Pasted lines").check();
      await page.getByLabel("Pairs, one per line").fill("fox lamp fox|crown lamp fox|lamp|crown\ncrown lamp crown|eagle lamp crown|lamp|fox");
      await settled(page);
      await page.getByRole("button", { name: "Show me around" }).click();
      await page.getByLabel("Weights").selectOption("other");
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

for (const [width, height] of [[1440, 900], [768, 1024], [390, 844]] as const) {
  test(`a first visit at ${width} x ${height}: nothing scrolls or jumps by itself, and the tour is in view`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.addInitScript(() => {
      Object.assign(globalThis, { shifted: 0 });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
          if (!entry.hadRecentInput) (globalThis as unknown as { shifted: number }).shifted += entry.value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto("/");
    await settled(page);
    // After the first run come the address, the list of kept models and the edge in detail.
    await expect(page.locator("#detail h3")).not.toBeEmpty();
    const shifted = await page.evaluate(() => (globalThis as unknown as { shifted: number }).shifted);
    console.log(`layout shift at ${width}: ${shifted.toFixed(4)}`);
    expect(shifted).toBeLessThan(0.1);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    const card = page.getByRole("region", { name: "Tour" });
    for (let step = 0; step < 5; step += 1) {
      const { top, bottom } = await card.evaluate((element) => element.getBoundingClientRect().toJSON());
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(height);
      await card.locator(".primary").click();
    }
    await expect(card).toHaveCount(0);
  });
}
