// Figures in real posts: from another origin, sandboxed, isolated, with a policy, with storage refused; several on one
// page, moved, themed, removed.

import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { pack } from "../../www/src/lib/pack";
import { restore } from "../../www/src/lib/saved";
import { type Host, startHost } from "./host";
import { expect, test } from "./test";

const LINK = "clean=fox+lamp+river+fox&corrupted=dragon+lamp+river+fox&answer=lamp&distractor=river&metric=logit-diff&src=0.3&component=k";
const SCRIPT = '<script type="module" src="SITE/pathpatch.js"></script>';
const LIVE = `<path-patching live link="${LINK}"></path-patching>`;
/** The button that runs a figure, whatever it asks. */
const RUN = /^(Explore it live|Try again)/;

let host: Host;

test.beforeAll(async () => {
  host = await startHost();
});

test.afterAll(() => host.stop());

test.beforeEach(() => {
  host.asked.length = 0;
});

/** Wait until the figure has run, and its chosen edge is explained. */
async function isDone(figure: Locator): Promise<void> {
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  await expect(figure.locator(".error")).toBeEmpty();
  await expect(figure.locator('.circuit [data-edge="a0.h3->a1.h3<k>"]')).toBeVisible();
  await expect(figure.locator(".explanation .edge-body .edge-title")).toContainText("→");
}

const weights = (): number => host.asked.filter((path) => path.endsWith(".safetensors")).length;

test("a live element from another origin with a compressing server", async ({ page }) => {
  const compressed = await startHost({ isCompressed: true });
  try {
    await page.goto(compressed.page(SCRIPT + LIVE));
    await isDone(page.locator("path-patching"));
  } finally {
    await compressed.stop();
  }
});

test("a figure of the second bundled model without other settings runs that model's first example", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<path-patching link="model=years-demo"></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".prompt")).toContainText("the war lasted from the year 17");
  await expect(figure.locator(".heading")).toContainText("Years");
  await figure.getByRole("button", { name: RUN }).click();
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(figure.locator(".heading")).toContainText("2 layers × 4 heads");
  await expect(figure.locator(".circuit .edge").first()).toBeVisible();
  await expect(figure.locator(".error")).toBeEmpty();
  expect(host.asked.filter((path) => path.endsWith("models/years-demo/model.safetensors"))).toHaveLength(1);
});

test("a sandboxed frame draws a saved figure and runs it", async ({ page }) => {
  // The frame's policy allows its own origin and https.
  await page.route("**/some/path/figure.json", (route) =>
    route.fulfill({ path: "examples/post/figure.json", headers: { "access-control-allow-origin": "*" } }),
  );
  await page.goto(host.page('<iframe sandbox="allow-scripts" width="900" height="900" src="SITE/embed.html?saved=figure.json"></iframe>'));
  const figure = page.frameLocator("iframe").locator("path-patching");
  await expect(figure.locator(".verdict")).toContainText("0.3 tells 1.3 what it can find.");
  await figure.getByRole("button", { name: RUN }).click();
  await isDone(figure);
});

