// A figure's own run: the model is loaded for it and let go after it.

import { PathPatch } from "../engine/pathpatch";
import { BUNDLED } from "../lib/models";
import { pairsOf } from "../lib/pairs";
import type { Shared } from "../lib/permalink";
import type { Result } from "../lib/result";
import { run } from "../lib/run";
import * as progressView from "../views/progress";
import type { TokensData } from "../views/tokens";
import { site } from "./site";

export interface LiveEvents {
  onTokens: (first: TokensData) => void;
  /** The one result, as it grows. */
  onResult: (result: Result) => void;
}

/** Run what is shared, with progress in `bar`; ends without an error when the reader cancels. */
export async function runLive(bar: HTMLElement, shared: Shared, gone: AbortSignal, events: LiveEvents): Promise<void> {
  const mine = new AbortController();
  const cancel = () => mine.abort();
  gone.addEventListener("abort", cancel);
  bar.replaceChildren();
  const showProgress = progressView.create(bar, { onCancel: cancel });
  showProgress({ state: "running", text: "Starting", done: 0, total: null });
  const { signal } = mine;
  let model: PathPatch | undefined;
  try {
    const source = shared.model ?? new URL(BUNDLED.path, site()).href;
    model = await PathPatch.load(source, {
      keep: shared.model !== undefined,
      signal,
      onProgress: (progress) => showProgress(progressView.ofLoad(progress)),
    });
    const { settings, view } = shared;
    const pairs = pairsOf(settings);
    const { prependBos } = settings;
    const tokens = (text: string) => model!.tokenize(text, { prependBos });
    events.onTokens({ clean: await tokens(pairs[0].clean), corrupted: await tokens(pairs[0].corrupted) });
    await run(model, settings, pairs, view, signal, ({ result, sweep }) => {
      events.onResult(result);
      if (sweep) showProgress(progressView.ofSweep(sweep));
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    gone.removeEventListener("abort", cancel);
    model?.dispose();
    showProgress({ state: "idle" });
  }
}
