// The notebook's widget as one module, for `cargo xtask python`.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import site from "../vite.config.js";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at("widget"),
  publicDir: false,
  define: site.define ?? {},
  build: {
    target: site.build?.target,
    cssTarget: site.build?.cssTarget,
    outDir: at("pathpatch/static"),
    emptyOutDir: true,
    license: { fileName: "THIRD-PARTY-LICENSES.md" },
    lib: { entry: at("widget/widget.ts"), formats: ["es"], fileName: () => "widget.js" },
    rolldownOptions: { output: { codeSplitting: false, minify: true } },
  },
});