test("a page that is isolated by COEP", async ({ page }) => {
  const headers = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
  await page.goto(host.page(SCRIPT.replace("src", "crossorigin src") + LIVE, headers));
  await isDone(page.locator("path-patching"));
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test.describe("a page with a strict Content-Security-Policy", () => {
  test.use({ expectedComplaints: /Content Security Policy/ });
  const policy = (text: string) => ({ "content-security-policy": text.replaceAll("SITE", new URL(host.site).origin) });

  for (const [lacks, text, says] of [
    ["worker-src", "script-src SITE 'wasm-unsafe-eval'; connect-src SITE", /add worker-src blob:; script-src http:\/\/localhost:\d+ 'wasm-unsafe-eval'; connect-src/],
    ["connect-src", "script-src SITE 'wasm-unsafe-eval'; worker-src blob:; connect-src 'self'", /add http:\/\/localhost:\d+ to connect-src/],
    ["wasm-unsafe-eval", "script-src SITE; worker-src blob:; connect-src SITE", /add 'wasm-unsafe-eval' to script-src/],
  ] as const) {
    test(`without ${lacks} says what to add`, async ({ page }) => {
      await page.goto(host.page(SCRIPT + LIVE, policy(text)));
      await expect(page.locator("path-patching .error")).toHaveText(says);
    });
  }

  test("with what docs/embedding.md names runs", async ({ page }) => {
    const text = "default-src 'none'; script-src SITE 'wasm-unsafe-eval'; worker-src blob:; connect-src SITE; img-src data:";
    await page.goto(host.page(SCRIPT + LIVE, policy(text)));
    await isDone(page.locator("path-patching"));
  });
});

test("a model loads although storage is refused", async ({ page }) => {
  await page.addInitScript(() => {
    StorageManager.prototype.persist = () => Promise.reject(new TypeError("storage is off"));
  });
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const body = `StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("off", "SecurityError"));\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.goto(host.page(`${SCRIPT}<path-patching link="model=SITE/models/ioi-demo&${LINK}"></path-patching>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: RUN }).click();
  await figure.getByRole("button", { name: /^Explore it live \(.* from localhost:\d+\)$/ }).click();
  await isDone(figure);
  await expect(figure.locator(".warning")).toHaveText(/^The model is not kept in this browser: .+\.$/);
});

