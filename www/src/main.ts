// The page: one model, one set of settings, one run at a time. Views get data and say what was chosen.

import { type Grid, PathPatch, PathPatchError, type Token } from "./engine/pathpatch";
import type { DeviceChoice, ErrorCode } from "./engine/types";
import { COMPONENTS, formatBytes, headName, METRICS } from "./lib/format";
import { BUNDLED_MODEL, PRESETS, type Settings } from "./lib/presets";
import { colours } from "./lib/scale";
import * as controlsView from "./views/controls";
import * as heatmapView from "./views/heatmap";
import * as legendView from "./views/legend";
import * as progressView from "./views/progress";

/** After the last keystroke, before tokens and grid follow. */
const TYPING_PAUSE_MS = 300;

/** The mark in the browser's timeline by which the start is measured. */
const FIRST_GRID = "first-grid";

const FIELD_OF: Partial<Record<ErrorCode, controlsView.Field>> = {
  clean: "clean",
  corrupted: "corrupted",
  "prompt-length": "corrupted",
  answer: "answer",
  distractor: "distractor",
  source: "source",
  metric: "metric",
};

const at = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;

const { name: _, ...firstSettings } = PRESETS[0];
let settings: Settings = firstSettings;
let tokens: controlsView.ControlsData["tokens"] = { clean: [], corrupted: [] };
let errors: controlsView.ControlsData["errors"] = {};
/** The run under way; a new one takes its place. */
let running: AbortController | undefined;
let typing: ReturnType<typeof setTimeout> | undefined;

const showProgress = progressView.create(at("progress"), () => running?.abort());

void start();

async function start(): Promise<void> {
  at("status").textContent = `Loading ${BUNDLED_MODEL.name} …`;
  running = new AbortController();
  const { signal } = running;
  try {
    const model = await PathPatch.load(BUNDLED_MODEL.url, {
      device: deviceFromUrl(),
      signal,
      onProgress: ({ file, loaded, total }) => {
        const size = total === null ? "" : ` of ${formatBytes(total)}`;
        showProgress({ text: `${file}: ${formatBytes(loaded)}${size}`, done: loaded, total });
      },
    });
    open(model);
  } catch (error) {
    at("status").textContent = `${BUNDLED_MODEL.name} is not loaded. Reload the page to try again.`;
    showFailure(error);
  }
}

/** `?device=cpu` or `?device=webgpu` overrides the choice. */
function deviceFromUrl(): DeviceChoice {
  return (new URL(location.href).searchParams.get("device") ?? "auto") as DeviceChoice;
}

function open(model: PathPatch): void {
  const { config, device } = model;
  const on = device.kind === "webgpu" ? `WebGPU${device.adapter ? ` (${device.adapter})` : ""}` : "the CPU";
  at("status").textContent =
    `${BUNDLED_MODEL.name}: ${config.n_layers} layers × ${config.n_heads} heads, on ${on}: ${device.reason}`;
  at("status").dataset.device = device.kind;

  const change = (changed: Partial<Settings>) => {
    settings = { ...settings, ...changed };
    clearTimeout(typing);
  };
  const showControls = controlsView.create(at<HTMLFormElement>("controls"), {
    onInput: (changed) => {
      change(changed);
      typing = setTimeout(run, TYPING_PAUSE_MS);
    },
    onChoice: (changed) => {
      change(changed);
      void run();
    },
  });
  const figure = at("figure");
  const showHeatmap = heatmapView.create(figure, {
    onSource: (srcLayer, srcHead) => {
      change({ srcLayer, srcHead });
      void run();
    },
    onReadout: (text) => {
      readout.textContent = text || HINT;
    },
  });
  const readout = document.createElement("p");
  readout.className = "readout";
  readout.textContent = HINT;
  figure.append(readout);
  const showLegend = legendView.create(figure);
  const refreshControls = () => showControls({ settings, config, tokens, errors });

  const draw = (grid: Grid, drawn: Settings) => {
    const scale = colours(grid.values, grid.corruptedMetric);
    const source = { layer: drawn.srcLayer, head: drawn.srcHead };
    showHeatmap({ grid, colours: scale, source });
    showLegend({ colours: scale, title: METRICS[drawn.metric], cleanMetric: grid.cleanMetric });
    const into = COMPONENTS[drawn.component];
    at("question").textContent =
      `What head ${headName(source.layer, source.head)} writes into each later head’s ${into}`;
  };

  /** Tokenise, show what is wrong, else sweep and draw. */
  async function run(): Promise<void> {
    running?.abort();
    const controller = new AbortController();
    running = controller;
    const { signal } = controller;
    const mine = settings;
    errors = {};
    tokens = {
      clean: await tokenize("clean", mine),
      corrupted: await tokenize("corrupted", mine),
    };
    if (signal.aborted) return;
    refreshControls();
    at("failure").textContent = "";
    if (Object.keys(errors).length > 0) return;
    try {
      const grid = await model.getActPatchDirectPath({
        ...mine,
        answer: mine.answer || undefined,
        distractor: mine.distractor || undefined,
        signal,
        onProgress: ({ done, total }) => {
          if (running === controller) showProgress({ text: `${done} of ${total} edges`, done, total });
        },
      });
      if (running === controller) draw(grid, mine);
      if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
    } catch (error) {
      if (running === controller) report(error);
    } finally {
      if (running === controller) showProgress({ text: "", done: 0, total: 1 });
    }
  }

  async function tokenize(field: "clean" | "corrupted", { prependBos, ...texts }: Settings): Promise<Token[]> {
    try {
      return await model.tokenize(texts[field], { prependBos });
    } catch (error) {
      errors[field] = messageOf(error);
      return [];
    }
  }

  function report(error: unknown): void {
    const field = error instanceof PathPatchError ? FIELD_OF[error.code] : undefined;
    if (!field) {
      showFailure(error);
      return;
    }
    errors[field] = messageOf(error);
    refreshControls();
  }

  refreshControls();
  void run();
}

const HINT = "Point at a cell, or reach it with the arrow keys, to read its value.";

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function showFailure(error: unknown): void {
  at("failure").textContent = messageOf(error);
  showProgress({ text: "", done: 0, total: 1 });
}
