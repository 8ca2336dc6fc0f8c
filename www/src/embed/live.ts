// A figure's own run, on a model that all figures of a page share.

import { readForm } from "../app/read-form";
import { linkOf, type LoadedModel, originOf, pinned } from "../core/model-ref";
import { requestOf } from "../core/request";
import { begun, finished, type Run } from "../core/run";
import { PathPatch } from "../engine/pathpatch";
import { use } from "../engine/pool";
import { formatBytes } from "../lib/format";
import { BUNDLED } from "../lib/models";
import { run } from "../lib/run";
import { VERSION } from "../version";
import * as progressView from "../views/progress";
import type { Question } from "./mount";

export interface LiveEvents {
  /** The one run, as it grows. */
  onRun: (run: Run) => void;
}

let runs = 0;

/** What a run would download from others: `548 MB from huggingface.co`; null where there is no need to ask. */
export async function downloadOf(model: LoadedModel, signal: AbortSignal): Promise<string | null> {
  const ref = pinned(model);
  const name = linkOf(ref);
  if (name === undefined) return null;
  const { kept, files } = await PathPatch.plan(name, { signal });
  if (kept) return null;
  const from = originOf(ref);
  const bytes = files.reduce<number | null>((sum, file) => (sum === null || file.bytes === null ? null : sum + file.bytes), 0);
  return bytes === null ? `size unknown, from ${from}` : `${formatBytes(bytes)} from ${from}`;
}

/** Run what is shared, with progress in `bar`. False where the reader cancels. */
export async function runLive(
  bar: HTMLElement,
  { model: asked, settings, view }: Question,
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
  const name = linkOf(pinned(asked));
  try {
    const shown = await use(name ?? bundled(site), {
      keep: name !== undefined,
      signal,
      onProgress: (progress) => showProgress(progressView.ofLoad(progress)),
    });
    try {
      const { model } = shown;
      say("Waiting for another figure of this page");
      await shown.inTurn(async () => {
        const { pairs, tokens, errors } = await readForm(model, settings);
        const [error] = Object.values(errors).flat();
        if (error) throw new Error(error.text);
        const request = requestOf({ ...asked, revision: model.keeping.revision }, settings, pairs, tokens);
        const made = { by: `pathpatch ${VERSION}`, at: new Date().toISOString(), device: model.device.kind };
        const id = ++runs;
        let grown: Run | undefined;
        await run(model, settings, pairs, view, signal, ({ result, sweep, source, warnings }) => {
          // What is still on its way is nobody's.
          if (signal.aborted) return;
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
