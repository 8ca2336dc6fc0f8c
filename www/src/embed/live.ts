// A figure's own run, on a model that all figures of a page share.

import { readForm } from "../app/read-form";
import { nameOf, refOfLink } from "../core/model-ref";
import { requestOf } from "../core/request";
import { begun, finished, type Run } from "../core/run";
import { PathPatch } from "../engine/pathpatch";
import { use } from "../engine/pool";
import { workerSource } from "../engine/source";
import { formatBytes } from "../lib/format";
import { BUNDLED } from "../lib/models";
import type { Shared } from "../lib/permalink";
import { run } from "../lib/run";
import { VERSION } from "../version";
import * as progressView from "../views/progress";

export interface LiveEvents {
  /** The one run, as it grows. */
  onRun: (run: Run) => void;
}

let runs = 0;

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
        const { pairs, tokens, errors } = await readForm(model, settings, signal);
        const [error] = Object.values(errors).flat();
        if (error) throw new Error(error.text);
        const ref = refOfLink(shared.model, document.baseURI);
        const loaded = { ref, name: nameOf(ref), revision: model.keeping.revision };
        const request = requestOf(loaded, settings, pairs, tokens);
        const made = { by: `pathpatch ${VERSION}`, at: new Date().toISOString(), device: model.device.kind };
        const id = ++runs;
        let grown: Run | undefined;
        await run(model, settings, pairs, view, signal, ({ result, sweep, source, warnings }) => {
          grown = grown ? { ...grown, grown: grown.grown + 1 } : begun(id, request, result, source, warnings, made);
          events.onRun(grown);
          if (sweep) showProgress(progressView.ofSweep(sweep));
        });
        if (grown) events.onRun(finished(grown));
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