test("Cancel works while another figure computes", async ({ page }) => {
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => {
    pass = resolve;
  });
  // The first figure's result comes late.
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const late = `const say = self.postMessage.bind(self); self.postMessage = (m, ...r) => m.answer?.table ? fetch("${host.site}held").then(() => say(m, ...r)) : say(m, ...r);`;
    await route.fulfill({ response, body: `${late}\n${await response.text()}` });
  });
  await page.route("**/held", async (route) => {
    await held;
    await route.fulfill({ body: "", headers: { "access-control-allow-origin": "*" } });
  });
  const figures = page.locator("path-patching");
  await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`.repeat(2)));
  for (const i of [0, 1]) await figures.nth(i).getByRole("button", { name: RUN }).click();
  const waiting = figures.nth(1).locator(".progress");
  await expect(waiting).toContainText("Waiting for another figure of this page");
  await waiting.getByRole("button", { name: "Cancel" }).click();
  await expect(waiting).toHaveAttribute("data-state", "idle");
  await expect(figures.nth(1).getByRole("button", { name: RUN })).toBeFocused();
  await expect(figures.nth(0).locator(".progress")).toHaveAttribute("data-state", "running");
  pass();
  await isDone(figures.nth(0));
});

test("a question that cannot be run says why in plain words", async ({ page }) => {
  const same = LINK.replace("corrupted=dragon", "corrupted=fox");
  const rows = new URLSearchParams({ mode: "lines", lines: "fox lamp river fox | dragon lamp river fox | lamp | river\nfox lamp river fox | dragon quokka river fox | lamp | river" });
  await page.goto(host.page(`${SCRIPT}<path-patching link="${same}"></path-patching><path-patching link="${rows}"></path-patching>`));
  const figures = page.locator("path-patching");
  for (const i of [0, 1]) await figures.nth(i).getByRole("button", { name: RUN }).click();
  await expect(figures.nth(0).locator(".error")).toHaveText("Both prompts are the same, so there is nothing to patch.");
  await expect(figures.nth(1).locator(".error")).toHaveText(/^Pair 2: “quokka” is not among the 565 words of this model\./);
});

test("a run that is cancelled leaves the author's result as it was", async ({ page }) => {
  // Its last values never come.
  await page.route("**/lib/worker.js", async (route) => {
    const response = await route.fetch();
    const late = "const say = self.postMessage.bind(self); self.postMessage = (m, ...r) => { if (!m.answer?.table) say(m, ...r); };";
    await route.fulfill({ response, body: `${late}\n${await response.text()}` });
  });
  const data = readFileSync("examples/post/figure.json", "utf8");
  await page.goto(host.page(`<path-patching><script type="application/json">${data}</script></path-patching>${SCRIPT}`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".verdict")).toContainText("59%");
  const held = () => figure.evaluate((element) => JSON.stringify((element as HTMLElement & { data: unknown }).data));
  const before = await held();
  await figure.getByRole("button", { name: RUN }).click();
  const progress = figure.locator(".progress");
  await expect(progress).toContainText(/of 262 edges/);
  await progress.getByRole("button", { name: "Cancel" }).click();
  await expect(progress).toHaveAttribute("data-state", "idle");
  expect(await held()).toBe(before);
  await expect(figure.locator(".go")).toContainText("downloads");
});

test("what a figure showed before is watched no more", async ({ page }) => {
  await page.addInitScript(() => {
    const watching = new Set<IntersectionObserver>();
    Object.assign(globalThis, { watching });
    globalThis.IntersectionObserver = class extends IntersectionObserver {
      override observe(target: Element): void {
        watching.add(this);
        super.observe(target);
      }

      override disconnect(): void {
        watching.delete(this);
        super.disconnect();
      }
    };
  });
  const saved = readFileSync("examples/post/figure.json", "utf8");
  await page.goto(host.page(`<path-patching><script type="application/json">${saved}</script></path-patching>${SCRIPT}`));
  const figure = page.locator("path-patching");
  const watching = () => page.evaluate(() => (globalThis as unknown as { watching: Set<unknown> }).watching.size);
  await expect(figure.locator(".verdict")).toContainText("59%");
  const before = await watching();
  for (const title of ["One", "Two", "Three"]) {
    await figure.evaluate((element, data) => Object.assign(element, { data }), { ...JSON.parse(saved), title });
    await expect(figure.locator(".top h2")).toHaveText(title);
  }
  expect(await watching()).toBe(before);
});

test("after its device was lost, the next press loads a model again", async ({ page }) => {
  // The first worker reports a lost device instead of its first result, but goes on answering.
  await page.route(
    "**/lib/worker.js",
    async (route) => {
      const response = await route.fetch();
      const lost = `const say = self.postMessage.bind(self); self.postMessage = (m, ...r) => m.answer?.table ? say({ id: m.id, failure: { code: "device", message: "the GPU was lost" } }) : say(m, ...r);`;
      await route.fulfill({ response, body: `${lost}\n${await response.text()}` });
    },
    { times: 1 },
  );
  await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: RUN }).click();
  await expect(figure.locator(".error")).toHaveText("the GPU was lost");
  // A new worker is the first sign that the second run has begun.
  const second = page.waitForEvent("worker");
  await figure.getByRole("button", { name: RUN }).click();
  await second;
  await isDone(figure);
  expect(page.workers()).toHaveLength(1);
});

test("a third party's server gets no request before the reader presses the button", async ({ page }) => {
  const stranger = await startHost();
  try {
    await page.goto(host.page(`${SCRIPT}<path-patching live link="model=${stranger.site}models/ioi-demo&${LINK}"></path-patching>`));
    const figure = page.locator("path-patching");
    await figure.getByRole("button", { name: /^Explore it live \(from localhost:\d+\)$/ }).waitFor();
    expect(stranger.asked).toEqual([]);
    await figure.getByRole("button", { name: RUN }).click();
    await figure.getByRole("button", { name: /^Explore it live \(1\.1 MB from localhost:\d+\)$/ }).click();
    await isDone(figure);
  } finally {
    await stranger.stop();
  }
});

test("three figures on one post: one worker, one load", async ({ page }) => {
  await page.goto(host.page(SCRIPT + LIVE.repeat(3)));
  for (const i of [0, 1, 2]) {
    const figure = page.locator("path-patching").nth(i);
    await figure.scrollIntoViewIfNeeded();
    await isDone(figure);
  }
  expect(weights()).toBe(1);
  expect(host.asked.filter((path) => path.endsWith("worker.js"))).toHaveLength(1);
  expect(page.workers()).toHaveLength(1);
});

test("an author may say how many workers share the model", async ({ page }) => {
  await page.goto(host.page(SCRIPT + [2, 2, 1].map((workers) => LIVE.replace("live", `workers="${workers}"`)).join("")));
  const run = async (i: number) => {
    const figure = page.locator("path-patching").nth(i);
    await figure.getByRole("button", { name: RUN }).click();
    await isDone(figure);
    return { workers: page.workers().length, loads: weights() };
  };
  expect(await run(0)).toEqual({ workers: 2, loads: 1 });
  expect(await run(1)).toEqual({ workers: 2, loads: 1 });
  // Another number is another engine.
  expect(await run(2)).toEqual({ workers: 3, loads: 2 });
  // In a frame's address.
  await page.goto(host.page(`<iframe width="900" height="900" src="SITE/embed.html?workers=3&live&${LINK}"></iframe>`));
  await isDone(page.frameLocator("iframe").locator("path-patching"));
  await expect.poll(() => page.workers().length).toBe(3);
});

test("a number of workers that is none is told at once, below the figure that is there all the same", async ({ page }) => {
  const wrong = 'workers: expected a whole number, 1 or more, got "many"';
  const data = readFileSync("examples/post/figure.json", "utf8");
  await page.goto(host.page(`${SCRIPT}<path-patching workers="many" live><script type="application/json">${data}</script></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".error")).toHaveText(wrong);
  await expect(figure.locator(".verdict")).toContainText("0.3 tells 1.3 what it can find.");
  await figure.getByRole("button", { name: RUN }).click();
  await expect(figure.locator(".error")).toHaveText(wrong);
  expect(weights()).toBe(0);
  await figure.evaluate((element) => element.setAttribute("workers", "2"));
  await figure.getByRole("button", { name: RUN }).click();
  await isDone(figure);
  expect(page.workers()).toHaveLength(2);
});

