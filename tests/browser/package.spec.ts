// The site as an npm package: what is in it, and that its types hold for TypeScript of someone else's.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "./test";

test("the package has what its entry needs, and nothing but what is built", () => {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: "dist", encoding: "utf8" }));
  const files: string[] = packed.files.map(({ path }: { path: string }) => path);
  const { exports, version } = JSON.parse(readFileSync("dist/package.json", "utf8"));
  expect(packed.id).toBe(`pathpatch@${version}`);
  for (const path of [...Object.values<string>(exports["."]).map((p) => p.slice(2)), "LICENSE-MIT", "models/ioi-demo/model.safetensors"]) {
    expect(files).toContain(path);
  }
  expect(files.filter((path) => /\.wasm$/.test(path))).toHaveLength(1);
});

test("its types hold by themselves", () => {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--lib", "ES2022,DOM,DOM.Iterable", "--module", "ESNext", "--moduleResolution", "bundler", "--target", "ES2022", "--types", ""];
  execFileSync("npx", ["tsc", "--ignoreConfig", ...options, "tests/consumer/consumer.ts"], { encoding: "utf8", stdio: "pipe" });
});
