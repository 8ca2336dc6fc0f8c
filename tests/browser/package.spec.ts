// The npm package as its users get it: packed, installed, checked, and built by their bundlers.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import { startHost } from "./host";
import { expect, test } from "./test";

/** An empty project with the package installed. */
let project: string;
let tarball: string;
let packed: { id: string; size: number; files: { path: string }[] };

const run = (program: string, args: string[], cwd = project) => execFileSync(program, args, { cwd, encoding: "utf8", stdio: "pipe" });

test.beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "pathpatch-"));
  [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", project], "dist"));
  tarball = join(project, `${packed.id.replace("@", "-")}.tgz`);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--offline", tarball]);
});

test.afterAll(() => rmSync(project, { recursive: true }));

/** A copy of the app beside the installed package. */
function app(name: string): string {
  const folder = join(project, name);
  cpSync("tests/bundlers/app", folder, { recursive: true });
  return folder;
}

const siteInto = (folder: string) => cpSync("dist/models", join(folder, "site/models"), { recursive: true });

async function works(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.locator("body > output")).toHaveText("3 layers, 3 tokens");
  const figure = page.locator("path-patching");
  await expect(figure.getByRole("grid").first()).toBeVisible();
  await expect(figure.locator(".progress")).toHaveAttribute("data-state", "idle");
  await expect(figure.locator(".error")).toBeEmpty();
}

for (const bundler of ["vite", "webpack", "rollup", "esbuild"]) {
  test(`${bundler} builds an app that runs, below a path`, async ({ page }) => {
    const folder = app(bundler);
    run("node", [resolve(`tests/bundlers/${bundler}.mjs`)], folder);
    siteInto(join(folder, "dist"));
    const host = await startHost({ directory: join(folder, "dist") });
    try {
      await works(page, `${host.site}index.html`);
    } finally {
      await host.stop();
    }
  });
}

test("Vite's development server runs it", async ({ page }) => {
  const folder = app("vite-dev");
  siteInto(join(folder, "public"));
  const server: ChildProcess = spawn("node", [resolve("tests/bundlers/vite-dev.mjs")], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await new Promise<string>((done) => server.stdout!.once("data", (text) => done(String(text).trim())));
    await works(page, url);
  } finally {
    server.kill();
  }
});

test("Node imports both entries, as a server that renders pages does", () => {
  const script = 'const names = async (m) => Object.keys(await import(m)).sort().join(); console.log(await names("pathpatch"), await names("pathpatch/element"), await names("pathpatch/react"));';
  expect(run("node", ["--input-type=module", "--eval", script]).trim()).toBe("PathPatch,PathPatchError,setAssets PathPatching");
});

test("it contains what its entries need and licences, but not the site", () => {
  const files = packed.files.map(({ path }) => path);
  const { exports, version } = JSON.parse(readFileSync("dist/package.json", "utf8"));
  expect(packed.id).toBe(`pathpatch@${version}`);
  const entries = Object.values<string | Record<string, string>>(exports).flatMap((entry) => Object.values(typeof entry === "string" ? [entry] : entry));
  for (const path of [...entries.map((entry) => entry.slice(2)), "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.md", "README.md"]) {
    expect(files).toContain(path);
  }
  expect(files.filter((path) => /\.(wasm|html|safetensors)$/.test(path))).toEqual(["lib/engine_bg.wasm"]);
  const licences = readFileSync("dist/THIRD-PARTY-LICENSES.md", "utf8");
  for (const built of ["d3-dsv", "d3-selection", "Arimo", "burn", "tokenizers", "wasm-bindgen"]) expect(licences).toContain(`\n## ${built} `);
});

test("publint and Are the Types Wrong find nothing", () => {
  expect(run("npx", ["publint", "run", "--strict", resolve("dist")], ".")).toContain("All good!");
  const rest = ["worker.js", "engine_bg.wasm"].flatMap((entry) => ["--exclude-entrypoints", entry]);
  // This throws if it finds a problem.
  run("npx", ["attw", tarball, "--profile", "esm-only", ...rest], ".");
});

test("its types work in another TypeScript project, and in JSX", () => {
  const folder = join(project, "consumer");
  cpSync("tests/consumer", folder, { recursive: true });
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  for (const types of ["@types/react", "csstype"]) cpSync(join("node_modules", types), join(project, "node_modules", types), { recursive: true });
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--lib", "ES2022,DOM,DOM.Iterable", "--target", "ES2022", "--types", ""];
  for (const [module, resolution] of [["ESNext", "bundler"], ["NodeNext", "NodeNext"]] as const) {
    const how = ["--module", module, "--moduleResolution", resolution, "--jsx", "react-jsx"];
    run(resolve("node_modules/.bin/tsc"), ["--ignoreConfig", ...options, ...how, "consumer.ts", "react.tsx"], folder);
  }
});