test("what stands after a figure stays about where it is, from the first moment to the end of a run", async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 900 });
  const data = readFileSync("examples/post/figure.json", "utf8");
  const figure = page.locator("path-patching");
  const html = (height: number) => `<div style="width: 720px"><style>path-patching:not(:defined) { display: block; min-height: ${height}px }</style><path-patching height="${height}"><script type="application/json">${data}</script></path-patching>${SCRIPT}</div><p>After.</p>`;
  await page.goto(host.page(html(100)));
  await expect(figure.locator(".circuit .edge").first()).toBeVisible();
  const needed = await figure.evaluate((element) => Math.ceil(element.getBoundingClientRect().height));
  await page.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shift += (entry as unknown as { value: number }).value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  // As the page's own snippet says it.
  await page.goto(host.page(html(needed)));
  await expect(figure.locator(".circuit .edge").first()).toBeVisible();
  const shift = () => page.evaluate(() => (globalThis as unknown as { seen: { shift: number } }).seen.shift);
  expect(await shift()).toBeLessThan(0.02);
  const height = () => figure.evaluate((element) => element.getBoundingClientRect().height);
  const before = await height();
  await figure.getByRole("button", { name: RUN }).click();
  await expect.poll(height).toBeGreaterThanOrEqual(before - 1);
  await isDone(figure);
  expect(await height()).toBeGreaterThanOrEqual(before - 1);
});

