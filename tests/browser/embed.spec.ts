// The demo post, served from its own origin: a saved figure and a live one.

import { readFileSync } from "node:fs";
import { STATE } from "../../www/src/core/table";
import { restore } from "../../www/src/lib/saved";
import { startBlog } from "./post";
import { SITE } from "./site";
import { expect, test } from "./test";

let blog: Awaited<ReturnType<typeof startBlog>>;

test.beforeAll(async () => {
  blog = await startBlog();
});

test.afterAll(() => blog.stop());

test("a saved figure loads no engine until it is run, takes at most 60 kB, and keeps its numbers", async ({ page }) => {
  const transfers: { url: string; bytes: number }[] = [];
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const urls = new Map<string, string>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    transfers.push({ url: urls.get(requestId) ?? "", bytes: encodedDataLength });
  });
  // Leave out the live figure, which another test covers.
  await page.route("**/embed.html*", (route) => route.fulfill({ contentType: "text/html", body: "" }));
  await page.goto(blog.url);
  const figure = page.locator("path-patching");
  const values = async () => restore(JSON.stringify(await figure.evaluate((element) => (element as HTMLElementTagNameMap["path-patching"]).data))).table;
  await expect(figure.locator(".verdict")).toContainText("59% of the lost preference for lamp over spoon returns");
  await expect(figure.locator(".prompt .alt > span")).toHaveText([/fox/, /dragon/]);
  // Every part in its place, by keyboard too.
  await figure.locator('.circuit .part[data-node="a0.h3"]').focus();
  await expect(figure.locator(".circuit")).toHaveClass(/pointed/);
  await expect(figure.locator(".table-part, .grids-of")).toHaveCount(0);
  const ofFigure = transfers.filter(({ url }) => !url.endsWith("/") && !url.includes("embed.html") && !url.endsWith("post.css"));
  const bytes = ofFigure.reduce((sum, transfer) => sum + transfer.bytes, 0);
  console.log(`saved figure: ${(bytes / 1e3).toFixed(1)} kB in ${ofFigure.length} transfers`);
  expect(ofFigure.length).toBeGreaterThan(2);
  expect(bytes).toBeLessThan(60e3);
  expect(transfers.filter(({ url }) => /wasm|worker|safetensors/.test(url))).toEqual([]);

  // The post's styles do not reach into the figure.
  const border = await figure.locator("svg").first().evaluate((svg) => getComputedStyle(svg).borderTopStyle);
  expect(border).toBe("none");

  const before = await values();
  await figure.getByRole("button", { name: "Explore it live" }).click();
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(figure.locator(".error")).toBeEmpty();
  const after = await values();
  const known = before.values.map((value, place) => (before.state[place] === STATE.exact ? Math.abs(value - after.values[place]!) : 0));
  expect(before.state.filter((state) => state === STATE.exact).length).toBeGreaterThan(100);
  expect(Math.max(...known)).toBeLessThan(1e-3);
  await expect(figure.locator(".explanation .edge-body .edge-title")).toHaveText("0.3 → 1.3 key");
  const link = await figure.getByRole("link", { name: "Open in pathpatch" }).getAttribute("href");
  expect(link).toContain(`${SITE}/#clean=fox+lamp`);
});

test("a live figure in a frame runs by itself and takes the height it needs", async ({ page }) => {
  await page.goto(blog.url);
  const frame = page.locator("iframe");
  await frame.scrollIntoViewIfNeeded();
  const figure = page.frameLocator("iframe").locator("path-patching");
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(figure.locator(".error")).toBeEmpty();
  await expect(figure.locator(".explanation .edge-body .edge-title")).toContainText("→");
  await expect
    .poll(async () => {
      const { height } = (await frame.boundingBox())!;
      const inside = await figure.evaluate(() => document.documentElement.getBoundingClientRect().height);
      return Math.abs(height - inside);
    })
    .toBeLessThan(2);
});

test("a figure follows the reader's colour scheme unless the author sets one", async ({ page }) => {
  await page.route("**/embed.html*", (route) => route.fulfill({ contentType: "text/html", body: "" }));
  const ground = () => page.locator("path-patching").locator(".embedded").evaluate((card) => getComputedStyle(card).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(blog.url);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: "light" });
  // The figure updates in the next frame.
  await expect.poll(ground).not.toBe(dark);
  await page.locator("path-patching").evaluate((element) => element.setAttribute("theme", "dark"));
  await expect.poll(ground).toBe(dark);
});

test("an invalid saved result gives an error that says what was expected", async ({ page }) => {
  await page.route("**/embed.html*", (route) => route.fulfill({ contentType: "text/html", body: "" }));
  await page.route("**/figure.json", (route) => route.fulfill({ json: { pathpatch: 7 } }));
  await page.goto(blog.url);
  await expect(page.locator("path-patching .error")).toHaveText('saved result: expected {"pathpatch": 2, …}, got 7');
});

test("the figure of the demo post is a few kB", () => {
  expect(readFileSync("examples/post/figure.json").length).toBeLessThan(16_000);
});
