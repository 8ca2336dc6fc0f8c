// Time from navigation to the first grid of the built site, in Chromium on the CPU: prints the median of a few visits.
//
//     node benches/first_grid.mjs SITE CHROMIUM

import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const VISITS = 5;
/** The longest that a visitor should have to wait. */
const BUDGET_SECONDS = 2;

const [site, executablePath] = process.argv.slice(2);
const server = await serve(site);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const seconds = [];
  for (let visit = 0; visit < VISITS; visit += 1) {
    // A new context, so nothing is cached from one visit to the next.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.resolvedUrls.local[0]);
    const mark = await page.waitForFunction(() => performance.getEntriesByName("first-grid")[0]?.startTime);
    seconds.push((await mark.jsonValue()) / 1e3);
    await context.close();
  }
  const median = seconds.sort((a, b) => a - b)[Math.floor(VISITS / 2)];
  console.log(`first grid: ${median.toFixed(2)} s on the CPU, the median of ${VISITS} first visits (budget ${BUDGET_SECONDS} s)`);
} finally {
  await browser.close();
  await server.close();
}
