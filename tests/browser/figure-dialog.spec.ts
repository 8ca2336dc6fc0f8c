// The figure dialog: files for a paper, read by other programs, and snippets for a post, pasted into one.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Download, Locator, Page } from "@playwright/test";
import { type Host, startHost } from "./host";
import { open } from "./page";
import { expect, test } from "./test";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

/** The dialog, open on the bundled model's first run. */
async function dialog(page: Page, tab: "For a paper" | "For a web page" = "For a paper"): Promise<Locator> {
  await page.getByRole("button", { name: "Figure…" }).click();
  const found = page.getByRole("dialog", { name: "Figure" });
  await found.getByRole("tab", { name: tab }).click();
  return found;
}

const choose = (figure: Locator, name: string) => figure.getByRole("radio", { name, exact: true }).check({ force: true });

async function saved(figure: Locator, kind: "SVG" | "PDF" | "PNG"): Promise<{ download: Download; path: string }> {
  const waits = figure.page().waitForEvent("download");
  await figure.getByRole("button", { name: kind, exact: true }).click();
  const download = await waits;
  await expect(figure.locator(".take [role=status]").first()).toHaveText(`Saved as ${download.suggestedFilename()}.`);
  return { download, path: await download.path() };
}

async function copied(figure: Locator, name: string): Promise<string> {
  await figure.getByRole("button", { name, exact: true }).click();
  await expect(figure.locator(".take [role=status]").filter({ hasText: "copied" })).toBeVisible();
  return figure.page().evaluate(() => navigator.clipboard.readText());
}

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: "utf8" });

