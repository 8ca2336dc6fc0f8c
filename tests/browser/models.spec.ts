// Choosing a model on the page by name, address or files, and keeping it.

import { COMMIT, Hub } from "./hub";
import { tinyGpt2 } from "./models";
import { cell, contentOf, grid, open, settled } from "./page";
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
  // Route the Hub's address, which the page has built in, to the test's server.
  await page.route("https://huggingface.co/**", async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const response = await route.fetch({ url: `${hub.url}${pathname}${search}` });
    await route.fulfill({ response });
  });
  await open(page);
});

test("GPT-2 loads with one choice and one click, and is kept", async ({ page }) => {
  await page.getByLabel("Weights").selectOption({ label: "GPT-2 small (12 × 12 heads)" });
  await expect(page.locator("#model-plan")).toHaveText(
    /^8 MB will be downloaded: config\.json, vocab\.json, merges\.txt, model\.safetensors \(commit 607a30d\)\.$/,
  );
  expect(hub.requestsFor("model.safetensors")).toEqual([]);
  await page.getByRole("button", { name: "Download and load" }).click();
  await expect(page.locator("header .status")).toContainText("openai-community/gpt2: 2 layers × 2 heads, on the CPU");
  await expect(page.locator("header .status")).toContainText("kept in this browser");
  await expect(page.locator("#model-plan")).toHaveText("Kept in this browser (commit 607a30d): nothing will be downloaded.");
  await expect(page.getByRole("button", { name: "Loaded" })).toBeDisabled();

  // GPT-2's own example prompts, with its real tokens.
  await expect(page.getByLabel("Example")).toHaveValue("0");
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue(" Mary");
  const tokens = page.locator(".tokens tr").first().locator("td");
  await expect(tokens.first()).toHaveText("<|endoftext|>");
  await expect(tokens.nth(2)).toHaveText("·Mary");
  await expect(page.locator(".tokens mark")).toHaveText(["·John", "·Mary"]);
  await expect(page.getByRole("link", { name: /Wang et al/ }).first()).toHaveAttribute("href", "https://arxiv.org/abs/2211.00593");
  await settled(page);

  // A second visit needs the network only for the page, and the address names the model.
  hub.reset();
  await page.reload();
  await expect(page.locator("header .status")).toContainText("openai-community/gpt2: 2 layers");
  expect(hub.seen).toEqual([]);
  // The box shows what is loaded, and the files name the commit.
  await expect(page.getByLabel("Weights")).toHaveValue("gpt2");
  await settled(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Figure JSON" }).click()]);
  const saved = JSON.parse((await contentOf(download)).toString());
  expect(saved.model).toEqual({ name: "openai-community/gpt2", source: "openai-community/gpt2", revision: COMMIT, dModel: 32 });

  await page.getByText("Kept in this browser (1)", { exact: true }).click();
  await expect(page.locator(".kept li")).toHaveText(/^openai-community\/gpt2 at 607a30d: 8 MB/);
  await page.getByRole("button", { name: "Delete openai-community/gpt2 at 607a30d" }).click();
  await expect(page.locator("#kept summary")).toHaveText("Nothing is kept in this browser");
});

test("an answer without its leading space is fixed by one click", async ({ page }) => {
  await page.getByLabel("Weights").selectOption("gpt2");
  await page.getByRole("button", { name: "Download and load" }).click();
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue(" Mary");
  await page.getByLabel("Answer", { exact: true }).fill("Warsaw");
  await expect(page.locator("#answer-error")).toContainText('expected one token, got 2: "Wars" "aw"; did you mean " Warsaw"?');
  await page.getByRole("button", { name: "Use “·Warsaw”" }).click();
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue(" Warsaw");
  await expect(page.locator("#answer-error")).toBeEmpty();
  await settled(page);
  // An answer that is also a token without its space runs, but with a warning.
  await page.getByLabel("Answer", { exact: true }).fill("Mary");
  await settled(page);
  await page.locator("#answer-warning").getByRole("button", { name: "Use “·Mary”" }).click();
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue(" Mary");
  await expect(page.locator("#answer-warning")).toBeEmpty();
  // Pasted lines with spaces around their bars mean the same.
  await page.getByLabel("Pasted lines").check();
  await page
    .getByLabel("Pairs, one per line")
    .fill("Mary and John met, John called | Mary and John met, Mary called | Mary | John");
  await expect(page.locator(".pairs")).toContainText("Answer “·Mary” against “·John”");
  await settled(page);
});

test("another repository at a revision, and the way back", async ({ page }) => {
  await page.getByLabel("Weights").selectOption("other");
  await expect(page.getByRole("button", { name: "Load", exact: true })).toBeDisabled();
  await page.getByLabel("Repository or address").fill("tests/sharded");
  await page.getByLabel("Revision").fill("607a30d");
  await expect(page.locator("#model-plan")).toContainText("model-00001-of-00002.safetensors, model-00002-of-00002.safetensors");
  await page.getByRole("button", { name: "Download and load" }).click();
  await expect(page.locator("header .status")).toContainText("tests/sharded@607a30d: 2 layers × 2 heads");
  await page.getByLabel("Weights").selectOption("ioi-demo");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.locator("header .status")).toContainText("ioi-demo: 3 layers × 4 heads");
  await expect(page.getByLabel("Sender", { exact: true })).toHaveValue("a0.h3");
  await settled(page);
});

