import { defineConfig } from "@playwright/test";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const browser = (args: string[]) => ({ launchOptions: { executablePath: CHROMIUM, args } });

// The built site in Chromium, once without WebGPU and once with it in software.
export default defineConfig({
  testDir: "tests/browser",
  outputDir: "test-results",
  timeout: 120_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [["list"]],
  use: { baseURL: "http://localhost:4173" },
  webServer: {
    command: "npx vite preview --port 4173 --strictPort",
    url: "http://localhost:4173/",
    reuseExistingServer: false,
  },
  projects: [
    { name: "cpu", testIgnore: /webgpu/, use: browser(QUIET) },
    { name: "webgpu", testMatch: /webgpu/, use: browser([...QUIET, ...SWIFTSHADER]) },
  ],
});