test("a live figure far below waits until it is near", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<div style="height: 4000px"></div>${LIVE}`));
  await expect(page.locator("path-patching .prompt")).toBeAttached();
  await page.waitForTimeout(300);
  expect(weights()).toBe(0);
  await page.locator("path-patching").scrollIntoViewIfNeeded();
  await isDone(page.locator("path-patching"));
});

test("moved, themed or with other parts: a finished run stays, and nothing is loaded again", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<main></main>${LIVE}`));
  const figure = page.locator("path-patching");
  await isDone(figure);
  const models = () => host.asked.filter((path) => /safetensors|worker|wasm|tokenizer/.test(path));
  const before = models();
  const data = () => figure.evaluate((element) => JSON.stringify((element as HTMLElementTagNameMap["path-patching"]).data));
  const saved = await data();
  await figure.evaluate((element) => {
    document.querySelector("main")!.append(element);
    for (const [name, value] of Object.entries({ theme: "dark", hide: "prompts run", show: "scale grids table", height: "700" })) element.setAttribute(name, value);
    element.removeAttribute("live");
  });
  await expect(figure.locator(".embedded")).toHaveCSS("color-scheme", "dark");
  await expect(figure.locator(".prompt")).toBeHidden();
  await expect(figure.getByRole("group", { name: "Effect scale" })).toBeVisible();
  await expect(figure.getByRole("grid", { name: "From head 0.3 into each head’s key" })).toBeVisible();
  await expect(figure.locator(".table-part")).toBeVisible();
  await isDone(figure);
  await figure.evaluate((element) => {
    element.setAttribute("heading", "Another name");
    element.setAttribute("live", "");
  });
  await expect(figure.locator("h2").first()).toHaveText("Another name");
  await page.waitForTimeout(300);
  expect(models()).toEqual(before);
  expect(JSON.parse(await data()).edges).toEqual(JSON.parse(saved).edges);
});

