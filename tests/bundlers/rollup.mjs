import { copyFileSync } from "node:fs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { importMetaAssets } from "@web/rollup-plugin-import-meta-assets";
import { rollup } from "rollup";

const bundle = await rollup({
  input: "main.js",
  plugins: [nodeResolve({ browser: true }), importMetaAssets()],
  onwarn: ({ message }) => {
    throw new Error(message);
  },
});
await bundle.write({ dir: "dist", format: "es" });
copyFileSync("index.html", "dist/index.html");
