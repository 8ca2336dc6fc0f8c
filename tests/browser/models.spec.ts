// Choosing a model on the page by name, address or files, and keeping it.

import { COMMIT, Hub } from "./hub";
import { tinyGpt2 } from "./models";
import { batch, cell, chosenEdge, contentOf, field, grid, loadedModel, models, open, settled, share, show } from "./page";
import { relay } from "./relay";
import { expect, test } from "./test";

let hub: Hub;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set("openai-community/gpt2", tinyGpt2("whole"));
  hub.repositories.set("tests/sharded", tinyGpt2("sharded"));
});

test.afterAll(() => hub.stop());

test.beforeEach(async ({ page }) => {
  hub.reset();
  await page.route("https://huggingface.co/**", (route) => relay(route, hub));
  await open(page);
});

test("GPT-2 loads with one choice and one click, and is kept", async ({ page }) => {
  await page.getByRole("button", { name: "GPT-2 small" }).click();
  // Size and origin are told, and what was shown stays until the reader has agreed.
  await expect(page.locator("#offer")).toContainText("GPT-2 small is not in this browser. It is 8 MB from huggingface.co");
  expect(hub.requestsFor("model.safetensors")).toEqual([]);
  await page.getByRole("button", { name: "Download 8 MB and load" }).click();
  await expect(loadedModel(page)).toContainText("GPT-2 small: 2 layers × 2 heads, on the CPU");
  await expect(loadedModel(page)).toContainText("kept in this browser");
  await expect(page.locator("#offer")).toBeHidden();
  await expect(page.getByRole("button", { name: "GPT-2 small, kept in this browser" })).toHaveAttribute("aria-pressed", "true");
  const dialog = await models(page);
  await expect(dialog.locator("#model-plan")).toHaveText("Kept in this browser (commit 607a30d): nothing will be downloaded.");
  await expect(dialog.getByRole("button", { name: "Loaded" })).toBeDisabled();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Other models" })).toBeFocused();

  // GPT-2's own example prompts, with its real tokens.
  await expect(page.locator("#question .gist")).toContainText("Two names, one of them twice.");
  await expect(await field(page, "Answer")).toHaveValue(" Mary");
  const tokens = page.getByRole("listbox", { name: /^Prompt/ }).getByRole("option");
  await expect(tokens.first()).toHaveAccessibleName("start of the text, <|endoftext|>: token 0, id 50256");
  await expect(tokens.nth(2)).toHaveAccessibleName("Mary: token 2, id 5335");
  const differing = page.getByRole("listbox", { name: /^Prompt/ }).getByRole("option", { name: /^clean/ });
  await expect(differing).toHaveCount(1);
  await expect(differing).toHaveAccessibleName("clean John, id 1757; corrupted Mary, id 5335: token 10");
  await expect(page.getByRole("link", { name: /Wang et al/ }).first()).toHaveAttribute("href", "https://arxiv.org/abs/2211.00593");
  await settled(page);

  // A second visit needs the network only for the page, and the address names the model.
  hub.reset();
  await page.reload();
  await expect(loadedModel(page)).toContainText("GPT-2 small: 2 layers");
  expect(hub.seen).toEqual([]);
  await settled(page);
  // The page and the files name the commit.
  await expect(page.locator("#about-run")).toContainText("GPT-2 small (openai-community/gpt2) at 607a30d · ");
  const menu = await share(page);
  const [download] = await Promise.all([page.waitForEvent("download"), menu.getByRole("button", { name: "Figure JSON" }).click()]);
  await page.keyboard.press("Escape");
  const saved = JSON.parse((await contentOf(download)).toString());
  expect(saved.model).toEqual({ name: "openai-community/gpt2", source: "openai-community/gpt2", revision: COMMIT, dModel: 32, bytes: expect.any(Number) });
  // As the offer said.
  expect(Math.round(saved.model.bytes / 1e6)).toBe(8);

  await models(page);
  await expect(page.locator("#kept h3")).toHaveText("Kept in this browser (1)");
  await expect(page.locator("#models").getByLabel("GPT-2 small")).toBeChecked();
  await expect(page.locator(".kept li")).toHaveText(/^openai-community\/gpt2 at 607a30d: 8 MB/);
  await page.getByRole("button", { name: "Delete openai-community/gpt2 at 607a30d" }).click();
  await expect(page.locator("#kept h3")).toHaveText("Nothing is kept in this browser");
  await expect(page.locator("#kept h3")).toBeFocused();
});