test("live, an edge that is chosen is explained, and Reset goes back to the author's", async ({ page }) => {
  await page.setViewportSize({ width: 1000, height: 900 });
  const data = readFileSync("examples/post/figure.json", "utf8");
  await page.goto(host.page(`<div style="width: 720px">${SCRIPT}<path-patching><script type="application/json">${data}</script></path-patching></div>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: RUN }).click();
  await isDone(figure);
  const heading = figure.locator(".explanation .edge-body .edge-title");
  await expect(heading).toHaveText(/^0\.3 → 1\.3 key$/);
  // The edge and its sentence are beside the picture where there is room; what they rest on is below both, across them.
  await expect(figure.locator(".edge-looks")).toBeVisible();
  const [picture, steps, says, looks, outputs] = await Promise.all(
    [".picture", ".edge-steps", ".edge-body .edge-says", ".edge-looks", ".edge-outputs"].map(async (part) => (await figure.locator(part).boundingBox())!),
  );
  for (const beside of [steps!, says!]) expect(beside.x).toBeGreaterThan(picture!.x + picture!.width);
  expect(Math.abs(steps!.y - picture!.y)).toBeLessThan(20);
  expect(looks!.x).toBeLessThan(picture!.x + 5);
  expect(looks!.y).toBeGreaterThan(picture!.y + picture!.height);
  expect(Math.abs(outputs!.y - looks!.y)).toBeLessThan(1);
  expect(outputs!.x).toBeGreaterThan(looks!.x + looks!.width);
  // The names of the marks are in one line.
  expect((await figure.locator(".edge-legend").boundingBox())!.height).toBeLessThan(22);
  await expect(figure.getByRole("button", { name: "Reset" })).toBeHidden();
  await figure.locator('.circuit [data-node="a1.h2"]').click();
  await expect(heading).not.toHaveText(/1\.3 key/);
  await expect(figure.locator(".edge-looks, .edge-outputs").first()).toBeVisible();
  await figure.getByRole("button", { name: "Reset" }).click();
  await expect(heading).toHaveText(/^0\.3 → 1\.3 key$/);
  // In a narrow column it stands below.
  await figure.evaluate((element) => Object.assign(element.parentElement!.style, { width: "360px" }));
  await expect.poll(async () => (await figure.locator(".explanation").boundingBox())!.y).toBeGreaterThan((await figure.locator(".picture").boundingBox())!.y + 200);
  // Steppers stay with the edge: the foot of the window is the post's.
  await page.setViewportSize({ width: 400, height: 900 });
  await expect(figure.locator(".edge-steps")).toHaveCSS("position", "static");
});

test("moved while it loads: the load goes on; removed: it stops", async ({ page }) => {
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => {
    pass = resolve;
  });
  let wanted = 0;
  await page.route("**/config.json", async (route) => {
    wanted += 1;
    await held;
    await route.continue().catch(() => {});
  });
  await page.goto(host.page(`${SCRIPT}<main></main>${LIVE}`));
  const figure = page.locator("path-patching");
  await expect.poll(() => wanted).toBe(1);
  await figure.evaluate((element) => document.querySelector("main")!.append(element));
  await page.waitForTimeout(300);
  expect(page.workers()).toHaveLength(1);
  expect(wanted).toBe(1);
  await figure.evaluate((element) => element.remove());
  // The engine has one second to react before its worker is ended.
  await expect.poll(() => page.workers().length).toBe(0);
  pass();
  await page.waitForTimeout(300);
  expect(weights()).toBe(0);
});

test.describe("dark and light", () => {
  const text = (page: Page) => page.locator("path-patching .embedded").evaluate((body) => getComputedStyle(body).color);
  const post = (style: string) => host.page(`<style>${style}</style>${SCRIPT}<path-patching link="${LINK}"></path-patching>`);
  const [DARK, LIGHT] = ["rgb(239, 236, 230)", "rgb(27, 26, 24)"];
  const PAPER = { light: "rgb(255, 255, 255)", dark: "rgb(26, 26, 30)" };

  test("a figure in a light post is light for a reader with a dark scheme", async ({ page }) => {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(post("body { background: white; color: black }"));
    await expect.poll(() => text(page)).toBe(LIGHT);
    await page.goto(post(""));
    await expect.poll(() => text(page)).toBe(LIGHT);
  });

  test("a figure in a dark post is dark, whether the post declares it or not", async ({ page }) => {
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(post("body { background: black; color: #eee }"));
    await expect.poll(() => text(page)).toBe(DARK);
    await page.goto(post(":root { color-scheme: dark }"));
    await expect.poll(() => text(page)).toBe(DARK);
  });

  test("a figure follows a post's theme switch", async ({ page }) => {
    await page.goto(post("body { color: #222 } .dark body { background: #111; color: oklch(0.9 0 0) }"));
    await expect.poll(() => text(page)).toBe(LIGHT);
    await page.evaluate(() => document.documentElement.classList.add("dark"));
    await expect.poll(() => text(page)).toBe(DARK);
    await page.evaluate(() => document.documentElement.classList.remove("dark"));
    await expect.poll(() => text(page)).toBe(LIGHT);
  });

  test("a frame is light, whatever the reader's system is, until the post's script says how the post looks", async ({ page }) => {
    await page.emulateMedia({ colorScheme: "dark" });
    const frame = `<iframe title="figure" src="SITE/embed.html?${LINK}"></iframe>`;
    const inside = page.frameLocator("iframe");
    await page.goto(host.page(`<style>body { color: #222 }</style>${frame}`));
    await expect(inside.locator(".embedded")).toHaveCSS("color", LIGHT);
    await expect(inside.locator(".embedded")).toHaveCSS("background-color", PAPER.light);
    await page.goto(host.page(`<style>body { color: #222 } .dark body { background: #111; color: #eee }</style>${SCRIPT}${frame}`));
    await expect(inside.locator(".embedded")).toHaveCSS("color", LIGHT);
    await page.evaluate(() => document.documentElement.classList.add("dark"));
    await expect(inside.locator(".embedded")).toHaveCSS("color", DARK);
    await expect(inside.locator(".embedded")).toHaveCSS("background-color", PAPER.dark);
    await page.evaluate(() => document.documentElement.classList.remove("dark"));
    await expect(inside.locator(".embedded")).toHaveCSS("color", LIGHT);
  });

  test("whatever the post is, a figure stands on its own paper, in a frame too", async ({ page }) => {
    await page.goto(host.page(`${SCRIPT}<path-patching theme="dark" link="${LINK}"></path-patching><iframe src="SITE/embed.html?theme=dark&${LINK}"></iframe>`));
    const body = page.locator("path-patching .embedded").first();
    await expect(body).toHaveCSS("color", DARK);
    await expect(body).toHaveCSS("background-color", PAPER.dark);
    const frame = page.frameLocator("iframe");
    await expect(frame.locator(".embedded")).toHaveCSS("color", DARK);
    await expect(frame.locator(".embedded")).toHaveCSS("background-color", PAPER.dark);
  });
});

for (const where of ["element", "frame"] as const) {
  test(`a live ${where} asks before it downloads a model that is neither bundled nor kept`, async ({ page }) => {
    const link = `model=${encodeURIComponent("SITE/models/ioi-demo").replaceAll("SITE%2F", "SITE/")}&${LINK}`;
    const html = where === "element" ? `${SCRIPT}<path-patching live hide="run" link="${link}"></path-patching>` : `<iframe width="900" height="900" src="SITE/embed.html?live&hide=run&${link}"></iframe>`;
    await page.goto(host.page(html));
    const figure = (where === "element" ? page : page.frameLocator("iframe")).locator("path-patching");
    const ask = figure.getByRole("button", { name: /^Explore it live \(1\.1 MB from localhost:\d+\)$/ });
    await expect(ask).toBeVisible();
    await expect(figure.locator(".top h2")).toHaveText("What makes it say “lamp” rather than “river”");
    expect(weights()).toBeLessThanOrEqual(1);
    await ask.click();
    await isDone(figure);
  });
}

test("a poster of a question shows the prompts and the model, and says what a run downloads; nothing is empty", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".top h2")).toHaveText("What makes it say “lamp” rather than “river”");
  await expect(figure.locator(".prompt .alt > span")).toHaveText([/fox/, /dragon/]);
  await expect(figure.locator(".heading")).toContainText("Names and lists");
  await expect(figure.locator(".go")).toContainText(/downloads [\d.]+ MB once, then runs in your browser/);
  await expect(figure.getByRole("button")).toHaveText(["Explore it live"]);
  await expect(figure.locator("svg")).toHaveCount(0);
  expect(host.asked.filter((path) => /wasm|worker|models/.test(path))).toEqual([]);
});

