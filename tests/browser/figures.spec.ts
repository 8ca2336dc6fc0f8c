// Figures in real posts: from another origin, sandboxed, isolated, with a policy, with storage refused; several on one
// page, moved, themed, removed.

import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { restore } from "../../www/src/lib/saved";
import { type Host, startHost } from "./host";
import { cell } from "./page";
import { expect, test } from "./test";

const LINK = "clean=fox+lamp+river+fox&corrupted=dragon+lamp+river+fox&answer=lamp&distractor=river&metric=logit-diff&src=0.3&component=k";
const SCRIPT = '<script type="module" src="SITE/pathpatch.js"></script>';
const HIDE = 'hide="table into circuit"';
const LIVE = `<path-patching live ${HIDE} link="${LINK}"></path-patching>`;

let host: Host;

test.beforeAll(async () => {
  host = await startHost();
});

test.afterAll(() => host.stop());

test.beforeEach(() => {
  host.asked.length = 0;
});

/** Wait until the figure is drawn with exact values and nothing is running. */
async function isDone(figure: Locator): Promise<void> {
  const keys = figure.getByRole("grid", { name: "From head 0.3 into each head’s key" });
  await expect(cell(keys, "1.3")).not.toHaveAccessibleName(/not known|estimate/);
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  await expect(figure.locator(".error")).toBeEmpty();
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
  await page.goto(host.page(`${SCRIPT}<path-patching ${HIDE} link="model=years-demo"></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".poster")).toContainText("the war lasted from the year 17 41 to the year 17");
  await expect(figure.locator(".poster")).toContainText("years-demo, a model of 2 layers × 4 heads.");
  await figure.getByRole("button", { name: "Run it" }).click();
  await expect(figure.getByRole("grid").first()).toBeVisible();
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  await expect(figure.locator(".error")).toBeEmpty();
  expect(host.asked.filter((path) => path.endsWith("models/years-demo/model.safetensors"))).toHaveLength(1);
});

test("a sandboxed frame draws a saved figure and runs it", async ({ page }) => {
  // The frame's policy allows its own origin and https.
  await page.route("**/some/path/figure.json", (route) =>
    route.fulfill({ path: "examples/post/figure.json", headers: { "access-control-allow-origin": "*" } }),
  );
  await page.goto(host.page('<iframe sandbox="allow-scripts" width="900" height="900" src="SITE/embed.html?saved=figure.json&hide=table+into+circuit"></iframe>'));
  const figure = page.frameLocator("iframe").locator("path-patching");
  const keys = figure.getByRole("grid", { name: "From head 0.3 into each head’s key" });
  await expect(cell(keys, "1.3")).toHaveAccessibleName(/ 0\.589 /);
  await figure.getByRole("button", { name: "Run it" }).click();
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
  await page.goto(host.page(`${SCRIPT}<path-patching ${HIDE} link="model=SITE/models/ioi-demo&${LINK}"></path-patching>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: "Run it" }).click();
  await figure.getByRole("button", { name: /^Run it \(.* from localhost:\d+\)$/ }).click();
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
  await page.goto(host.page(`${SCRIPT}<path-patching ${HIDE} link="${LINK}"></path-patching>`.repeat(2)));
  for (const i of [0, 1]) await figures.nth(i).getByRole("button", { name: "Run it" }).click();
  const waiting = figures.nth(1).locator(".progress");
  await expect(waiting).toContainText("Waiting for another figure of this page");
  await waiting.getByRole("button", { name: "Cancel" }).click();
  await expect(waiting).toHaveAttribute("data-state", "idle");
  await expect(figures.nth(0).locator(".progress")).toHaveAttribute("data-state", "running");
  pass();
  await isDone(figures.nth(0));
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
  await page.goto(host.page(`${SCRIPT}<path-patching ${HIDE} link="${LINK}"></path-patching>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: "Run it" }).click();
  await expect(figure.locator(".error")).toHaveText("the GPU was lost");
  // The lost run's values are still shown, so only a new worker says that the second run has begun.
  const second = page.waitForEvent("worker");
  await figure.getByRole("button", { name: "Run it" }).click();
  await second;
  await isDone(figure);
  expect(page.workers()).toHaveLength(1);
});

test("a third party's server gets no request before the reader presses the button", async ({ page }) => {
  const stranger = await startHost();
  try {
    await page.goto(host.page(`${SCRIPT}<path-patching live ${HIDE} link="model=${stranger.site}models/ioi-demo&${LINK}"></path-patching>`));
    const figure = page.locator("path-patching");
    await figure.getByRole("button", { name: /^Run it \(from localhost:\d+\)$/ }).waitFor();
    expect(stranger.asked).toEqual([]);
    await figure.getByRole("button", { name: /^Run it/ }).click();
    await figure.getByRole("button", { name: /^Run it \(1\.1 MB from localhost:\d+\)$/ }).click();
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

test("what stands after a live figure stays about where it is", async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 900 });
  await page.goto(host.page(`<div style="width: 700px">${SCRIPT}<path-patching live link="model=years-demo"></path-patching></div><p id="after">After.</p>`));
  const top = () => page.locator("#after").evaluate((after) => after.getBoundingClientRect().top + scrollY);
  const figure = page.locator("path-patching");
  await expect.poll(top).toBeGreaterThan(900);
  const before = await top();
  await expect(figure.locator(".overview-part")).toBeVisible();
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  expect(Math.abs((await top()) - before)).toBeLessThan(100);
});

test("a live figure far below waits until it is near", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<div style="height: 4000px"></div>${LIVE}`));
  await expect(page.locator("path-patching .poster")).toBeAttached();
  await page.waitForTimeout(300);
  expect(weights()).toBe(0);
  await page.locator("path-patching").scrollIntoViewIfNeeded();
  await isDone(page.locator("path-patching"));
});

