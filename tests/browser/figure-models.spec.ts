// Which model a figure runs: named by a short name, an address, local files, or a saved commit.

import { readFileSync } from "node:fs";
import { type Host, startHost } from "./host";
import { COMMIT, Hub } from "./hub";
import { tinyGpt2 } from "./models";
import { relay } from "./relay";
import { expect, test } from "./test";

const PAIR = "clean=When+Mary+and+John+went&corrupted=When+Mary+and+Mary+went&answer=+to&distractor=+home&metric=logit-diff&scope=none";
const SCRIPT = '<script type="module" src="SITE/pathpatch.js"></script>';
const REPO = "openai-community/gpt2";

let hub: Hub;
let host: Host;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set(REPO, tinyGpt2("whole"));
  host = await startHost();
});

test.afterAll(async () => {
  await host.stop();
  await hub.stop();
});

test.beforeEach(async ({ page }) => {
  hub.reset();
  host.asked.length = 0;
  await page.route("https://huggingface.co/**", (route) => relay(route, hub));
});

test("a short name is shown as one model throughout a figure; a saved result runs with its commit", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<path-patching link="model=gpt2&${PAIR}"></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".heading")).toContainText("GPT-2 small");
  await expect(figure.locator(".go")).toContainText("you see what it downloads first");
  await figure.getByRole("button", { name: "Explore it live" }).click();
  await figure.getByRole("button", { name: "Explore it live (8 MB from huggingface.co)" }).click();
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(figure.locator(".circuit")).toBeVisible();
  const dataOf = () => figure.evaluate((element) => (element as HTMLElementTagNameMap["path-patching"]).data!);
  const data = await dataOf();
  expect(data.model).toEqual({ name: REPO, source: REPO, revision: COMMIT, dModel: 32 });
  const link = figure.getByRole("link", { name: "Open in pathpatch" });
  const modelOf = async () => new URLSearchParams(new URL((await link.getAttribute("href"))!).hash.slice(1)).get("model");
  expect(await modelOf()).toBe(REPO);

  hub.reset();
  await figure.evaluate((element, data) => Object.assign(element, { data }), data);
  await expect.poll(modelOf).toBe(`${REPO}@${COMMIT}`);
  await figure.getByRole("button", { name: "Explore it live" }).click();
  const paths = () => hub.seen.map(({ path }) => path).filter((path) => path.includes(REPO));
  await expect.poll(() => paths().length).toBeGreaterThan(0);
  // Whether it asks again or runs at once: it is done with asking the Hub.
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  const asked = paths();
  expect(asked.filter((path) => !path.includes(COMMIT))).toEqual([]);
});

test("a size that the poster tells is agreed to by the press", async ({ page }) => {
  const data = JSON.parse(readFileSync("examples/post/figure.json", "utf8"));
  Object.assign(data, { model: { name: REPO, source: REPO, revision: null, bytes: 8e6 }, edges: { ...data.edges } });
  Object.assign(data.settings, { clean: "When Mary and John went", corrupted: "When Mary and Mary went", answer: " to", distractor: " home", scope: "none" });
  await page.goto(host.page(`${SCRIPT}<path-patching><script type="application/json">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script></path-patching>`));
  const figure = page.locator("path-patching");
  await expect(figure.locator(".go")).toContainText("downloads 8 MB from huggingface.co once, then runs in your browser");
  expect(hub.seen).toEqual([]);
  await figure.getByRole("button", { name: "Explore it live" }).click();
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
});

test("warnings of a run are shown below the figure", async ({ page }) => {
  const twice = PAIR.replace("clean=", "clean=%3C%7Cendoftext%7C%3E").replace("corrupted=", "corrupted=%3C%7Cendoftext%7C%3E");
  await page.goto(host.page(`${SCRIPT}<path-patching link="model=gpt2&${twice}"></path-patching>`));
  const figure = page.locator("path-patching");
  await figure.getByRole("button", { name: "Explore it live" }).click();
  await figure.getByRole("button", { name: /^Explore it live \(8 MB/ }).click();
  await expect(figure.locator(".warning")).toContainText("<|endoftext|>");
});

for (const how of ["link", "frame"] as const) {
  test(`a ${how} made from local files cannot run`, async ({ page }) => {
    const html = how === "link" ? `${SCRIPT}<path-patching live link="model=files&${PAIR}"></path-patching>` : `<iframe src="SITE/embed.html?live&model=files&${PAIR}"></iframe>`;
    await page.goto(host.page(html));
    const figure = (how === "link" ? page : page.frameLocator("iframe")).locator("path-patching");
    await expect(figure.locator(".go")).toContainText("files of somebody’s own");
    await expect(figure.getByRole("button")).toHaveCount(0);
    await expect(figure.locator(".error")).toBeEmpty();
    expect(host.asked.filter((path) => /worker|files/.test(path))).toEqual([]);
  });
}

test("an invalid model name gives an error", async ({ page }) => {
  await page.goto(host.page(`${SCRIPT}<path-patching link="model=javascript:alert(1)&${PAIR}"></path-patching>`));
  await expect(page.locator("path-patching .error")).toHaveText(/^model: expected gpt2, owner\/name .*, got "javascript:alert\(1\)"$/);
  await expect(page.locator("path-patching").getByRole("button")).toHaveCount(0);
});