test("a poster of a saved result says what was found, and answers pointing and choosing without an engine", async ({ page }) => {
  const data = readFileSync("examples/post/figure.json", "utf8");
  await page.goto(host.page(`<path-patching><script type="application/json">${data}</script><a href="https://example.org/">in words</a></path-patching>${SCRIPT}`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".top h2")).toHaveText("How a small model repeats a list");
  await expect(figure.locator(".heading")).toContainText("3 layers × 4 heads");
  await expect(figure.locator(".says")).toContainText(/clean lamp 98%.*corrupted crown 98%.*logit of lamp less that of spoon$/);
  await expect(figure.locator(".verdict")).toContainText(/^0\.3 tells 1\.3 what it can find\. With this one path taken from the clean run, 59% of the lost preference for lamp over spoon returns: −0\.28 → \+5\.3/);
  await expect(figure.locator(".go")).toContainText("downloads");
  await figure.locator('.circuit [data-node="a1.h2"]').click();
  await expect(figure.locator(".verdict")).toContainText("1.2");
  await figure.getByRole("button", { name: "Reset" }).click();
  await expect(figure.locator(".verdict")).toContainText(/^0\.3 tells 1\.3/);
  expect(host.asked.filter((path) => /wasm|worker|models|live|explain|extras/.test(path))).toEqual([]);
});

test("a frame may have the result in its own address", async ({ page }) => {
  const packed = await pack(readFileSync("examples/post/figure.json", "utf8"));
  await page.goto(host.page(`<iframe title="figure" width="720" height="300" src="SITE/embed.html?heading=Mine#saved=${packed}"></iframe>${SCRIPT}`));
  const figure = page.frameLocator("iframe").locator("path-patching");
  await expect(figure.locator(".verdict")).toContainText("0.3 tells 1.3");
  await expect(figure.locator(".top h2")).toHaveText("Mine");
  await expect.poll(async () => (await page.locator("iframe").boundingBox())!.height).toBeGreaterThan(450);
  expect(host.asked.filter((path) => path.includes("saved"))).toEqual([]);
});

