import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";
import { server } from "./python/tests/browser/server";

const { use } = tests.projects!.find(({ name }) => name === "cpu")!;
const PORT = 4640;

// The pictures of docs/screens/, taken anew of the built site and of a notebook: `cargo xtask screens`.
export default defineConfig({
  testDir: "tests/screens",
  outputDir: "test-results/screens",
  timeout: 120_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [["list"]],
  use: { ...use, baseURL: `http://localhost:${PORT}` },
  webServer: [
    { command: `npx vite preview --port ${PORT} --strictPort`, url: `http://localhost:${PORT}/`, reuseExistingServer: false },
    server("jupyter"),
  ],
});