test("local files can be chosen", async ({ page }) => {
  const directory = tinyGpt2("whole");
  await page.getByLabel("Weights").selectOption("files");
  const files = ["config.json", "model.safetensors", "vocab.json", "merges.txt"].map((name) => `${directory}/${name}`);
  await page.getByLabel("choose them, or drop them here").setInputFiles(files);
  await expect(page.locator(".drop .note")).toContainText("model.safetensors (6.5 MB)");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.locator("header .status")).toContainText("your files: 2 layers × 2 heads");
  await expect(page.locator("header .status")).toContainText("not kept: your own files are not copied");
  await settled(page);
  // A link cannot name local files.
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.locator("#take [role=status]")).toHaveText(
    "link: expected a model that others can load, got files of your own",
  );
  // Back returns to the previous edge of the same files.
  await page.getByLabel("Receiver", { exact: true }).selectOption("a1.h0");
  await expect(page).toHaveURL(/to=a1\.h0/);
  await page.getByLabel("Receiver", { exact: true }).selectOption("a1.h1");
  await expect(page).toHaveURL(/to=a1\.h1/);
  await page.goBack();
  await expect(page.getByLabel("Receiver", { exact: true })).toHaveValue("a1.h0");
  await expect(page.locator("#offer")).toBeHidden();
  await page.reload();
  await expect(page.locator("#status")).toHaveText("This link is about files of your own: choose them again.");
});

test("local files can be dropped; a missing one is named", async ({ page }) => {
  const config = `{"model_type":"gpt2","n_layer":1,"n_head":1,"n_embd":4,"n_positions":4,"vocab_size":5}`;
  const dropped = await page.evaluateHandle((config) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([config], "config.json"));
    return transfer;
  }, config);
  await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
  await expect(page.getByLabel("Weights")).toHaveValue("files");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.locator("#failure")).toHaveText(
    "model.safetensors: expected it, or model.safetensors.index.json, among the model's files, got config.json",
  );
  // The previous model is still loaded.
  await expect(page.locator("header .status")).toContainText("ioi-demo: 3 layers × 4 heads");
  await cell(grid(page, "from", "k"), "1.2").click();
  await expect(page.locator("#detail h3")).toHaveText("0.3 → 1.2 key");
});

