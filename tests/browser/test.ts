// Playwright's test, which also fails if the page writes an error to the console.

import { test as base, expect } from "@playwright/test";

export const test = base.extend<{ consoleStaysClean: void; expectedComplaints: RegExp | undefined }>({
  expectedComplaints: [undefined, { option: true }],
  consoleStaysClean: [
    async ({ page, expectedComplaints }, use) => {
      const complaints: string[] = [];
      page.on("console", (m) => {
        if (["error", "warning"].includes(m.type())) complaints.push(m.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await use();
      expect(complaints.filter((text) => !expectedComplaints?.test(text))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
