// Which product of matrices is fastest on an adapter, as an earlier load of this version has found it.

import { recall, remember } from "./remembered";

/** As in version.ts, which is the client's. */
declare const PATHPATCH_VERSION: string;

/** Names of products, by what they were found to be fastest for. */
export type Fastest = Record<string, string>;

/**
 * The key under which this browser's adapter is remembered; undefined without one. A browser tells the maker and the kind
 * of an adapter at most.
 */
export async function adapterKey(): Promise<string | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? `fastest/${PATHPATCH_VERSION}/${adapter.info?.vendor}/${adapter.info?.architecture}` : undefined;
}

/** What is remembered for an adapter. */
export async function recallFastest(adapter: string): Promise<Fastest> {
  try {
    const kept: object = JSON.parse((await recall(adapter)) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([, name]) => typeof name === "string"));
  } catch {
    // Another page of this origin has written something else there: the product is raced for anew.
    return {};
  }
}

/** Remember what was fastest, beside all else: another tab may have added to that in the meantime. */
export async function rememberFastest(adapter: string, found: Fastest): Promise<void> {
  await remember(adapter, JSON.stringify({ ...(await recallFastest(adapter)), ...found }));
}