test("a link to another person's model asks before it downloads, then shows the linked edge", async ({ page, context }) => {
  const other = await context.newPage();
  const asked: string[] = [];
  await other.route("https://huggingface.co/**", async (route) => {
    const { pathname, search } = new URL(route.request().url());
    asked.push(pathname);
    await route.fulfill({ response: await route.fetch({ url: `${hub.url}${pathname}${search}` }) });
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
  await expect(other.locator("#status")).toHaveText("This link is about tests/sharded, which is not in this browser yet.");
  // The page shows the size and the server. Nothing is downloaded, and no progress is shown.
  await expect(other.locator("#offer")).toContainText("Loading it downloads 8 MB from huggingface.co");
  expect(hub.seen.filter(({ method, path }) => method === "GET" && path.includes("/resolve/") && path.endsWith(".safetensors"))).toEqual([]);
  await expect(other.getByRole("progressbar")).toHaveCount(0);
  await expect(other.getByRole("button", { name: /Cancel|again/ })).toHaveCount(0);
  await expect(other.getByLabel("Weights")).toHaveValue("other");
  await expect(other.getByLabel("Repository or address")).toHaveValue("tests/sharded");
  await other.getByRole("button", { name: "Load tests/sharded (8 MB)" }).click();
  await settled(other);
  await expect(other.locator("#detail h3")).toHaveText("0.0 → 1.1 value");
  await expect(other.getByLabel("Clean prompt", { exact: true })).toHaveValue("The key to the cabinets");
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
  await expect(other.locator("#model-plan")).toContainText("Asking huggingface.co");
  await other.getByLabel("Weights").selectOption("other");
  await other.getByLabel("Repository or address").fill("tests/sharded");
  await expect(other.locator("#model-plan")).toContainText("model-00002-of-00002.safetensors");
  const plan = await other.locator("#model-plan").innerText();
  release();
  await expect.poll(() => late).toBeGreaterThan(0);
  await other.waitForTimeout(500);
  await expect(other.locator("#model-plan")).toHaveText(plan);
  await expect(other.locator("#model-error")).toBeEmpty();
});

test("a load and a run have separate progress bars and cancel buttons", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.abort().catch(() => {});
  });
  await page.getByLabel("Weights").selectOption("gpt2");
  await page.getByRole("button", { name: "Download and load" }).click();
  await expect(page.locator("#loading")).toContainText(/Starting|: /);
  // During the load, run something else on the current model.
  await page.getByLabel("Metric", { exact: true }).selectOption("kl");
  await settled(page);
  const cancel = page.locator("#loading").getByRole("button", { name: "Cancel" });
  await expect(cancel).toBeVisible();
  // Choose yet another model: the page describes that one.
  await page.getByLabel("Weights").selectOption("other");
  await page.getByLabel("Repository or address").fill("tests/sharded");
  await expect(page.locator("#model-plan")).toContainText("will be downloaded: config.json");
  await cancel.click();
  await expect(page.locator("#loading")).toContainText("Cancelled.");
  await expect(page.locator("#status")).toContainText("ioi-demo: 3 layers");
  await expect(page.locator("#model-plan")).toContainText("model-00002-of-00002.safetensors");
  release();
  await cell(grid(page, "from", "k"), "1.2").click();
  await expect(page.locator("#detail h3")).toHaveText(/→ 1\.2 key$/);
});

test("short names are GPT-2's, and an invalid name gives an error", async ({ page }) => {
  await page.getByLabel("Weights").selectOption("other");
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
    await page.getByLabel("Weights").selectOption("gpt2");
    await expect(page.locator("#model-plan")).toHaveText("Asking huggingface.co what there is to download …");
    const load = page.getByRole("button", { name: "Load", exact: true });
    await expect(load).toBeEnabled();
    isDown = false;
    await load.click();
    await expect(page.locator("header .status")).toContainText("openai-community/gpt2: 2 layers");
  });
});

test.describe("a missing repository", () => {
  // Chromium itself logs every status that is not a success.
  test.use({ expectedComplaints: /status of 401/ });

  test("gives an error beside the choice", async ({ page }) => {
    await page.getByLabel("Weights").selectOption("other");
    await page.getByLabel("Repository or address").fill("nobody/nothing");
    await expect(page.locator("#model-error")).toContainText("status 401 Unauthorized: it is private, gated or not there");
    // It can be tried again.
    await expect(page.getByRole("button", { name: "Load", exact: true })).toBeEnabled();
  });
});

test("the second bundled model is named in links, in the box and in saved files", async ({ page }) => {
  await open(page, "/#model=years-demo");
  await expect(page.locator("#status")).toContainText("years-demo: 2 layers × 4 heads, on the CPU");
  await expect(page.getByLabel("Weights")).toHaveValue("years-demo");
  await expect(page.locator("#model-plan")).toHaveText(/^It comes with this page\. It names a year after another one: /);
  await expect(page.getByLabel("Clean prompt")).toHaveValue("the war lasted from the year 17 41 to the year 17");
  await expect(page.getByLabel("Example").locator("option")).toHaveText(["Your own", "Greater than: a war that ends later"]);
  // Each word of the prompts is one token, and only the years differ.
  await expect(page.locator(".tokens mark")).toHaveText(["41", "01"]);
  // The tour is about the other model's circuit.
  await expect(page.locator("#show-around")).toBeHidden();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Figure JSON" }).click()]);
  const saved = JSON.parse((await contentOf(download)).toString());
  expect(saved.model).toEqual({ name: "years-demo", source: "years-demo", revision: null, dModel: 64 });

  await page.getByLabel("Weights").selectOption("ioi-demo");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.locator("#status")).toContainText("ioi-demo: 3 layers × 4 heads");
  await settled(page);
  expect(page.url()).not.toContain("model=");
  await page.goBack();
  await expect(page.locator("#status")).toContainText("years-demo: 2 layers × 4 heads");
  await settled(page);
  expect(page.url()).toContain("model=years-demo");
});