test("a frame may have its question before or after the #", async ({ page }) => {
  for (const address of [`?theme=dark&${LINK}`, `?theme=dark#${LINK}`, `#theme=dark&${LINK}`]) {
    await page.goto(host.page(`<iframe title="figure" width="720" height="600" src="SITE/embed.html${address}"></iframe>`));
    const figure = page.frameLocator("iframe").locator("path-patching");
    await expect(figure.locator(".prompt .alt > span")).toHaveText([/fox/, /dragon/]);
    await expect(figure).toHaveAttribute("theme", "dark");
  }
});

test("frames get their height even with a late script or in a shadow tree", async ({ page }) => {
  const frame = `<iframe title="figure" width="900" height="100" src="SITE/embed.html?${LINK}"></iframe>`;
  await page.goto(host.page(`${frame}<div><template shadowrootmode="open">${frame}</template></div>`));
  const frames = page.locator("iframe");
  await expect(frames).toHaveCount(2);
  for (const i of [0, 1]) await expect(page.frameLocator("iframe").nth(i).locator(".prompt")).toBeAttached();
  await page.evaluate((src) => {
    document.head.append(Object.assign(document.createElement("script"), { type: "module", src }));
  }, `${host.site}pathpatch.js`);
  for (const i of [0, 1]) await expect.poll(async () => (await frames.nth(i).boundingBox())!.height).toBeGreaterThan(120);
});

test("data in, events out", async ({ page }) => {
  const saved = JSON.parse(readFileSync("examples/post/figure.json", "utf8"));
  await page.goto(host.page(SCRIPT));
  const seen = await page.evaluate(async (saved) => {
    await customElements.whenDefined("path-patching");
    const figure = document.createElement("path-patching") as HTMLElement & { data: typeof saved };
    const events: [string, unknown][] = [];
    for (const name of ["result", "select", "error"]) {
      figure.addEventListener(name, (event) => events.push([name, (event as CustomEvent).detail]));
    }
    Object.assign(globalThis, { seen: events });
    figure.data = saved;
    document.body.append(figure);
    await new Promise((resolve) => figure.addEventListener("result", resolve));
    return figure.data;
  }, saved);
  expect(restore(JSON.stringify(seen)).table).toEqual(restore(JSON.stringify(saved)).table);
  expect(seen.settings.clean).toBe(saved.settings.clean);
  await page.locator('path-patching .circuit [data-node="a1.h1"]').click();
  const events = await page.evaluate(() => (globalThis as unknown as { seen: [string, { from: unknown; src: unknown }][] }).seen);
  expect(events.map(([name]) => name)).toEqual(["result", "select"]);
  expect(events[1]![1]).toMatchObject({ from: "a1.h1", to: "logits", src: { layer: 1, head: 1 }, dst: null });
});

test.describe("missing files", () => {
  test.use({ expectedComplaints: /Failed to load resource|404/ });

  test("a missing saved file gives an error, and nothing else is run instead", async ({ page }) => {
    await page.goto(host.page(`${SCRIPT}<path-patching live src="nothing.json"></path-patching>`));
    const figure = page.locator("path-patching");
    await expect(figure.locator(".error")).toHaveText(/^saved result: expected a file at .*nothing\.json, got status 404$/);
    await expect(figure.getByRole("button", { name: RUN })).toBeHidden();
    expect(weights()).toBe(0);
  });

  test("a missing part of pathpatch gives an error in the figure", async ({ page }) => {
    await page.route("**/chunk-mount-*.js", (route) => route.fulfill({ status: 404 }));
    await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`));
    await expect(page.locator("path-patching .error")).toHaveText(/^This figure could not be loaded: /);
  });
});
