// `bench.html` of a built site in Chromium: its report as JSON. Without a GPU, WebGPU is SwiftShader.
//
//     node benches/bench_page.mjs CHROMIUM SITE

import { chromium } from "@playwright/test";
import { serve } from "./serve.mjs";

const [executablePath, site] = process.argv.slice(2);
const server = await serve(site);
try {
  // The machine's own adapter where Chromium finds one.
  for (const args of [["--enable-unsafe-webgpu"], ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]]) {
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.resolvedUrls.local[0]}bench.html`);
      const hasAdapter = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
      if (!hasAdapter) continue;
      await page.getByRole("button", { name: "Run the bench" }).click();
      await page.getByRole("button", { name: "Run again" }).waitFor({ timeout: 600_000 });
      const said = await page.locator("#progress").textContent();
      if (said !== "Done.") throw new Error(said);
      console.log(await page.getByLabel("The same as JSON").inputValue());
      break;
    } finally {
      await browser.close();
    }
  }
} finally {
  await server.close();
}
