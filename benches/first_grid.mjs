// Time from navigation to the first grid of built sites, in Chromium on the CPU or on WebGPU, which is SwiftShader. Sites
// take turns, so that all meet the same noise; printed is the median of each.
//
//     node benches/first_grid.mjs CHROMIUM cpu|webgpu SITE…

import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const [executablePath, device, ...sites] = process.argv.slice(2);
const isGpu = device === "webgpu";
/** On a software adapter a visit takes half a minute. */
const VISITS = isGpu ? 3 : 5;
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...(isGpu ? webgpu : [])] });
const served = await Promise.all(sites.map(async (site) => ({ site, server: await serve(site), seconds: [] })));
try {
  for (let visit = 0; visit < VISITS; visit += 1) {
    for (const { server, seconds } of served) {
      // A new context, so nothing is cached from one visit to the next.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${server.resolvedUrls.local[0]}?device=${device}`);
      const first = () => performance.getEntriesByName("first-grid")[0]?.startTime;
      const mark = await page.waitForFunction(first, null, { timeout: 300_000 });
      seconds.push((await mark.jsonValue()) / 1e3);
      await context.close();
    }
  }
  for (const { site, seconds } of served) {
    const sorted = seconds.toSorted((a, b) => a - b);
    const [least, median, most] = [0, Math.floor(VISITS / 2), VISITS - 1].map((i) => sorted[i].toFixed(2));
    console.log(`first grid: ${median} s on ${isGpu ? "WebGPU" : "the CPU"} (${least} to ${most} s), the median of ${VISITS} first visits of ${site}`);
  }
} finally {
  await browser.close();
  await Promise.all(served.map(({ server }) => server.close()));
}