test("an answer without its leading space is fixed by one click", async ({ page }) => {
  await page.getByRole("button", { name: "GPT-2 small" }).click();
  await page.getByRole("button", { name: "Download 8 MB and load" }).click();
  await expect(await field(page, "Answer")).toHaveValue(" Mary");
  await (await field(page, "Answer")).fill("Warsaw");
  await expect(page.locator("#answer-error")).toContainText("It falls into 2 tokens: “Wars” “aw”. An answer is one token.");
  await page.getByRole("button", { name: "Use “·Warsaw”" }).click();
  await expect(await field(page, "Answer")).toHaveValue(" Warsaw");
  await expect(page.locator("#answer-error")).toBeEmpty();
  await settled(page);
  // An answer that is also a token without its space runs, but with a warning.
  await (await field(page, "Answer")).fill("Mary");
  await settled(page);
  await page.locator("#answer-warning").getByRole("button", { name: "Use “·Mary”" }).click();
  await expect(await field(page, "Answer")).toHaveValue(" Mary");
  await expect(page.locator("#answer-warning")).toBeEmpty();
  // Pasted lines with spaces around their bars mean the same.
  await batch(page, "Mary and John met, John called | Mary and John met, Mary called | Mary | John");
  await expect(page.locator('[data-cell="answer"]')).toHaveText(["·Mary"]);
  await settled(page);
});

test("another repository at a revision, and the way back", async ({ page }) => {
  await models(page);
  await page.getByLabel("Another one").check();
  await expect(page.getByRole("button", { name: "Load", exact: true })).toBeDisabled();
  await page.getByLabel("Repository or address").fill("tests/sharded");
  await page.getByLabel("Revision").fill("607a30d");
  await expect(page.locator("#model-plan")).toContainText("model-00001-of-00002.safetensors, model-00002-of-00002.safetensors");
  await page.getByRole("button", { name: "Download and load" }).click();
  await expect(loadedModel(page)).toContainText("tests/sharded@607a30d: 2 layers × 2 heads");
  await expect(page.getByRole("button", { name: "Other models" })).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Names and lists" }).click();
  await expect(loadedModel(page)).toContainText("Names and lists: 3 layers × 4 heads");
  await settled(page);
});

test("local files can be chosen", async ({ page }) => {
  const directory = tinyGpt2("whole");
  await models(page);
  await page.getByLabel("Files of your own").check();
  const files = ["config.json", "model.safetensors", "vocab.json", "merges.txt"].map((name) => `${directory}/${name}`);
  await page.getByLabel("choose them here").setInputFiles(files);
  await expect(page.locator(".drop .note")).toContainText("model.safetensors (6.5 MB)");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(loadedModel(page)).toContainText("your files: 2 layers × 2 heads");
  await expect(loadedModel(page)).toContainText("not kept: your own files are not copied");
  await settled(page);
  // A link cannot name local files.
  const menu = await share(page);
  await menu.getByRole("button", { name: "Copy link" }).click();
  await expect(menu.getByRole("status")).toHaveText("link: expected a model that others can load, got files of your own");
  await page.keyboard.press("Escape");
  // Back returns to the previous edge of the same files.
  const stepTo = async (name: string) => {
    const [before, address] = [(await chosenEdge(page).textContent())!, page.url()];
    await page.getByRole("button", { name }).click();
    await expect(chosenEdge(page)).not.toHaveText(before);
    await expect(page).not.toHaveURL(address);
    return (await chosenEdge(page).textContent())!;
  };
  const second = await stepTo("Next weaker edge");
  await stepTo("Next weaker edge");
  await page.goBack();
  await expect(chosenEdge(page)).toHaveText(second);
  await expect(page.locator("#offer")).toBeHidden();
  await page.reload();
  await expect(page.locator("#offer")).toContainText("This link uses someone’s own files. Choose them, or drop them here.");
  await page.getByRole("button", { name: "Choose files…" }).click();
  await expect(page.getByLabel("Files of your own")).toBeChecked();
});

test("local files can be dropped; a missing one is named", async ({ page }) => {
  const config = `{"model_type":"gpt2","n_layer":1,"n_head":1,"n_embd":4,"n_positions":4,"vocab_size":5}`;
  const dropped = await page.evaluateHandle((config) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([config], "config.json"));
    return transfer;
  }, config);
  await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
  // What becomes of them is said where models are chosen, which opens by itself.
  await expect(page.getByLabel("Files of your own")).toBeChecked();
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByRole("alert").first()).toHaveText(
    "model.safetensors: expected it, or model.safetensors.index.json, among the model's files, got config.json",
  );
  // The previous model is still loaded.
  await expect(loadedModel(page)).toContainText("Names and lists: 3 layers × 4 heads");
  await show(page, "Grids");
  await cell(grid(page, "from", "k"), "1.2").click();
  await expect(chosenEdge(page)).toHaveText("0.3 → 1.2 key");
});

