// The page's start: load the bundled model, then hand over to the explorer; other models on request.
//
// What follows the # of the address is a link's: model, prompts, settings, view. A link's model is loaded at once
// where it is bundled or kept in this browser; else the reader is asked first, because it comes from others.

import { type KeptModel, type ModelSource, PathPatch, PathPatchError, type Plan } from "./engine/pathpatch";
import type { DeviceChoice, ErrorCode } from "./engine/types";
import { type Explorer, explore } from "./explorer";
import { at, element, messageOf } from "./lib/dom";
import { BUNDLED } from "./lib/models";
import { bundledTour, hasSeenTour, tourIsSeen } from "./lib/tour";
import * as modelsView from "./views/models";
import * as progressView from "./views/progress";
import * as tourView from "./views/tour";

let model: PathPatch | undefined;
let explorer: Explorer | undefined;
/** The load under way, or the last one. */
let loading = new AbortController();
/** What the progress bar's buttons do: they belong to whoever showed progress last. */
let onCancel = (): void => loading.abort();
let onRunAgain = (): void => {};
/** What a link asks for, until a model is there to show it on. */
let pending = new URLSearchParams();
/** The latest question about a model; only its answer counts. */
let asking = new AbortController();
let models: modelsView.ModelsData = { plan: null, kept: [], space: null, error: "", isLoading: false };

const showProgress = progressView.create(at("progress"), {
  onCancel: () => onCancel(),
  onRunAgain: () => onRunAgain(),
});
const showModels = modelsView.create(at("models"), {
  onChoice: (source) => void plan(source),
  onLoad: (source) => void load(source, pending),
  onDelete: (kept) => void remove(kept),
});

function update(changed: Partial<modelsView.ModelsData>): void {
  models = { ...models, ...changed };
  showModels(models);
}

const codeOf = (error: unknown): ErrorCode | undefined => (error instanceof PathPatchError ? error.code : undefined);

/** What belongs to no field. A cancel is no failure, and can be taken back; a lost device or engine is begun anew. */
function fail(error: unknown, source: ModelSource): void {
  const code = codeOf(error);
  at("failure").textContent = code === "cancelled" ? "" : messageOf(error);
  const isLost = model !== undefined && (code === "device" || code === "engine");
  if (isLost) onRunAgain = () => void load(source, new URLSearchParams(location.hash.slice(1)));
  showProgress({ state: isLost ? "lost" : code === "cancelled" ? "stopped" : "idle" });
}

/** Say what loading a model would take. */
async function plan(source: ModelSource | null): Promise<void> {
  asking.abort();
  const mine = new AbortController();
  asking = mine;
  update({ plan: null, error: "" });
  const isAtHand = source === null || source === BUNDLED.source || isFiles(source);
  if (isAtHand) return;
  let planned: Plan | null = null;
  let error = "";
  try {
    planned = await PathPatch.plan(source, { signal: mine.signal });
  } catch (thrown) {
    error = messageOf(thrown);
  }
  if (asking === mine) update({ plan: planned, error });
}

const isFiles = (source: ModelSource): boolean => typeof source === "object" && "files" in source;

/** What this browser keeps; a browser that can keep nothing has nothing to show. */
async function showKept(): Promise<void> {
  try {
    const { models: kept, space } = await PathPatch.keptModels();
    update({ kept, space });
  } catch (error) {
    if (codeOf(error) !== "unsupported") throw error;
  }
}

async function remove(kept: KeptModel): Promise<void> {
  try {
    await PathPatch.removeModel(kept.id);
    await showKept();
  } catch (error) {
    update({ error: messageOf(error) });
  }
}

/** `?device=cpu` or `?device=webgpu` overrides the choice. */
function deviceFromUrl(): DeviceChoice {
  return (new URL(location.href).searchParams.get("device") ?? "auto") as DeviceChoice;
}

function describe(source: ModelSource, { config, device, keeping }: PathPatch): string {
  const adapter = device.adapter ? ` (${device.adapter})` : "";
  const on = device.kind === "webgpu" ? `WebGPU${adapter}` : "the CPU";
  const shape = `${config.n_layers} layers × ${config.n_heads} heads`;
  const kept = source === BUNDLED.source ? "" : keeping.kept ? "; kept in this browser" : `; not kept: ${keeping.reason}`;
  return `${nameOf(source)}: ${shape}, on ${on}: ${device.reason}${kept}`;
}

