import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { build } from "esbuild";

await build({
  entryPoints: { main: "named.js" },
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  logLevel: "warning",
});
copyFileSync("index.html", "dist/index.html");
mkdirSync("dist/pathpatch");
const { resolve } = createRequire(`${process.cwd()}/`);
for (const name of ["worker.js", "engine_bg.wasm"]) copyFileSync(resolve(`pathpatch/${name}`), `dist/pathpatch/${name}`);