test("a circuit as SVG: by itself, with real text, few styles, its title and source; no choice is marked unless asked for", async ({ page, context }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  const figure = await dialog(page);
  await expect(figure.getByRole("img", { name: /^Circuit diagram of ioi-demo: 9 edges .* input → 0\.3 value \+0\.988/ })).toBeVisible();
  const { download, path } = await saved(figure, "SVG");
  expect(download.suggestedFilename()).toBe("pathpatch-circuit-ioi-demo.svg");
  const text = readFileSync(path, "utf8");
  expect(text.length).toBeLessThan(16_000);
  expect(text).toContain('width="120mm"');
  expect(text).not.toMatch(/ style=|https?:\/\/(?!www\.w3\.org)|var\(|color-mix|light-dark/);
  expect(text.match(/<style>/g)).toHaveLength(1);
  expect(text).toMatch(/>What makes it say “lamp” rather than “spoon”<\/text>/);
  expect(text).toMatch(/>logits<tspan[^>]*> · lamp − spoon<\/tspan>/);
  expect(text).toMatch(/>pathpatch \d+\.\d+\.\d+ · ioi-demo · \d{4}-\d\d-\d\d<\/text>/);
  expect(text).toContain(">raises the logit difference<");
  // Two samples of width, so that a width can be read as an effect.
  expect(text).toMatch(/>0\.1</);
  expect(text).toContain(">0.5 of the difference between the runs<");
  // The names of layers, and no key of what is not drawn.
  expect(text).toContain(">induction<");
  expect(text).not.toContain(">estimate<");
  await expect(figure.getByLabel("Names of layers")).toBeChecked();
  await expect(figure.getByLabel("Key of estimates")).toBeHidden();
  expect(text).toContain("Rows: layers. Columns: heads.");
  // For paper, whatever the page looks like.
  expect(text).toContain('fill="#ffffff"');
  expect(text).not.toContain("#ffd75e");
  // By itself: the site's policy for its own pages allows no styles within a file.
  const alone = await context.newPage();
  const shown = await alone.evaluate((svg) => {
    const read = new DOMParser().parseFromString(svg, "image/svg+xml");
    return { errors: read.querySelectorAll("parsererror").length, title: read.querySelector("title")?.textContent, boxes: read.querySelectorAll("rect.box").length };
  }, text);
  expect(shown).toEqual({ errors: 0, title: "What makes it say “lamp” rather than “spoon”", boxes: shown.boxes });
  expect(shown.boxes).toBeGreaterThanOrEqual(7);
  await alone.close();
  await figure.getByLabel("Chosen edge marked").check();
  expect(readFileSync((await saved(figure, "SVG")).path, "utf8")).toContain("#ffd75e");
  await choose(figure, "Dark");
  expect(readFileSync((await saved(figure, "SVG")).path, "utf8")).toContain('fill="#131316"');
  await choose(figure, "Transparent");
  expect(readFileSync((await saved(figure, "SVG")).path, "utf8")).not.toMatch(/<rect width/);
});

test("PDFs have their size, their fonts and their words; PNGs 300 points to the inch", async ({ page }) => {
  await open(page);
  await expect(page.locator("#edge .edge-looks")).toBeVisible();
  const figure = await dialog(page);
  const says = { Circuit: /lamp − spoon/, Grids: /MLP, logits/, Attention: /\bbefore\b[\s\S]*\bafter\b[\s\S]*\bclean\b/ };
  for (const [what, words] of Object.entries(says)) {
    await choose(figure, what);
    for (const width of [85, 180]) {
      await figure.getByRole("spinbutton", { name: /^Width/ }).fill(String(width));
      await expect(figure.locator(".preview [role=status]")).toContainText(`${width} ×`);
      const { path } = await saved(figure, "PDF");
      const [, points] = /Page size:\s+([\d.]+) x/.exec(run("pdfinfo", path))!;
      expect(Math.abs(Number(points) - (width * 72) / 25.4)).toBeLessThan(0.1);
      const fonts = run("pdffonts", path).trim().split("\n").slice(2);
      expect(fonts.length).toBeGreaterThan(0);
      for (const font of fonts) expect(font).toMatch(/Arimo.*TrueType.*yes yes yes/);
      const text = run("pdftotext", path, "-");
      expect(text).toMatch(words);
      expect(text).toMatch(/pathpatch \d+\.\d+\.\d+ · ioi-demo · \d{4}/);
      // It draws without a complaint, and not a white page.
      const drawn = execFileSync("pdftoppm", ["-r", "40", "-gray", path]);
      expect(new Set(drawn.subarray(20)).size).toBeGreaterThan(20);
    }
  }
  const { path } = await saved(figure, "PNG");
  const png = readFileSync(path);
  expect(png.readUInt32BE(16)).toBe(Math.round((180 / 25.4) * 300));
  const at = png.indexOf("pHYs");
  expect([png.readUInt32BE(at + 4), png.readUInt32BE(at + 8), png[at + 12]]).toEqual([11811, 11811, 1]);
});

test("the effect by position, once it is there", async ({ page }) => {
  await open(page);
  await expect(page.locator("#edge .edge-looks")).toBeVisible();
  await expect(async () => {
    const figure = await dialog(page);
    const isThere = await figure.getByRole("radio", { name: "By position" }).isEnabled();
    if (!isThere) await page.keyboard.press("Escape");
    expect(isThere).toBe(true);
  }).toPass();
  const figure = page.getByRole("dialog", { name: "Figure" });
  await choose(figure, "By position");
  await expect(figure.getByRole("img", { name: /0\.3 → 1\.3 key, position by position: the largest effects are \+0\.58\d? at “lamp”, position 2/ })).toBeVisible();
  const { download } = await saved(figure, "PDF");
  expect(download.suggestedFilename()).toBe("pathpatch-by-position-0.3-to-1.3-key-ioi-demo.pdf");
});

test("what is said of a figure can be edited and copied", async ({ page }) => {
  await open(page);
  const figure = await dialog(page);
  const title = figure.getByRole("textbox", { name: "Title" });
  await title.fill("Two heads → one answer 日本");
  await figure.getByRole("textbox", { name: "Caption" }).fill("50% of it & more.");
  await figure.locator(".ticks").getByLabel("Caption").check();
  await expect(figure.getByRole("img").first()).toBeVisible();
  await expect.poll(async () => run("pdftotext", "-layout", (await saved(figure, "PDF")).path, "-")).toMatch(/Two heads → one answer 日\s*本/);
  expect(run("pdftotext", "-layout", (await saved(figure, "PDF")).path, "-")).toContain("50% of it & more.");
  expect(await copied(figure, "Copy alt text")).toMatch(/^Circuit diagram of ioi-demo: 9 edges/);
  expect(await copied(figure, "Copy caption")).toBe("50% of it & more.");
  const latex = await copied(figure, "Copy LaTeX");
  expect(latex).toContain("\\includegraphics[width=120mm]{pathpatch-circuit-ioi-demo.pdf}");
  expect(latex).toContain("\\caption{50\\% of it \\& more. Path patching~\\cite{pathpatch,wang2023interpretability,goldowskydill2023localizing}.}");
  expect(await copied(figure, "Copy BibTeX")).toMatch(/^@software\{pathpatch,[\s\S]*@inproceedings\{wang2023interpretability,/);
  // Text of a fixed size: a narrower figure has the same letters.
  await figure.getByRole("spinbutton", { name: /^Width/ }).fill("85");
  await figure.getByRole("spinbutton", { name: /^Text/ }).fill("10");
  await expect(figure.locator(".preview [role=status]")).toContainText("85 ×");
  const svg = readFileSync((await saved(figure, "SVG")).path, "utf8");
  const [, across] = /viewBox="0 0 ([\d.]+)/.exec(svg)!;
  // 12 units are 10 points.
  expect(Math.abs(Number(across) * (10 / 12) - (85 * 72) / 25.4)).toBeLessThan(0.1);
});

test.describe("snippets", () => {
  let host: Host;
  test.beforeAll(async () => {
    host = await startHost();
  });
  test.afterAll(() => host.stop());

  /** The dialog's snippet, with this test's site in place of the page's. */
  async function snippet(page: Page, figure: Locator, form: string): Promise<string> {
    await choose(figure, form);
    const code = figure.getByLabel("Snippet", { exact: true });
    await expect(code).not.toHaveValue("");
    expect(await copied(figure, "Copy snippet")).toBe(await code.inputValue());
    return (await code.inputValue()).replaceAll(new URL("/", page.url()).href, host.site);
  }

  const VERDICT = /0\.3 tells 1\.3 what it can find\. .* of the lost preference for lamp over spoon returns/;

  test("the preview is the element, and each snippet shows the same in a page", async ({ page, context }) => {
    await open(page);
    await expect(page.locator("#edge .edge-looks")).toBeVisible();
    const figure = await dialog(page, "For a web page");
    const preview = figure.getByRole("tabpanel", { name: "For a web page" }).locator("path-patching");
    await expect(preview.locator(".verdict")).toHaveText(VERDICT);
    // Another title draws nothing else anew.
    await preview.locator(".circuit").evaluate((circuit) => circuit.setAttribute("data-drawn", "before"));
    await figure.getByRole("textbox", { name: "Title" }).fill("Mine");
    await expect(preview.locator(".top h2")).toHaveText("Mine");
    await expect(preview.locator(".circuit[data-drawn]")).toHaveCount(1);
    await figure.getByRole("checkbox", { name: "Prompts" }).uncheck();
    await expect(preview.locator(".prompt")).toBeHidden();
    await figure.getByRole("checkbox", { name: "Grids" }).check();
    await expect(preview.getByRole("grid", { name: "From head 0.3 into each head’s key" })).toBeVisible();
    await choose(figure, "Dark");
    await expect(preview.locator(".embedded")).toHaveCSS("color-scheme", "dark");

    const [html, frame, quarto, observable] = [await snippet(page, figure, "HTML"), await snippet(page, figure, "iframe"), await snippet(page, figure, "Quarto"), await snippet(page, figure, "Observable")];
    expect(html.length).toBeLessThan(60_000);
    // What Quarto writes: the raw block between its own elements.
    const [, raw] = /^```\{=html\}\n([\s\S]*)\n```\n$/.exec(quarto)!;
    const document = `<header id="title-block-header"><h1>A paper</h1></header><main class="content"><p>Before.</p>\n${raw}\n<p>After.</p></main>`;
    const cell = `<div id="cell"></div><script type="module">document.getElementById("cell").append(await (async () => ${observable.trim()})());</script>`;
    for (const [name, body] of Object.entries({ html, frame, document, cell })) {
      const post = await context.newPage();
      await post.goto(host.page(body));
      const shown = (name === "frame" ? post.frameLocator("iframe") : post).locator("path-patching");
      await expect(shown.locator(".verdict"), name).toHaveText(VERDICT);
      await expect(shown.locator(".top h2"), name).toHaveText("Mine");
      await expect(shown.locator(".embedded"), name).toHaveCSS("color-scheme", "dark");
      await expect(shown.getByRole("grid", { name: "From head 0.3 into each head’s key" }), name).toBeVisible();
      await post.close();
    }
    expect(host.asked.filter((path) => /wasm|worker|safetensors/.test(path))).toEqual([]);
  });

  test("a snippet with a file, and one that readers run", async ({ page, context }) => {
    await open(page);
    const figure = await dialog(page, "For a web page");
    await choose(figure, "In a file beside it");
    const waits = page.waitForEvent("download");
    await figure.getByRole("button", { name: "Save its file" }).click();
    const file = await waits;
    expect(file.suggestedFilename()).toBe("pathpatch-figure.json");
    const html = await snippet(page, figure, "HTML");
    expect(html).toContain('<path-patching src="pathpatch-figure.json">');
    const post = await context.newPage();
    const content = readFileSync(await file.path());
    await post.route("**/pathpatch-figure.json", (route) => route.fulfill({ contentType: "application/json", body: content }));
    await post.goto(host.page(html));
    await expect(post.locator("path-patching .verdict")).toHaveText(VERDICT);
    await post.close();

    await choose(figure, "None: readers run it");
    await expect(figure.locator("path-patching .circuit")).toHaveCount(0);
    const asked = await context.newPage();
    await asked.goto(host.page(await snippet(page, figure, "HTML")));
    await asked.locator("path-patching").getByRole("button", { name: "Explore it live" }).click();
    await expect(asked.locator("path-patching .embedded")).toHaveClass(/live/);
    await expect(asked.locator("path-patching .explanation .edge-body .edge-title")).toHaveText("0.3 → 1.3 key");
  });
});
