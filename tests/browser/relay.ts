// The Hub's address, which the page has built in, answered by a test's server.

import type { Route } from "@playwright/test";
import type { Hub } from "./hub";

/** Answer a request to the Hub from the server. One that the page has given up meanwhile, as on a reload, needs no answer. */
export async function relay(route: Route, hub: Hub): Promise<void> {
  const { pathname, search } = new URL(route.request().url());
  try {
    await route.fulfill({ response: await route.fetch({ url: `${hub.url}${pathname}${search}` }) });
  } catch (error) {
    if (!/disposed|has been closed/.test(String(error))) throw error;
  }
}