function nameOf(source: ModelSource): string {
  if (source === BUNDLED.source) return "ioi-demo";
  if (typeof source !== "object" || source instanceof URL) return String(source);
  return "repo" in source ? source.repo : "your files";
}

/** Load a model in place of the one that is there, which stays until the new one is ready. */
async function load(source: ModelSource, params = new URLSearchParams()): Promise<void> {
  loading.abort();
  const mine = new AbortController();
  loading = mine;
  explorer?.cancel();
  onCancel = () => mine.abort();
  onRunAgain = () => void load(source, params);
  const before = at("status").textContent;
  at("status").textContent = `Loading ${nameOf(source)} …`;
  at("failure").textContent = "";
  update({ isLoading: true });
  showProgress({ state: "running", text: "Starting", done: 0, total: null });
  try {
    const loaded = await PathPatch.load(source, {
      device: deviceFromUrl(),
      keep: source !== BUNDLED.source,
      signal: mine.signal,
      onProgress: (progress) => {
        if (loading === mine) showProgress(progressView.ofLoad(progress));
      },
    });
    if (loading !== mine) {
      loaded.dispose();
      return;
    }
    pending = new URLSearchParams();
    at("board").replaceChildren();
    explorer?.close();
    model?.dispose();
    model = loaded;
    at("status").textContent = describe(source, loaded);
    at("status").dataset.device = loaded.device.kind;
    explorer = open(loaded, source, params);
    explorer.run();
  } catch (error) {
    if (loading !== mine) return;
    at("status").textContent = model ? before : `${nameOf(source)} is not loaded.`;
    fail(error, source);
  } finally {
    if (loading === mine) update({ isLoading: false });
  }
  if (source !== BUNDLED.source) {
    await showKept();
    await plan(source);
  }
}

function open(loaded: PathPatch, source: ModelSource, params: URLSearchParams): Explorer {
  const isBundled = source === BUNDLED.source;
  const text = linkOf(source);
  const subject = {
    model: loaded,
    name: nameOf(source),
    source: isBundled ? new URL(BUNDLED.source, document.baseURI).href : text,
    shared: isBundled ? undefined : (text ?? FILES),
  };
  const opened = explore(subject, params, {
    showProgress: (data) => {
      onCancel = opened.cancel;
      onRunAgain = opened.run;
      showProgress(data);
    },
    fail: (error) => fail(error, source),
  });
  const around = at<HTMLButtonElement>("show-around");
  around.hidden = !isBundled;
  around.onclick = () => showAround(opened);
  if (isBundled && params.size === 0 && !hasSeenTour()) showAround(opened);
  else at("tour").replaceChildren();
  return opened;
}

function showAround(opened: Explorer): void {
  tourView.start(at("tour"), bundledTour(opened.look), tourIsSeen);
}

/** How an address names files of the reader's own: enough to say what is missing. */
const FILES = "files";

/** How a link names a model; null for files of the reader's own. */
function linkOf(source: ModelSource): string | null {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (!("repo" in source)) return null;
  return source.revision ? `${source.repo}@${source.revision}` : source.repo;
}

/** Whether this browser keeps a model that a link names, so that nobody has to be asked for it. */
async function isKept(named: string): Promise<boolean> {
  await showKept();
  const [title, revision = ""] = named.split("@");
  return models.kept.some((kept) => kept.complete && kept.title === title && (kept.revision ?? "").startsWith(revision));
}

async function start(): Promise<void> {
  update({});
  const params = new URLSearchParams(location.hash.slice(1));
  const asked = params.get("model");
  if (asked === null) {
    await load(BUNDLED.source, params);
    // Only now: what is kept is of no use to a reader who waits for the first grid.
    await showKept();
  } else if (asked === FILES) {
    pending = params;
    at("status").textContent = "This link is about files of your own: choose them again.";
  } else if (await isKept(asked)) await load(asked, params);
  else {
    at("status").textContent = `This link is about ${asked}, which is not in this browser yet.`;
    const go = element("button", { type: "button", class: "primary" }, `Load ${asked}`);
    const ask = element("p", { class: "tools" }, go, " It is downloaded from where its name says, and kept here.");
    pending = params;
    at("board").replaceChildren(ask);
    go.addEventListener("click", () => {
      void load(asked, params);
    });
  }
}

// A link that is followed within the page, or the reader's own edit of the address; our own updates make no event.
addEventListener("hashchange", () => location.reload());

void start();
