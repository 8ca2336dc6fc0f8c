// Fuzzes links and saved results; `cargo xtask fuzz` runs it:
//
//     node fuzz/web/run.mjs SECONDS SEED
//
// Each kind has its own process, so that an input that hangs or runs out of memory is reported too.

import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const KINDS = ["link", "saved"];
/** The longest time that one input may take, in milliseconds. */
const SLOWEST = 5000;
const POLL = 100;
const FOUND = "target/fuzz";

const [seconds, seed] = process.argv.slice(2).map(Number);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
mkdirSync(FOUND, { recursive: true });
await build({
  configFile: false,
  logLevel: "error",
  define: { PATHPATCH_VERSION: JSON.stringify("fuzz") },
  build: { ssr: here("loop.ts"), outDir: `${FOUND}/web`, target: "node20", rollupOptions: { output: { entryFileNames: "loop.mjs" } } },
});

let failed = 0;
for (const kind of KINDS) {
  const current = `${FOUND}/${kind}.current`;
  const program = ["--max-old-space-size=1024", `${FOUND}/web/loop.mjs`];
  const loop = spawn("node", [...program, kind, String(seconds / KINDS.length), String(seed), current], { stdio: "inherit" });
  const began = Date.now();
  let isHanging = false;
  const watch = setInterval(() => {
    const last = statSync(current, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - Math.max(last, began) < SLOWEST) return;
    isHanging = true;
    loop.kill("SIGKILL");
  }, POLL);
  const code = await new Promise((resolve) => loop.on("exit", resolve));
  clearInterval(watch);
  if (code === 0) continue;
  failed += 1;
  const kept = `${FOUND}/${kind}-${seed}.txt`;
  copyFileSync(current, kept);
  const why = isHanging ? `took longer than ${SLOWEST / 1000} s` : `ended with ${code}`;
  console.error(`${kept}: ${why}: ${readFileSync(kept, "utf8").slice(0, 200)}`);
}
process.exitCode = failed ? 1 : 0;