test("a link to another person's model asks before it downloads, then shows the linked edge", async ({ page, context }) => {
  const other = await context.newPage();
  const asked: string[] = [];
  await other.route("https://huggingface.co/**", async (route) => {
    asked.push(new URL(route.request().url()).pathname);
    await relay(route, hub);
  });
  const link = new URLSearchParams({
    model: "tests/sharded",
    clean: "The key to the cabinets",
    corrupted: "The keys to the cabinets",
    answer: " is",
    distractor: " are",
    metric: "logit-diff",
    src: "0.0",
    dst: "1.1",
    component: "v",
  });
  await other.goto(`/#${link}`);
  // The page shows the size and the server. Nothing is downloaded, and no progress is shown.
  await expect(other.locator("#offer")).toContainText(
    "This link is about tests/sharded, which is not in this browser. It is 8 MB from huggingface.co",
  );
  expect(hub.seen.filter(({ method, path }) => method === "GET" && path.includes("/resolve/") && path.endsWith(".safetensors"))).toEqual([]);
  await expect(other.getByRole("progressbar")).toHaveCount(0);
  await expect(other.getByRole("button", { name: /Cancel|again/ })).toHaveCount(0);
  await models(other);
  await expect(other.getByLabel("Another one")).toBeChecked();
  await expect(other.getByLabel("Repository or address")).toHaveValue("tests/sharded");
  await other.keyboard.press("Escape");
  await other.getByRole("button", { name: "Download 8 MB and load" }).click();
  await settled(other);
  await expect(chosenEdge(other)).toHaveText("0.0 → 1.1 value");
  await expect(await field(other, "Clean prompt")).toHaveValue("The key to the cabinets");
  expect(asked).not.toEqual([]);
  await page.close();
});

test("a late answer about a link's model is shown only for that model", async ({ page, context }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.close();
  const other = await context.newPage();
  let late = 0;
  await other.route("https://huggingface.co/**", async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const response = await route.fetch({ url: `${hub.url}${pathname}${search}` });
    const isLate = pathname.includes("gpt2");
    if (isLate) await held;
    // Ignore requests that were aborted.
    await route.fulfill({ response }).catch(() => {});
    if (isLate) late += 1;
  });
  await other.goto("/#model=openai-community/gpt2");
  await expect(other.locator("#offer")).toContainText("It is about 548 MB from huggingface.co");
  await models(other);
  await expect(other.locator("#model-plan")).toContainText("Asking huggingface.co");
  await other.getByLabel("Another one").check();
  await other.getByLabel("Repository or address").fill("tests/sharded");
  await expect(other.locator("#model-plan")).toContainText("model-00002-of-00002.safetensors");
  const plan = await other.locator("#model-plan").innerText();
  release();
  await expect.poll(() => late).toBeGreaterThan(0);
  await other.waitForTimeout(500);
  await expect(other.locator("#model-plan")).toHaveText(plan);
  await expect(other.locator("#model-error")).toBeEmpty();
});

test("a load and a run know nothing of each other, and each is cancelled by itself", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.abort().catch(() => {});
  });
  await page.getByRole("button", { name: "GPT-2 small" }).click();
  await page.getByRole("button", { name: "Download 8 MB and load" }).click();
  await expect(page.locator("#status")).toContainText("Loading GPT-2 small");
  await expect(page.getByRole("progressbar", { name: "Download" })).toBeVisible();
  // What is shown meanwhile is said to be of the model before, which goes on working.
  await expect(page.locator("#old-run")).toHaveText("Still shown: the result of Names and lists.");
  await (await field(page, "Metric")).selectOption("kl");
  await expect(page.locator("#picture")).not.toHaveClass(/stale/);
  const cancel = page.getByRole("button", { name: "Cancel the download" });
  await expect(cancel).toBeVisible();
  // Choose yet another model: the page describes that one.
  await models(page);
  await page.getByLabel("Another one").check();
  await page.getByLabel("Repository or address").fill("tests/sharded");
  await expect(page.locator("#model-plan")).toContainText("will be downloaded: config.json");
  await page.keyboard.press("Escape");
  await cancel.click();
  await expect(page.locator("#status .words")).toHaveText("GPT-2 small is not loaded");
  // The focus is on what takes the place of the pressed button.
  await expect(page.getByRole("button", { name: "Load again" })).toBeFocused();
  await expect(loadedModel(page)).toContainText("Names and lists: 3 layers");
  await expect(page.locator("#model-plan")).toContainText("model-00002-of-00002.safetensors");
  release();
  await show(page, "Grids");
  await cell(grid(page, "from", "k"), "1.2").click();
  await expect(chosenEdge(page)).toHaveText(/→ 1\.2 key$/);
});

