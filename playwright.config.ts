import { defineConfig } from "@playwright/test";
import { SITE, SITE_PORT } from "./tests/browser/site";
import { ENGINES, type EngineName } from "./tests/engines/engine";
import type { EngineOptions } from "./tests/engines/fixture";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** WebKit is tested only on Linux, which has WebKitGTK. */
const IS_LINUX = process.platform === "linux";
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const browser = (args: string[]) => ({ launchOptions: { executablePath: CHROMIUM, args } });

const engine = (engineName: EngineName) => ({ name: engineName, testDir: "tests/engines", use: { engineName } });
const WEBKIT_AS_IT_COMES = {
  name: "webkit without storage",
  testDir: "tests/engines",
  grep: /load again/,
  use: { engineName: "webkit" as const, hasStorage: false },
};

// The built site in Chromium, once without WebGPU and once with software WebGPU; then the most important tests in every
// engine.
export default defineConfig<EngineOptions>({
  testDir: "tests/browser",
  outputDir: "test-results",
  timeout: 120_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [["list"]],
  use: { baseURL: SITE },
  webServer: {
    command: `npx vite preview --port ${SITE_PORT} --strictPort`,
    url: `${SITE}/`,
    reuseExistingServer: false,
  },
  projects: [
    { name: "cpu", testIgnore: /webgpu/, use: browser(QUIET) },
    { name: "webgpu", testMatch: /webgpu/, use: browser([...QUIET, ...SWIFTSHADER]) },
    ...ENGINES.filter((name) => name !== "webkit" || IS_LINUX).map(engine),
    ...(IS_LINUX ? [WEBKIT_AS_IT_COMES] : []),
  ],
});
