// The gallery's saved results: every edge of each task that the page tells a story of, exactly, as the page saves it.
//
//     node tools/gallery/make.mjs OUT NAME=DIRECTORY [NAME=DIRECTORY …]
//
// NAME is how a link names the model (`ioi-demo`, `openai-community/gpt2`), DIRECTORY has its files. The results and the
// index of what is there are written into the directory OUT; what is there of other models stays. The page's own code
// makes them, in Chromium (CHROMIUM names it), from the sources as the development server gives them.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { createServer } from "vite";
import { commitOf } from "./commit.mjs";

/** Between two lines of progress where no terminal shows them in one place. */
const TELL_MS = 10_000;

const [out, ...models] = process.argv.slice(2);
if (!out || models.length === 0) throw new Error("expected OUT NAME=DIRECTORY, got too little");
const root = fileURLToPath(new URL("../..", import.meta.url));
const version = /^version = "(.+)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];
const named = models.map((text) => {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new Error(`expected NAME=DIRECTORY, got ${text}`);
  return { name: text.slice(0, at), directory: resolve(text.slice(at + 1)) };
});
for (const { name, directory } of named) checkFiles(name, directory);

const server = await createServer({
  root: join(root, "www"),
  configFile: false,
  appType: "mpa",
  // Not in node_modules, which may be shared or read-only.
  cacheDir: join(tmpdir(), `pathpatch-gallery-${process.pid}`),
  optimizeDeps: { noDiscovery: true },
  server: { port: 0, hmr: false, watch: null, fs: { allow: [root, ...named.map(({ directory }) => directory)] } },
  logLevel: "error",
});
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  const origin = server.resolvedUrls.local[0];
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  // As the build defines it.
  await page.addInitScript((version) => Object.assign(globalThis, { PATHPATCH_VERSION: version }), version);
  await page.goto(`${origin}blank.html`);
  await page.exposeFunction("tell", tellerOf(TELL_MS));
  mkdirSync(out, { recursive: true });
  for (const { name, directory } of named) await makeAll(page, origin, name, directory);
} finally {
  await browser.close();
  await server.close();
}

/** What loading needs, in words that say where to get it. */
function checkFiles(name, directory) {
  const isThere = (...files) => files.every((file) => existsSync(join(directory, file)));
  const needed = [
    ["config.json", isThere("config.json")],
    ["model.safetensors", isThere("model.safetensors") || isThere("model.safetensors.index.json")],
    ["tokenizer.json (or vocab.json with merges.txt)", isThere("tokenizer.json") || isThere("vocab.json", "merges.txt")],
  ];
  const missing = needed.flatMap(([file, isThere]) => (isThere ? [] : [file]));
  if (missing.length === 0) return;
  const from = name.includes("/") ? `: download it from https://huggingface.co/${name}/tree/main` : "";
  console.error(`${directory}: expected the files of ${name}, got none called ${missing.join(", ")}${from}`);
  process.exit(1);
}

/** Prints how far it is: in one place on a terminal, else now and then. */
function tellerOf(pause) {
  let last = performance.now();
  return (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  ${text}`);
    else if (performance.now() - last > pause) {
      last = performance.now();
      console.error(`  ${text}`);
    }
  };
}

/** Every told task of one model. */
async function makeAll(page, origin, name, directory) {
  const began = performance.now();
  const at = { maker: `${origin}@fs${root}tools/gallery/make.ts`, refs: `${origin}src/core/model-ref.ts`, files: `${origin}@fs${directory}/` };
  const revision = commitOf(directory);
  const tasks = await page.evaluate(async ({ maker, refs, files, name, revision }) => {
    const [{ load }, { refOfLink }] = await Promise.all([import(maker), import(refs)]);
    return load(files, refOfLink(name, document.baseURI), revision, "auto");
  }, { ...at, name, revision });
  console.log(`${name}: loaded in ${seconds(began)}, ${tasks.length} tasks`);
  for (const task of tasks) {
    const start = performance.now();
    const { json, edges } = await page.evaluate(async ({ maker, task }) => {
      const { make } = await import(maker);
      return make(task, window.tell);
    }, { ...at, task });
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    const file = `${fileName(name)}-${fileName(task.split(":")[0])}.json`;
    writeFileSync(join(out, file), json);
    addToIndex({ file, title: task, model: name, edges });
    console.log(`  ${file}: ${edges} edges in ${seconds(start)}, ${(gzipSync(json).length / 1e3).toFixed(1)} kB gzipped`);
  }
}

/** The index, with this result in its place or at the end. */
function addToIndex(entry) {
  const path = join(out, "index.json");
  const before = read(path);
  const at = before.findIndex(({ file }) => file === entry.file);
  const all = at < 0 ? [...before, entry] : before.with(at, entry);
  writeFileSync(path, `${JSON.stringify({ results: all }, null, 2)}\n`);
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).results;
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** `openai-community/gpt2` is `gpt2`. */
function fileName(text) {
  return text.split("/").at(-1).toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

function seconds(began) {
  return `${((performance.now() - began) / 1e3).toFixed(1)} s`;
}
