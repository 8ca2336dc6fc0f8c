// Time from navigation to the first grid of built sites, in Chromium on the CPU. Sites take turns, so that all meet the
// same noise; printed is the median of each.
//
//     node benches/first_grid.mjs CHROMIUM SITE…

import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const VISITS = 5;

const [executablePath, ...sites] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const served = await Promise.all(sites.map(async (site) => ({ site, server: await serve(site), seconds: [] })));
try {
  for (let visit = 0; visit < VISITS; visit += 1) {
    for (const { server, seconds } of served) {
      // A new context, so nothing is cached from one visit to the next.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(server.resolvedUrls.local[0]);
      const mark = await page.waitForFunction(() => performance.getEntriesByName("first-grid")[0]?.startTime);
      seconds.push((await mark.jsonValue()) / 1e3);
      await context.close();
    }
  }
  for (const { site, seconds } of served) {
    const sorted = seconds.toSorted((a, b) => a - b);
    const [least, median, most] = [0, Math.floor(VISITS / 2), VISITS - 1].map((i) => sorted[i].toFixed(2));
    console.log(`first grid: ${median} s on the CPU (${least} to ${most} s), the median of ${VISITS} first visits of ${site}`);
  }
} finally {
  await browser.close();
  await Promise.all(served.map(({ server }) => server.close()));
}
