// Exporting a result: files, images, a link, code.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import type { EdgeTable } from "../../www/src/engine/types";
import { headValues } from "../../www/src/lib/graph";
import { restore } from "../../www/src/lib/saved";
import * as cli from "./cli";
import { difference } from "./module";
import { cell, chosenEdge, contentOf, example, field, grid, open, settled, share, show } from "./page";
import { expect, test } from "./test";

const preset = { ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, metric: "normalized-logit-diff" };

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

test.beforeEach(({ page }) => open(page));

const least = (page: Page): Locator => page.getByRole("slider", { name: "Least effect shown" });

async function saved(page: Page, name: string): Promise<Buffer> {
  const menu = await share(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    menu.getByRole("button", { name, exact: true }).click(),
  ]);
  return contentOf(download);
}

async function copied(page: Page, name: string): Promise<string> {
  const menu = await share(page);
  await menu.getByRole("button", { name }).click();
  await expect(menu.getByRole("status")).toHaveText(`${name}: copied.`);
  return page.evaluate(() => navigator.clipboard.readText());
}

test("three ways to share are in sight, the others a press away; a saved result is opened from the examples", async ({ page }) => {
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const menu = page.locator("#share-menu");
  await expect(menu.getByRole("button")).toHaveText([/^Copy link/, /^Copy embed code/, /^JSON.*pathpatch\.show\("pathpatch\.json"\)$/]);
  await menu.getByText("More files and code").click();
  await expect(menu.getByRole("group", { name: "Files" }).getByRole("button")).toHaveCount(7);
  await expect(menu.getByRole("group", { name: "Code that repeats it" }).getByRole("button")).toHaveCount(5);
  const json = await saved(page, "JSON");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Examples" }).click();
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("menuitem", { name: /Open a saved JSON/ }).click();
  await (await asked).setFiles({ name: "mine.json", mimeType: "application/json", buffer: json });
  await expect(page.locator("#about-run")).toContainText("from mine.json");
});

test("JSON and NPY hold the command line's numbers, in Python too", async ({ page }) => {
  const json = (await saved(page, "JSON")).toString();
  const { table } = restore(json);
  mkdirSync("test-results/take", { recursive: true });
  writeFileSync("test-results/take/saved.json", json);
  for (const component of ["q", "k", "v"] as const) {
    const theirs = cli.sweep({ ...preset, component });
    const ours = Array.from(headValues(table, component).values, (v) => (Number.isNaN(v) ? null : v));
    expect(difference(ours, theirs)).toBeLessThan(1e-4);
    const path = `test-results/take/${component}.npy`;
    writeFileSync(path, await saved(page, `NPY ${component}`));
    const arguments_ = ["-c", READ_IN_PYTHON, path, "test-results/take/saved.json", component];
    const { shape, npy, json } = JSON.parse(execFileSync("python3", arguments_, { encoding: "utf8" }));
    expect(shape).toEqual([3, 4, 3, 4]);
    // Equal to the page's values to the last bit.
    expect(npy).toEqual(ours);
    expect(json).toEqual(ours);
  }
});

/** Reads both files with only Python's standard library. */
const READ_IN_PYTHON = `
import ast, json, math, struct, sys
npy_path, json_path, component = sys.argv[1:]
data = open(npy_path, "rb").read()
assert data[:8] == b"\\x93NUMPY\\x01\\x00"
length = struct.unpack("<H", data[8:10])[0]
header = ast.literal_eval(data[10 : 10 + length].decode())
assert header["descr"] == "<f4" and not header["fortran_order"]
npy = [v for (v,) in struct.iter_unpack("<f", data[10 + length :])]

saved = json.load(open(json_path))
edges = saved["edges"]
names = edges["senders"], edges["receivers"]
table = {}
for index, value in zip(edges["indices"], edges["values"]):
    sender, receiver = divmod(index, len(names[1]))
    (table[names[0][sender], names[1][receiver]],) = struct.unpack("<f", struct.pack("<f", value))
heads = [name for name in names[0] if name.startswith("a")]
grid = [table.get((sender, f"{head}<{component}>"), math.nan) for sender in heads for head in heads]

plain = lambda values: [None if math.isnan(v) else v for v in values]
print(json.dumps({"shape": header["shape"], "npy": plain(npy), "json": plain(grid)}))
`;

