import { cpSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Cargo.toml has the version of the whole project. */
const version = /^version = "(.+)"/m.exec(readFileSync(at("Cargo.toml"), "utf8"))?.[1];

export default defineConfig({
  root: at("www"),
  // Relative, so that dist/ works under any path.
  base: "./",
  // A file that is not there is a 404, as on any static host.
  appType: "mpa",
  publicDir: false,
  define: { PATHPATCH_VERSION: JSON.stringify(version) },
  build: {
    outDir: at("dist"),
    emptyOutDir: true,
    target: "es2022",
    // These have light-dark(), which a figure needs to follow its own `theme`.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rollupOptions: {
      input: { index: at("www/index.html"), embed: at("www/embed.html"), pathpatch: at("www/src/pathpatch.ts") },
      preserveEntrySignatures: "strict",
      output: {
        // The module that other pages import keeps its name; the rest is named by content.
        entryFileNames: (chunk) =>
          chunk.name === "pathpatch" ? "pathpatch.js" : "assets/[name]-[hash].js",
      },
    },
  },
  worker: { format: "es" },
  plugins: [
    {
      name: "copy-models",
      apply: "build",
      closeBundle: () => cpSync(at("www/models"), at("dist/models"), { recursive: true }),
    },
  ],
  test: { root: at("www"), include: ["src/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
