// A figure's own run, on a model that all figures of a page share.

import { readForm } from "../app/read-form";
import { bundledPath, type BundledName, type LoadedModel, originOf, pinned, textOf } from "../core/model-ref";
import { requestOf } from "../core/request";
import { begun, finished, madeNow, type Run } from "../core/run";
import { PathPatch, PathPatchError } from "../engine/pathpatch";
import { use } from "../engine/pool";
import type { Keeping } from "../engine/types";
import { formatBytes } from "../lib/format";
import { run } from "../lib/run";
import * as progressView from "../views/progress";
import type { Question } from "./question";

export interface LiveEvents {
  /** Whether the model is kept, and whether it was to be. */
  onLoaded: (keeping: Keeping, isToBeKept: boolean) => void;
  /** The one run, as it grows. */
  onRun: (run: Run) => void;
}

let runs = 0;

/** What the reader is asked before a run. */
export interface Download {
  /** `548 MB from huggingface.co`. */
  text: string;
  /** Whether the size was asked for: that of a server nobody has agreed to is not. */
  isSized: boolean;
}

/**
 * What a run would download from others; null where there is no need to ask. A server that is neither the Hub, the
 * post's nor the site's hears of a reader only once `hasPressed`.
 */
export async function downloadOf(
  model: LoadedModel,
  site: string | null,
  hasPressed: boolean,
  signal: AbortSignal,
): Promise<Download | null> {
  const ref = pinned(model);
  // The site's own need no asking; nobody but the reader has their own files.
  if (ref.kind === "bundled" || ref.kind === "files") return null;
  const from = originOf(ref);
  const isStranger = ref.kind === "address" && ![self.origin, site && new URL(site).origin].includes(new URL(ref.url).origin);
  if (isStranger && !hasPressed && !(await isNamed(ref.url))) return { text: `from ${from}`, isSized: false };
  const { kept, files } = await PathPatch.plan(textOf(ref), { signal });
  if (kept) return null;
  const bytes = files.reduce<number | null>((sum, file) => (sum === null || file.bytes === null ? null : sum + file.bytes), 0);
  return { text: bytes === null ? `size unknown, from ${from}` : `${formatBytes(bytes)} from ${from}`, isSized: true };
}

/** Whether this browser keeps something of the model; one that can keep nothing does not. */
async function isNamed(url: string): Promise<boolean> {
  try {
    const { models } = await PathPatch.keptModels();
    return models.some(({ title }) => title === url);
  } catch (error) {
    if (error instanceof PathPatchError && error.code === "unsupported") return false;
    throw error;
  }
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
  const ref = pinned(asked);
  try {
    if (ref.kind === "files") throw new Error("model: expected one that can be loaded here, got files of somebody’s own");
    const isToBeKept = ref.kind !== "bundled";
    const shown = await use(ref.kind === "bundled" ? addressOf(ref.name, site) : textOf(ref), {
      keep: isToBeKept,
      signal,
      onProgress: (progress) => showProgress(progressView.ofLoad(progress)),
    });
    try {
      const { model } = shown;
      events.onLoaded(model.keeping, isToBeKept);
      say("Waiting for another figure of this page");
      await shown.inTurn(async () => {
        const { pairs, tokens, errors } = await readForm(model, settings, signal);
        const [error] = Object.values(errors).flat();
        if (error) throw new Error(error.text);
        const request = requestOf({ ...asked, revision: model.keeping.revision, dModel: model.config.d_model }, settings, pairs, tokens);
        const made = madeNow(model.device.kind);
        const id = ++runs;
        let grown: Run | undefined;
        const check = await run(model, settings, pairs, view, signal, ({ table, progress, sender, warnings }) => {
          // What still arrives after a cancel is dropped.
          if (signal.aborted) return;
          grown = grown ? { ...grown } : begun(id, request, table, sender, [...model.warnings, ...warnings], made);
          events.onRun(grown);
          if (progress) showProgress(progressView.ofRun(progress));
        });
        if (grown) events.onRun(finished(grown, check));
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

/** Where a bundled model's files are. */
function addressOf(name: BundledName, site: string | null): string {
  if (site) return new URL(bundledPath(name), site).href;
  throw new Error(`${name}: expected the address of a pathpatch site, got none; set PathPatching.site or the attribute site`);
}