test("CSV has every edge, strongest first", async ({ page }) => {
  const [header, first, ...rest] = (await saved(page, "CSV")).toString().split("\n");
  expect(header).toBe("from,to,score,value,kind,std_dev,in_graph");
  expect(first).toMatch(/^input,a0\.h3<v>,0\.98\d*,0\.98\d*,exact,,true$/);
  // 144 from heads to heads and 40 from the input; 24 from heads to MLPs and 12 to the logits; 36 from MLPs to heads, 3
  // to MLPs and 3 to the logits.
  expect(rest).toHaveLength(144 + 40 + 24 + 12 + 36 + 3 + 3 - 1);
});

test("a drawing of the chosen edge is saved as SVG and PNG, with its colours", async ({ page, context }) => {
  await page.locator("#edge").getByRole("button", { name: "More", exact: true }).click();
  const pattern = page.locator("#edge figure", { hasText: "1.3 attends, after the patch" });
  const save = async (kind: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), pattern.getByRole("button", { name: kind }).click()]);
    expect(download.suggestedFilename()).toBe(`pathpatch-0.3-1.3-key-1.3-attends-after-the-patch.${kind.toLowerCase()}`);
    return contentOf(download);
  };
  const svg = (await save("SVG")).toString();
  const png = await save("PNG");
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(png.readUInt32BE(16)).toBeGreaterThan(900);
  // Open the image alone, without the page's style sheets.
  const alone = await context.newPage();
  await alone.setContent(svg);
  await expect(alone.locator("svg text", { hasText: "dragon" }).first()).toBeVisible();
  const looks = (within: Page, cells: string) => within.locator(cells).evaluateAll((all) => all.map((one) => ({ fill: getComputedStyle(one).fill, opacity: Number(getComputedStyle(one).fillOpacity).toFixed(2) })));
  const there = await looks(page, "#edge figure:last-of-type .pattern-cell");
  expect(there.length).toBeGreaterThan(10);
  expect(new Set(there.map(({ opacity }) => opacity)).size).toBeGreaterThan(3);
  expect(await looks(alone, "svg rect[class^=pattern-cell]")).toEqual(there);
  // What only the pointer or the focus would show is not in it.
  expect(await alone.locator("svg [aria-label], svg [tabindex]").count()).toBe(0);
});

test("a link restores model, prompts, settings and view", async ({ page, context }) => {
  await example(page, "Indirect object: Mary and John");
  await (await field(page, "Metric")).selectOption("log-prob");
  await settled(page);
  await show(page, "Grids");
  await cell(grid(page, "from", "v"), "2.2").click();
  await least(page).press("PageUp");
  const shown = (await least(page).getAttribute("aria-valuetext"))!;
  expect(shown).toMatch(/^\d+ edges? of /);
  const link = await copied(page, "Copy link");
  const labels = async (of: Page) =>
    of.getByRole("gridcell").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  const other = await context.newPage();
  await open(other, link);
  await expect(await field(other, "Metric")).toHaveValue("log-prob");
  await expect(other.getByLabel("Receiver", { exact: true })).toHaveValue("a2.h2");
  await expect(least(other)).toHaveAttribute("aria-valuetext", shown);
  await expect(chosenEdge(other)).toHaveText(await chosenEdge(page).innerText());
  expect(await labels(other)).toEqual(await labels(page));
  // The address in the address bar does so too.
  await expect(page).toHaveURL(link);
});