test("moved, themed or with other parts: a finished run stays, and nothing is loaded again", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<main></main>${LIVE}`));
  const figure = page.locator("path-patching");
  await isDone(figure);
  const before = host.asked.length;
  await figure.evaluate((element) => {
    document.querySelector("main")!.append(element);
    element.setAttribute("theme", "dark");
    element.setAttribute("hide", "table into circuit legend");
  });
  await expect(figure.locator(".key")).toHaveCount(0);
  await expect(figure.locator(".embedded")).toHaveCSS("color-scheme", "dark");
  await isDone(figure);
  await page.waitForTimeout(300);
  expect(host.asked.slice(before)).toEqual([]);
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
  const [DARK, LIGHT] = ["rgb(230, 231, 233)", "rgb(29, 31, 33)"];

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
    await expect(inside.locator("body")).toHaveCSS("background-color", "rgb(251, 251, 250)");
    await page.goto(host.page(`<style>body { color: #222 } .dark body { background: #111; color: #eee }</style>${SCRIPT}${frame}`));
    await expect(inside.locator(".embedded")).toHaveCSS("color", LIGHT);
    await page.evaluate(() => document.documentElement.classList.add("dark"));
    await expect(inside.locator(".embedded")).toHaveCSS("color", DARK);
    await expect(inside.locator("body")).toHaveCSS("background-color", "rgb(22, 24, 28)");
    await page.evaluate(() => document.documentElement.classList.remove("dark"));
    await expect(inside.locator(".embedded")).toHaveCSS("color", LIGHT);
  });

  test("a theme set by the author has its own background, in a frame too", async ({ page }) => {
    await page.goto(host.page(`${SCRIPT}<path-patching theme="dark" link="${LINK}"></path-patching><iframe src="SITE/embed.html?theme=dark&${LINK}"></iframe>`));
    const body = page.locator("path-patching .embedded").first();
    await expect(body).toHaveCSS("color", DARK);
    await expect(body).toHaveCSS("background-color", "rgb(22, 24, 28)");
    const frame = page.frameLocator("iframe");
    await expect(frame.locator(".embedded")).toHaveCSS("color", DARK);
    await expect(frame.locator("body")).toHaveCSS("background-color", "rgb(22, 24, 28)");
  });
});

