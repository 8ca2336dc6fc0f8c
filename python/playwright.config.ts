// The widget on pages of JupyterLab and marimo, in Chromium.

import { defineConfig } from "@playwright/test";
import { CHROMIUM, QUIET } from "../playwright.config";
import { type Kind, server, siteOf } from "./tests/browser/server";

const project = (name: Kind) => ({ name, testMatch: `${name}.spec.ts`, use: { baseURL: siteOf(name) } });

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "../test-results/notebooks",
  timeout: 120_000,
  expect: { timeout: 60_000 },
  workers: 1,
  reporter: [["list"]],
  use: { viewport: { width: 1280, height: 1000 }, launchOptions: { executablePath: CHROMIUM, args: QUIET } },
  webServer: [server("jupyter"), server("marimo")],
  projects: [project("jupyter"), project("marimo")],
});
