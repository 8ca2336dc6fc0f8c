// The widget on pages of JupyterLab and marimo, in Chromium. PYTHON is one that has both, and the built wheel.

import { defineConfig } from "@playwright/test";
import { CHROMIUM, QUIET } from "../playwright.config";

const PYTHON = process.env.PYTHON ?? "python3";
const PORTS = { jupyter: 4176, marimo: 4177 } as const;

const project = (name: keyof typeof PORTS) => ({ name, testMatch: `${name}.spec.ts`, use: { baseURL: `http://localhost:${PORTS[name]}` } });

const server = (name: keyof typeof PORTS, path: string) => ({
  command: `${PYTHON} tests/notebooks.py ${name} ${PORTS[name]}`,
  url: `http://localhost:${PORTS[name]}${path}`,
  reuseExistingServer: false,
});

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "../test-results/notebooks",
  timeout: 120_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [["list"]],
  use: { viewport: { width: 1280, height: 1000 }, launchOptions: { executablePath: CHROMIUM, args: QUIET } },
  webServer: [server("jupyter", "/api"), server("marimo", "/")],
  projects: [project("jupyter"), project("marimo")],
});
