// A figure's own run, and looks at its edges, on a model that all figures of a page share.

import { checkForm, isWrong, readForm } from "../app/read-form";
import { bundledPath, type BundledName, type LoadedModel, originOf, pinned, textOf } from "../core/model-ref";
import { metricOptions, requestOf } from "../core/request";
import { begun, finished, madeNow, type Run } from "../core/run";
import { PathPatch, PathPatchError } from "../engine/pathpatch";
import { type Use, use } from "../engine/pool";
import type { EdgeDetail, EdgeName, Keeping, LoadProgress, PairPredictions } from "../engine/types";
import { formatBytes, formatLoading, formatProgress } from "../lib/format";
import { run } from "../lib/run";
import type { Question } from "./question";

/** How far it is; `total` is null where that is not known. */
export interface Progress {
  text: string;
  done: number;
  total: number | null;
}

export interface LiveEvents {
  onProgress: (progress: Progress) => void;
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

/** A figure's hold on its model: it may let go, and takes hold again when it needs it. */
export class Live {
  readonly #question: Question;
  readonly #site: string | null;
  readonly #workers: number | undefined;
  #use: Promise<Use> | null = null;

  constructor(question: Question, site: string | null, workers: number | undefined) {
    this.#question = question;
    this.#site = site;
    this.#workers = workers;
  }

  /** Run what is asked, with what both runs say next. */
  async run(signal: AbortSignal, events: LiveEvents): Promise<PairPredictions[]> {
    const { model: asked, settings, view } = this.#question;
    const say = (text: string) => events.onProgress({ text, done: 0, total: null });
    say("Starting");
    const { model, inTurn } = await this.#hold(signal, ({ loaded, total, ...progress }) => {
      events.onProgress({ text: formatLoading({ loaded, total, ...progress }), done: loaded, total });
    });
    events.onLoaded(model.keeping, isToBeKept(asked));
    say("Waiting for another figure of this page");
    return inTurn(async () => {
      const reading = await readForm(model, settings, signal);
      const { pairs, tokens, errors, rows } = isWrong(reading) ? reading : await checkForm(model, settings, reading, signal);
      const [error] = [...Object.values(errors).flat(), ...rows.map(({ pair, text }) => ({ text: `Pair ${pair + 1}: ${text}` }))];
      if (error) throw new Error(error.text);
      const request = requestOf({ ...asked, revision: model.keeping.revision, dModel: model.config.d_model }, settings, pairs, tokens);
      const made = madeNow(model.device);
      const id = ++runs;
      let grown: Run | undefined;
      const began = performance.now();
      const check = await run(model, settings, pairs, view, signal, ({ table, progress, sender, warnings }) => {
        // What still arrives after a cancel is dropped.
        if (signal.aborted) return;
        grown = grown ? { ...grown } : begun(id, request, table, sender, [...model.warnings, ...warnings], made);
        events.onRun(grown);
        if (progress) events.onProgress({ text: formatProgress(progress), done: progress.done, total: progress.total });
        else say("Running both prompts");
      });
      if (grown) events.onRun(finished(grown, check, (performance.now() - began) / 1e3));
      return model.predictions({ ...metricOptions(settings, pairs), signal });
    });
  }

  /** An edge in detail, on one of the run's pairs; first without, then with the effect of each position. */
  async look({ request }: Run, edge: EdgeName, pair: number, signal: AbortSignal, onDetail: (detail: EdgeDetail) => void): Promise<void> {
    const { model, inTurn } = await this.#hold(signal, () => {});
    const { settings, pairs } = request;
    const { direction, patch } = settings;
    const asked = { ...metricOptions(settings, pairs), pair, direction, patch, ...edge, signal };
    await inTurn(async () => {
      const found = await model.edgeDetail(asked);
      if (signal.aborted) return;
      onDetail(found);
      const { byPosition } = await model.edgeDetail({ ...asked, byPosition: true });
      if (!signal.aborted) onDetail({ ...found, byPosition });
    });
  }

  /** Leave the model to the others; it goes once nobody has held it for a while. */
  letGo(): void {
    void this.#use?.then(
      ({ letGo }) => letGo(),
      () => {},
    );
    this.#use = null;
  }

  async #hold(signal: AbortSignal, onProgress: (progress: LoadProgress) => void): Promise<Use> {
    const held = await this.#use;
    if (held && !held.model.isStopped) return held;
    this.#use = null;
    const { model } = this.#question;
    const ref = pinned(model);
    if (ref.kind === "files") throw new Error("model: expected one that can be loaded here, got files of somebody’s own");
    const name = ref.kind === "bundled" ? addressOf(ref.name, this.#site) : textOf(ref);
    const taken = await use(name, { keep: isToBeKept(model), workers: this.#workers, signal, onProgress });
    this.#use = Promise.resolve(taken);
    return taken;
  }
}

const isToBeKept = ({ ref }: LoadedModel): boolean => ref.kind !== "bundled";

/** Where a bundled model's files are. */
function addressOf(name: BundledName, site: string | null): string {
  if (site) return new URL(bundledPath(name), site).href;
  throw new Error(`${name}: expected the address of a pathpatch site, got none; set PathPatching.site or the attribute site`);
}
