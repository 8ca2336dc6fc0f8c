// Taking a result along: files, images, a link, code.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { restore } from "../../www/src/lib/saved";
import * as cli from "./cli";
import { difference } from "./module";
import { cell, contentOf, grid, open, settled } from "./page";
import { expect, test } from "./test";

const preset = { ...cli.INDUCTION, metric: "normalized-logit-diff" };

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

test.beforeEach(({ page }) => open(page));

async function saved(page: Page, name: string): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#take").getByRole("button", { name, exact: true }).click(),
  ]);
  return contentOf(download);
}

async function copied(page: Page, name: string): Promise<string> {
  await page.locator("#take").getByRole("button", { name }).click();
  await expect(page.locator("#take [role=status]")).toHaveText(`${name}: copied.`);
  return page.evaluate(() => navigator.clipboard.readText());
}

test("JSON and NPY hold the command line's numbers, in Python too", async ({ page }) => {
  const json = (await saved(page, "JSON")).toString();
  const { result } = restore(json);
  mkdirSync("test-results/take", { recursive: true });
  writeFileSync("test-results/take/saved.json", json);
  for (const component of ["q", "k", "v"] as const) {
    const theirs = cli.sweep({ ...preset, component });
    const ours = Array.from(result.components[component].values, (v) => (Number.isNaN(v) ? null : v));
    expect(difference(ours, theirs)).toBeLessThan(1e-4);
    const path = `test-results/take/${component}.npy`;
    writeFileSync(path, await saved(page, `NPY ${component}`));
    const arguments_ = ["-c", READ_IN_PYTHON, path, "test-results/take/saved.json", component];
    const { shape, npy, json } = JSON.parse(execFileSync("python3", arguments_, { encoding: "utf8" }));
    expect(shape).toEqual([3, 4, 3, 4]);
    // To the last bit what the page has.
    expect(npy).toEqual(ours);
    expect(json).toEqual(ours);
  }
});

/** Both files, read with nothing but what Python brings. */
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
edges = saved["components"][component]
grid = [math.nan] * (saved["layers"] * saved["heads"]) ** 2
for index, value in zip(edges["indices"], edges["values"]):
    (grid[index],) = struct.unpack("<f", struct.pack("<f", value))

plain = lambda values: [None if math.isnan(v) else v for v in values]
print(json.dumps({"shape": header["shape"], "npy": plain(npy), "json": plain(grid)}))
`;

test("CSV has every edge, strongest first", async ({ page }) => {
  const [header, first, ...rest] = (await saved(page, "CSV")).toString().split("\n");
  expect(header).toBe("edge,src_layer,src_head,dst_layer,dst_head,component,value,effect,spread,exact");
  expect(first).toMatch(/^0\.3->1\.3\.k,0,3,1,3,k,0\.589\d*,0\.589\d*,,1$/);
  expect(rest).toHaveLength(143);
});

test("any drawing is saved as SVG and PNG, with its colours", async ({ page, context }) => {
  const circuit = page.locator(".circuit-part");
  const save = async (kind: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), circuit.getByRole("button", { name: kind }).click()]);
    expect(download.suggestedFilename()).toBe(`pathpatch-the-strongest-edges-layers-upward.${kind.toLowerCase()}`);
    return contentOf(download);
  };
  const svg = (await save("SVG")).toString();
  const png = await save("PNG");
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(png.readUInt32BE(16)).toBeGreaterThan(900);
  // By itself, without the page's style sheets.
  const alone = await context.newPage();
  await alone.setContent(svg);
  await expect(alone.locator("svg text", { hasText: /^0\.3$/ })).toBeVisible();
  const stroke = await alone.locator("svg path").last().evaluate((path) => getComputedStyle(path).stroke);
  expect(stroke).toBe("rgb(31, 102, 168)");
});

test("a link restores model, prompts, settings and view", async ({ page, context }) => {
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await page.getByLabel("Metric", { exact: true }).selectOption("prob");
  await settled(page);
  await cell(grid(page, "from", "v"), "2.2").click();
  await page.getByLabel("Edges shown").fill("55");
  const link = await copied(page, "Copy link");
  const labels = async (of: Page) =>
    of.getByRole("gridcell").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  const other = await context.newPage();
  await open(other, link);
  await expect(other.getByLabel("Metric", { exact: true })).toHaveValue("prob");
  await expect(other.getByLabel("Source head")).toHaveValue("1.0");
  await expect(other.getByLabel("Destination head")).toHaveValue("2.2");
  await expect(other.locator(".circuit .edge")).toHaveCount(55);
  await expect(other.locator("#detail h3")).toHaveText("1.0 → 2.2 value");
  expect(await labels(other)).toEqual(await labels(page));
  // So does the address bar.
  expect(new URL(page.url()).hash).toBe(new URL(link).hash);
});

test("the JavaScript runs as it was copied", async ({ page }) => {
  const code = await copied(page, "Copy as pathpatch JS");
  const run = code.replace("console.log(grid, row);", "globalThis.got = { grid, row };");
  await page.route("**/run.html", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><link rel="icon" href="data:,"><script type="module">${run}</script>` }));
  await page.goto("/run.html");
  await page.waitForFunction(() => "got" in globalThis);
  const row = await page.evaluate(() => {
    const { row } = (globalThis as unknown as { got: { row: { values: Float32Array } } }).got;
    return Array.from(row.values, (v) => (Number.isNaN(v) ? null : v));
  });
  expect(difference(row, cli.sweep({ ...preset, component: "k", source: "0.3" }))).toBeLessThan(1e-4);
});

test("the Python has the prompts' ids, and a metric and a version for each choice", async ({ page }) => {
  const python = await copied(page, "Copy as TransformerLens code");
  expect(python).toContain("transformer-lens==3.9.0");
  expect(python).toContain("[0, 311, 129, 96, 422, 242, 131, 518, 261, 286, 320, 96, 422, 311]");
  expect(python).toContain("src_layer=0,\n    src_head=3,\n    component=\"k\"");
  await page.getByLabel("LayerNorm of the destination").selectOption("exact");
  await settled(page);
  expect(await copied(page, "Copy as TransformerLens code")).toContain("transformer-lens==4.3.0");
  for (const metric of ["logit-diff", "log-prob", "prob", "kl"]) {
    await page.getByLabel("Metric", { exact: true }).selectOption(metric);
    await settled(page);
    const code = await copied(page, "Copy as TransformerLens code");
    // It is Python, at least to Python's own parser; `cargo xtask check-code` runs it.
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: code });
  }
});

test("the embed code shows the same figure in a frame", async ({ page }) => {
  const html = await copied(page, "Copy embed code");
  const frame = html.split("\n\n")[0]!;
  await page.route("**/framed.html", (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><link rel="icon" href="data:,">${frame}` }));
  await page.goto("/framed.html");
  const figure = page.frameLocator("iframe").locator("path-patching");
  await figure.getByRole("button", { name: "Run it" }).click();
  const keys = figure.getByRole("grid", { name: "From head 0.3 into each later head’s key" });
  await expect(cell(keys, "1.3")).toHaveAccessibleName(/ 0\.589 \(\+0\.589 from the corrupted run\)$/);
});