for (const where of ["element", "frame"] as const) {
  test(`a live ${where} asks before it downloads a model that is neither bundled nor kept`, async ({ page }) => {
    const link = `model=${encodeURIComponent("SITE/models/ioi-demo").replaceAll("SITE%2F", "SITE/")}&${LINK}`;
    const html = where === "element" ? `${SCRIPT}<path-patching live hide="run table into circuit" link="${link}"></path-patching>` : `<iframe width="900" height="900" src="SITE/embed.html?live&hide=run+table+into+circuit&${link}"></iframe>`;
    await page.goto(host.page(html));
    const figure = (where === "element" ? page : page.frameLocator("iframe")).locator("path-patching");
    const ask = figure.getByRole("button", { name: /^Run it \(1\.1 MB from localhost:\d+\)$/ });
    await expect(ask).toBeVisible();
    await expect(figure.locator(".poster")).toContainText("lamp” rather than “river”");
    expect(weights()).toBeLessThanOrEqual(1);
    await ask.click();
    await isDone(figure);
  });
}

test("a poster shows the prompts and says what a run downloads", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`));
  const poster = page.locator("path-patching .poster");
  await expect(poster.locator("h3")).toHaveText("Which paths through the model make it say “lamp” rather than “river”?");
  await expect(poster.locator("mark")).toHaveText(["fox", "dragon"]);
  await expect(poster).toContainText(/Running it downloads [\d.]+ MB/);
  expect(host.asked.filter((path) => /wasm|worker|models/.test(path))).toEqual([]);
});

test("frames get their height even with a late script or in a shadow tree", async ({ page }) => {
  const frame = `<iframe title="figure" width="900" height="100" src="SITE/embed.html?${LINK}"></iframe>`;
  await page.goto(host.page(`${frame}<div><template shadowrootmode="open">${frame}</template></div>`));
  const frames = page.locator("iframe");
  await expect(frames).toHaveCount(2);
  for (const i of [0, 1]) await expect(page.frameLocator("iframe").nth(i).locator(".poster")).toBeAttached();
  await page.evaluate((src) => {
    document.head.append(Object.assign(document.createElement("script"), { type: "module", src }));
  }, `${host.site}pathpatch.js`);
  for (const i of [0, 1]) await expect.poll(async () => (await frames.nth(i).boundingBox())!.height).toBeGreaterThan(150);
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
  // The file is from before edges had names; what is read has them.
  expect(restore(JSON.stringify(seen)).table).toEqual(restore(JSON.stringify(saved)).table);
  expect(seen.settings.clean).toBe(saved.settings.clean);
  await page.locator("path-patching").getByRole("combobox", { name: "Sender" }).selectOption("a1.h3");
  const events = await page.evaluate(() => (globalThis as unknown as { seen: [string, { from: unknown; src: unknown }][] }).seen);
  expect(events.map(([name]) => name)).toEqual(["result", "select"]);
  expect(events[1]![1]).toMatchObject({ from: "a1.h3", src: { layer: 1, head: 3 } });
});

test.describe("missing files", () => {
  test.use({ expectedComplaints: /Failed to load resource|404/ });

  test("a missing saved file gives an error, and nothing else is run instead", async ({ page }) => {
    await page.goto(host.page(`${SCRIPT}<path-patching live src="nothing.json"></path-patching>`));
    const figure = page.locator("path-patching");
    await expect(figure.locator(".error")).toHaveText(/^saved result: expected a file at .*nothing\.json, got status 404$/);
    await expect(figure.getByRole("button", { name: "Run it" })).toBeHidden();
    expect(weights()).toBe(0);
  });

  test("a missing part of pathpatch gives an error in the figure", async ({ page }) => {
    await page.route("**/chunk-mount-*.js", (route) => route.fulfill({ status: 404 }));
    await page.goto(host.page(`${SCRIPT}<path-patching link="${LINK}"></path-patching>`));
    await expect(page.locator("path-patching .error")).toHaveText(/^This figure could not be loaded: /);
  });
});
