// Drives Chromium with Playwright.

import { chromium } from "@playwright/test";
import { type Engine, type Realm, VIEWPORT } from "./engine";

export async function openChromium(executablePath: string): Promise<Engine> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: VIEWPORT });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const realm = (of: () => Pick<typeof page, "evaluate">): Realm => ({
    evaluate: (body, argument) => of().evaluate(body as never, argument as never),
  });
  return {
    ...realm(() => page),
    frame: realm(() => page.frames()[1]!),
    goto: async (url) => {
      await page.goto(url);
    },
    click: (x, y) => page.mouse.click(x, y),
    screenshot: async (path) => {
      await page.screenshot({ path });
    },
    complaints: () => complaints,
    close: () => browser.close(),
  };
}
