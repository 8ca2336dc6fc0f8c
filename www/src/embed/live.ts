// A figure's own run, on a model that all figures of a page share.

import { PathPatch } from "../engine/pathpatch";
import { use } from "../engine/pool";
import { workerSource } from "../engine/source";
import { formatBytes } from "../lib/format";
import { BUNDLED } from "../lib/models";
import { pairsOf } from "../lib/pairs";
import type { Shared } from "../lib/permalink";
import type { Result } from "../lib/result";
import { run } from "../lib/run";
import * as progressView from "../views/progress";
import type { TokensData } from "../views/tokens";

export interface LiveEvents {
  /** Of all pairs. */
  onTokens: (tokens: TokensData[]) => void;
  /** The one result, as it grows. */
  onResult: (result: Result) => void;
}

/** What a run would download from others: `548 MB from huggingface.co`; null where there is no need to ask. */
export async function downloadOf({ model }: Shared, signal: AbortSignal): Promise<string | null> {
  if (model === undefined) return null;
  const { kept, files } = await PathPatch.plan(model, { signal });
  if (kept) return null;
  const source = workerSource(model);
  const from = source.kind === "files" ? "files" : new URL(source.kind === "hub" ? source.hub : source.baseUrl).host;
  const bytes = files.reduce<number | null>((sum, file) => (sum === null || file.bytes === null ? null : sum + file.bytes), 0);
  return bytes === null ? `size unknown, from ${from}` : `${formatBytes(bytes)} from ${from}`;
}

/** Run what is shared, with progress in `bar`. False where the reader cancels. */
export async function runLive(
  bar: HTMLElement,
  shared: Shared,
  site: string | null,
  gone: AbortSignal,
  events: LiveEvents,
): Promise<boolean> {
  const mine = new AbortController();
  const signal = AbortSignal.any([gone, mine.signal]);
  bar.replaceChildren();
  const showProgress = progressView.create(bar, { onCancel: () => mine.abort() });
  const say = (text: string) => showProgress({ state: "running", text, done: 0, total: null });
  say("Starting");
  const { settings, view } = shared;
  try {
    const pairs = pairsOf(settings);
    const shown = await use(shared.model ?? bundled(site), {
      keep: shared.model !== undefined,
      signal,
      onProgress: (progress) => showProgress(progressView.ofLoad(progress)),
    });
    try {
      const { model } = shown;
      say("Waiting for another figure of this page");
      await shown.inTurn(async () => {
        signal.throwIfAborted();
        const { prependBos } = settings;
        const tokens = (text: string) => model.tokenize(text, { prependBos });
        const all: TokensData[] = [];
        for (const { clean, corrupted } of pairs) all.push({ clean: await tokens(clean), corrupted: await tokens(corrupted) });
        events.onTokens(all);
        await run(model, settings, pairs, view, signal, ({ result, sweep }) => {
          events.onResult(result);
          if (sweep) showProgress(progressView.ofSweep(sweep));
        });
      });
    } finally {
      shown.letGo();
    }
    return true;
  } catch (error) {
    if (!mine.signal.aborted) throw error;
    return false;
  } finally {
    showProgress({ state: "idle" });
  }
}

function bundled(site: string | null): string {
  if (site) return new URL(BUNDLED.path, site).href;
  throw new Error("the bundled model: expected the address of a pathpatch site, got none; set PathPatching.site or the attribute site");
}