test("short names are GPT-2's, and an invalid name gives an error", async ({ page }) => {
  await models(page);
  await page.getByLabel("Another one").check();
  await page.getByLabel("Repository or address").fill("gpt2");
  await expect(page.locator("#model-plan")).toContainText("8 MB will be downloaded");
  await page.getByLabel("Repository or address").fill("javascript:alert(1)");
  await expect(page.locator("#model-error")).toHaveText(
    'model: expected gpt2, owner/name or the address of a directory with http:// or https://, got "javascript:alert(1)"',
  );
  await expect(page.getByRole("button", { name: "Load", exact: true })).toBeDisabled();
});

test.describe("an unreachable Hub", () => {
  test.use({ expectedComplaints: /Failed to load resource/ });

  test("is shown as being asked at once, and can still be tried", async ({ page }) => {
    let isDown = true;
    await page.route("https://huggingface.co/**", (route) => (isDown ? route.abort() : route.fallback()));
    await page.getByRole("button", { name: "GPT-2 small" }).click();
    const offer = page.locator("#offer");
    // Its size is known about without the Hub.
    await expect(offer).toContainText("It is about 548 MB from huggingface.co");
    const load = offer.getByRole("button", { name: "Download about 548 MB and load" });
    await load.click();
    await expect(page.locator("#status")).toContainText(/Loading GPT-2 small · (asking|no answer from) huggingface\.co/);
    await expect(page.getByRole("alert").first()).toHaveText(
      "huggingface.co does not answer, so GPT-2 small could not be loaded. Check the connection, then load it again.",
    );
    isDown = false;
    await page.getByRole("button", { name: "Try GPT-2 small again" }).click();
    await expect(loadedModel(page)).toContainText("GPT-2 small: 2 layers");
    await expect(page.locator("#failure")).toBeHidden();
  });
});

test.describe("a missing repository", () => {
  // Chromium itself logs every status that is not a success.
  test.use({ expectedComplaints: /status of 401/ });

  test("gives an error beside the choice", async ({ page }) => {
    await models(page);
    await page.getByLabel("Another one").check();
    await page.getByLabel("Repository or address").fill("nobody/nothing");
    await expect(page.locator("#model-error")).toContainText("status 401 Unauthorized: it is private, gated or not there");
    // It can be tried again.
    await expect(page.getByRole("button", { name: "Load", exact: true })).toBeEnabled();
  });
});

test("the second bundled model is named in links, in the box and in saved files", async ({ page }) => {
  await open(page, "/#model=years-demo");
  await expect(loadedModel(page)).toContainText("Years: 2 layers × 4 heads, on the CPU");
  await expect(page.getByRole("button", { name: "Years" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator("#model-plan")).toHaveText(/^It comes with this page\. It names a year after another one: /);
  await expect(await field(page, "Clean prompt")).toHaveValue("the war lasted from the year 17 41 to the year 17");
  await page.getByRole("button", { name: "Examples" }).click();
  await expect(page.getByRole("menuitemradio")).toHaveText([/^Greater than: a war that ends later/]);
  await page.keyboard.press("Escape");
  // Each word of the prompts is one token, and only the years differ.
  const differing = page.getByRole("listbox", { name: /^Prompt/ }).getByRole("option", { name: /^clean/ });
  await expect(differing).toHaveCount(1);
  await expect(differing).toHaveAccessibleName(/^clean 41, id \d+; corrupted 01, id \d+: token \d+$/);
  // The tour tells of any model's run.
  await expect(page.locator("#show-around")).toBeVisible();
  const menu = await share(page);
  const [download] = await Promise.all([page.waitForEvent("download"), menu.getByRole("button", { name: "Figure JSON" }).click()]);
  await page.keyboard.press("Escape");
  const saved = JSON.parse((await contentOf(download)).toString());
  expect(saved.model).toEqual({ name: "years-demo", source: "years-demo", revision: null, dModel: 64 });

  await page.getByRole("button", { name: "Names and lists" }).click();
  await expect(loadedModel(page)).toContainText("Names and lists: 3 layers × 4 heads");
  await settled(page);
  expect(page.url()).not.toContain("model=");
  await page.goBack();
  await expect(loadedModel(page)).toContainText("Years: 2 layers × 4 heads");
  await settled(page);
  expect(page.url()).toContain("model=years-demo");
});