test("the copied JavaScript runs", async ({ page }) => {
  const code = await copied(page, "Copy as pathpatch JS");
  const run = code.replace(/^console\.log\(.*$/m, "globalThis.got = table;");
  await page.route("**/run.html", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><link rel="icon" href="data:,"><script type="module">${run}</script>` }));
  await page.goto("/run.html");
  await page.waitForFunction(() => "got" in globalThis);
  const row = await page.evaluate(() => {
    const { senders, receivers, values } = (globalThis as unknown as { got: EdgeTable }).got;
    const first = senders.indexOf("a0.h3") * receivers.length;
    const keys = receivers.flatMap((name, i) => (name.endsWith("<k>") ? [values[first + i]!] : []));
    return keys.map((value) => (Number.isNaN(value) ? null : value));
  });
  expect(difference(row, cli.sweep({ ...preset, component: "k", source: "0.3" }))).toBeLessThan(1e-4);
});

test("the Python has the prompts' ids, and a metric and a version for each choice", async ({ page }) => {
  const python = await copied(page, "Copy as TransformerLens 4.3 code");
  expect(python).toContain("[0, 311, 129, 96, 422, 242, 131, 518, 261, 286, 320, 96, 422, 311]");
  expect(python).toContain("src_layer=0,\n    src_head=3,\n    component=\"k\"");
  expect(python).toContain("transformer-lens==4.3.0");
  // Whatever is the strongest of another metric: TransformerLens patches edges between heads.
  await show(page, "Grids");
  await cell(grid(page, "from", "k"), "1.2").click();
  for (const metric of ["logit-diff", "log-prob", "prob", "kl"]) {
    await (await field(page, "Metric")).selectOption(metric);
    await settled(page);
    // EAP-IG has no divergence from the clean run.
    const eapIg = metric === "kl" ? [] : ["EAP-IG code"];
    for (const library of ["TransformerLens 4.3 code", "TransformerLens code up to 4.2", ...eapIg]) {
      const code = await copied(page, `Copy as ${library}`);
      // This only parses the code; `cargo xtask check-code` runs it.
      execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: code });
    }
  }
});

test("the embed code shows the same figure in a post, which runs", async ({ page }) => {
  const html = await copied(page, "Copy embed code");
  expect(html).toContain("<path-patching>");
  expect(html).toContain("pathpatch.js");
  await page.route("**/post.html", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><link rel="icon" href="data:,">${html}` }));
  await page.goto("/post.html");
  const figure = page.locator("path-patching");
  await expect(figure.locator(".verdict")).toContainText("0.3 tells 1.3 what it can find.");
  const edge = figure.locator('.circuit [data-node="a1.h3"]');
  const before = await edge.getAttribute("aria-label");
  await figure.getByRole("button", { name: "Explore it live" }).click();
  await expect(figure.locator(".embedded")).toHaveClass(/live/);
  await expect(edge).toHaveAttribute("aria-label", before!);
});

