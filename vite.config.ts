import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The version of the whole project is in Cargo.toml. */
const version = /^version = "(.+)"/m.exec(readFileSync(at("Cargo.toml"), "utf8"))?.[1];
const WASM = at("www/src/wasm/engine_bg.wasm");
const MODELS = at("www/models");
/** Saved results that are shown without a model. */
const GALLERY = at("www/gallery");

/** Fixed file names for the package's modules and for the site's module that posts import. */
const NAMED: Record<string, string> = {
  pathpatch: "pathpatch.js",
  package: "lib/index.js",
  element: "lib/element.js",
  worker: "lib/worker.js",
  "bench-worker": "assets/bench-worker.js",
};

/**
 * Keeps the addresses of the worker and the wasm module in the form that other bundlers recognise: literally `new
 * Worker(new URL("./worker.js", import.meta.url), …)`. Vite would replace them by its own addresses, so placeholders stand
 * for them until the chunks are written.
 */
function literalUrls(): Plugin {
  const URLS = [
    [`new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })`, "__PATHPATCH_WORKER__", `new Worker(new URL("./worker.js", import.meta.url), { type: "module" })`],
    [`new URL("../wasm/engine_bg.wasm", import.meta.url)`, "__PATHPATCH_WASM__", `new URL("./engine_bg.wasm", import.meta.url)`],
  ] as const;
  return {
    name: "literal-urls",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith("/engine/start.ts")) return null;
      for (const [source] of URLS) {
        if (!code.includes(source)) this.error(`engine/start.ts: expected ${source}`);
      }
      return { code: URLS.reduce((text, [source, mark]) => text.replace(source, mark), code), map: null };
    },
    generateBundle(_, bundle) {
      this.emitFile({ type: "asset", fileName: "lib/engine_bg.wasm", source: readFileSync(WASM) });
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const [, mark, literal] of URLS) chunk.code = chunk.code.replaceAll(mark, literal);
      }
      const worker = bundle["lib/worker.js"];
      if (worker?.type !== "chunk" || worker.imports.length + worker.dynamicImports.length > 0) {
        this.error("lib/worker.js: expected a module without imports");
      }
    },
  };
}

/**
 * Keeps dynamic imports as they are. Vite would preload the imported modules by addresses that are wrong once another
 * bundler has processed the package.
 */
function plainImports(): Plugin {
  return {
    name: "plain-imports",
    apply: "build",
    enforce: "pre",
    load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
  };
}

/** Bytes that a run of each bundled model downloads, for a figure's poster. */
function bundledRunBytes(): Record<string, number> {
  const engine = existsSync(WASM) ? gzipSync(readFileSync(WASM)).length : 0;
  const size = (directory: string) =>
    readdirSync(directory).reduce((sum, name) => sum + (name.endsWith(".md") ? 0 : statSync(join(directory, name)).size), 0);
  return Object.fromEntries(readdirSync(MODELS).map((name) => [name, engine + size(join(MODELS, name))]));
}

export default defineConfig({
  root: at("www"),
  // Relative, so that dist/ works under any path.
  base: "./",
  // A missing file is a 404, as on any static host.
  appType: "mpa",
  publicDir: false,
  define: { PATHPATCH_VERSION: JSON.stringify(version), BUNDLED_RUN_BYTES: JSON.stringify(bundledRunBytes()) },
  build: {
    outDir: at("dist"),
    emptyOutDir: true,
    target: "es2022",
    // A kilobyte less than Vite's own, gzipped. No code asks how many parameters a function has, or makes one with `new`.
    minify: "terser",
    terserOptions: {
      module: true,
      compress: { passes: 3, ecma: 2020, inline: 1, keep_fargs: false, unsafe_arrows: true, unsafe_methods: true },
    },
    // The first versions with light-dark(), which a figure needs to follow the post or its own `theme`.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    license: { fileName: "licenses-npm.md" },
    rollupOptions: {
      input: {
        index: at("www/index.html"),
        embed: at("www/embed.html"),
        bench: at("www/bench.html"),
        "bench-worker": at("www/src/bench/worker.ts"),
        pathpatch: at("www/src/pathpatch.ts"),
        package: at("www/src/engine/pathpatch.ts"),
        element: at("www/src/embed/element.ts"),
        worker: at("www/src/engine/worker.ts"),
      },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: ({ name }) => NAMED[name] ?? "assets/[name]-[hash].js",
        // Chunks that the page shares with figures are part of the package. The hash in their names keeps a browser
        // from mixing old chunks with new ones after a deploy.
        chunkFileNames: "lib/chunk-[name]-[hash].js",
        // Few files for a saved figure: `pathpatch` has what every importer needs, `drawing` what every figure draws with.
        // Modules that are loaded together share a file, which compresses better: `run` has the views of results,
        // `styles` their looks in a figure.
        codeSplitting: {
          groups: [
            { name: "pathpatch", test: /src\/(engine\/(pathpatch|edges|error|assets|source)|core\/model-ref)\.ts|preload-helper/ },
            { name: "styles", test: /styles\/(controls|edge|extras)\.css/ },
            { name: "drawing", test: /src\/(app\/saved-run|core\/(chosen|sentence|bands)|views\/(circuit|tokens|edge\/sentence)|lib\/(dom|headline|measured|said|models|permalink|figure-parts|sheets))\.ts/ },
            { name: "bench-worker", test: /src\/bench\/(counts|random)\.ts/ },
            { name: "run", test: /src\/(views\/(edge\/edge|table|grids|scale)|lib\/run|app\/read-form)\.ts/ },
          ],
        },
      },
    },
  },
  plugins: [
    literalUrls(),
    plainImports(),
    {
      name: "copy-models-and-gallery",
      apply: "build",
      closeBundle: () => {
        cpSync(MODELS, at("dist/models"), { recursive: true });
        cpSync(GALLERY, at("dist/gallery"), { recursive: true });
      },
    },
  ],
  test: { root: at("www"), include: ["src/**/*.test.ts"] },
});
