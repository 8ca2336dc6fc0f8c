// What index.html promises of itself.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../index.html", import.meta.url), "utf8");

test("the one script that is not a file is the one that the page's policy names", () => {
  const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text!);
  const hashes = scripts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  expect(hashes).toHaveLength(1);
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page)!;
  expect(policy!.match(/'sha256-[^']*'/g)).toEqual(hashes);
});

test("every element that the page's code looks for by its id is there once", () => {
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  expect(new Set(ids).size).toBe(ids.length);
  for (const file of ["app/draw.ts", "app/shell.ts"]) {
    const code = readFileSync(new URL(`./${file}`, import.meta.url), "utf8");
    const asked = [...code.matchAll(/elementById(?:<\w+>)?\("([^"]+)"\)/g)].map(([, id]) => id!);
    expect(ids).toEqual(expect.arrayContaining(asked));
  }
});