test("the address changes with the page: edges and runs are steps of the history, slider moves are not", async ({ page }) => {
  const loads: string[] = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest() || request.url().includes("safetensors")) loads.push(request.url());
  });
  await show(page, "Grids");
  await expect(page).toHaveURL(/show=grids/);
  const entries = await page.evaluate(() => history.length);
  const first = page.url();
  const edge = chosenEdge(page);
  const strongest = await edge.innerText();

  // Move the slider as fast as a hand can, which is faster than Safari allows an address to change.
  const took = await page.evaluate(() => {
    const began = performance.now();
    const { replaceState, pushState } = History.prototype;
    let changes = 0;
    for (const [name, change] of Object.entries({ replaceState, pushState })) {
      Object.assign(History.prototype, {
        [name]: function (this: History, ...args: Parameters<typeof pushState>) {
          changes += 1;
          document.documentElement.dataset.changes = String(changes);
          change.apply(this, args);
        },
      });
    }
    const slider = document.querySelector("[role=slider]")!;
    const press = (key: string) => slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    for (let i = 0; i < 300; i += 1) press(i % 20 < 10 ? "ArrowRight" : "ArrowLeft");
    press("PageUp");
    return performance.now() - began;
  });
  const told = (await least(page).getAttribute("aria-valuetext"))!;
  const [now, most] = [await least(page).getAttribute("aria-valuenow"), await least(page).getAttribute("aria-valuemax")].map(Number);
  // A link has it as a share of the largest effect.
  const linked = () => Number(new URLSearchParams(new URL(page.url()).hash.slice(1)).get("least"));
  await expect.poll(() => Math.abs(linked() * most! - now!)).toBeLessThan(1e-4);
  // Safari allows 100 in 30 s, which is one in 300 ms.
  expect(await page.evaluate(() => Number(document.documentElement.dataset.changes))).toBeLessThan(2 + took / 300);
  expect(await page.evaluate(() => history.length)).toBe(entries);

  await cell(grid(page, "from", "k"), "1.2").click();
  await expect(edge).toHaveText("0.3 → 1.2 key");
  await expect(page).toHaveURL(/to=a1\.h2/);
  await (await field(page, "Metric")).selectOption("prob");
  await settled(page);
  await expect(page).toHaveURL(/metric=prob/);
  expect(await page.evaluate(() => history.length)).toBe(entries + 2);

  await page.goBack();
  await expect(await field(page, "Metric")).toHaveValue("normalized-logit-diff");
  await settled(page);
  await expect(edge).toHaveText("0.3 → 1.2 key");
  await page.goBack();
  await expect(edge).toHaveText(strongest);
  await expect(least(page)).toHaveAttribute("aria-valuetext", told);
  await page.goForward();
  await expect(edge).toHaveText("0.3 → 1.2 key");
  await page.goForward();
  await expect(await field(page, "Metric")).toHaveValue("prob");
  await settled(page);
  // Neither the page nor the model was reloaded.
  expect(loads).toEqual([]);
  expect(page.url()).not.toBe(first);
});

test("text from a link never becomes code in an export, and no field of a link breaks the page", async ({ page }) => {
  const prompt = '</script><script>globalThis.wrong = 1</script>\u2028"\nimport os';
  const link = new URLSearchParams({
    clean: `fox ${prompt}`,
    corrupted: "fox lamp",
    metric: "__proto__",
    src: "999.999",
    dst: "0.-1",
    edges: "3000",
    least: "1e400",
    pair: "-1",
    position: "1.5",
  });
  await page.goto(`/?odd#${link}`);
  await expect(page.locator("#clean-error")).not.toBeEmpty();
  await example(page, "Induction: fox, lamp, … fox");
  await settled(page);
  await expect(least(page)).toHaveAttribute("aria-valuetext", "9 edges of 0.02 or more");
  // A model's name that tries to end its string: the copied code has it as one literal.
  await page.route("**/m%22*/**", async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    await route.fulfill({ response: await route.fetch({ url: new URL(`/models/ioi-demo/${name}`, page.url()).href }) });
  });
  const model = `${new URL("/m", page.url()).href}"\nimport os; os.system("id")/`;
  await page.goto(`/?odder#${new URLSearchParams({ model, ...cli.INDUCTION, metric: "logit-diff" })}`);
  await page.getByRole("button", { name: /^Load m"/ }).click();
  await settled(page);
  const python = await copied(page, "Copy as TransformerLens 4.3 code");
  expect(python).not.toMatch(/^import os/m);
  const imports = "import ast, sys; print([n.names[0].name for n in ast.parse(sys.stdin.read()).body if isinstance(n, ast.Import)])";
  expect(execFileSync("python3", ["-c", imports], { input: python, encoding: "utf8" }).trim()).toBe("['torch']");
  expect(await copied(page, "Copy as pathpatch JS")).not.toContain("<");
});
