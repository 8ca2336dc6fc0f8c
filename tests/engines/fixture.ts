// A test with a browser of the project's engine, which also fails if the page writes an error to the console.

import { test as base, expect } from "@playwright/test";
import { openChromium } from "./chromium";
import type { Engine, EngineName } from "./engine";
import { openFirefox } from "./firefox";
import { openWebkit } from "./webkit";

const { env } = process;
const CHROMIUM = env.CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = env.FIREFOX ?? "/usr/bin/firefox-esr";
const WEBKIT = {
  xvfbRun: env.XVFB_RUN ?? "xvfb-run",
  driver: env.WEBKIT_DRIVER ?? "/usr/bin/WebKitWebDriver",
  browser: env.WEBKIT ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
};

export interface EngineOptions {
  engineName: EngineName;
  /** Whether the browser has `navigator.storage`; only WebKitGTK may lack it. */
  hasStorage: boolean;
}

export const test = base.extend<EngineOptions & { engine: Engine }>({
  engineName: ["chromium", { option: true }],
  hasStorage: [true, { option: true }],
  engine: async ({ engineName, hasStorage }, use, { title }) => {
    const open = {
      chromium: () => openChromium(CHROMIUM),
      firefox: () => openFirefox(FIREFOX),
      webkit: () => openWebkit(WEBKIT, hasStorage),
    };
    const engine = await open[engineName]();
    try {
      await use(engine);
      await engine.screenshot(`test-results/${engineName}-${title.replace(/\W+/g, "-")}.png`);
      expect(engine.complaints() ?? []).toEqual([]);
    } finally {
      await engine.close();
    }
  },
});

export { expect };
