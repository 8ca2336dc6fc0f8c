// One model, one set of settings, one run at a time: what is chosen in the views becomes a grid.

import { type Grid, type PathPatch, PathPatchError, type Token } from "./engine/pathpatch";
import type { ErrorCode } from "./engine/types";
import { at, element, messageOf } from "./lib/dom";
import { COMPONENTS, formatProgress, headName, METRICS } from "./lib/format";
import { presetsFor, type Settings } from "./lib/presets";
import { colours } from "./lib/scale";
import * as controlsView from "./views/controls";
import * as heatmapView from "./views/heatmap";
import * as legendView from "./views/legend";
import type { ProgressData } from "./views/progress";

/** After the last keystroke, before tokens and grid follow. */
const TYPING_PAUSE_MS = 300;

/** The mark in the browser's timeline by which the start is measured. */
const FIRST_GRID = "first-grid";

const HINT = "Point at a cell, or reach it with the arrow keys, to read its value.";

const FIELD_OF: Partial<Record<ErrorCode, controlsView.Field>> = {
  clean: "clean",
  corrupted: "corrupted",
  "prompt-length": "corrupted",
  answer: "answer",
  distractor: "distractor",
  source: "source",
  metric: "metric",
};

type Errors = controlsView.ControlsData["errors"];
type Tokens = controlsView.ControlsData["tokens"];

export interface ExplorerEvents {
  showProgress: (data: ProgressData) => void;
  /** Something failed, or was cancelled, that no field is to blame for. */
  fail: (error: unknown) => void;
}

export interface Explorer {
  /** Draw the grid of what is chosen. */
  run: () => void;
  cancel: () => void;
  /** Leave the page to another. */
  close: () => void;
}

/** Fill the page's views for a model; `run` draws the first grid. */
export function explore(model: PathPatch, { showProgress, fail }: ExplorerEvents): Explorer {
  const presets = presetsFor(model.config);
  const { name: _, source: __, ...first } = presets[0];
  let settings: Settings = first;
  /** The run under way; a new one takes its place. */
  let running = new AbortController();
  let typing: ReturnType<typeof setTimeout> | undefined;

  const change = (changed: Partial<Settings>) => {
    settings = { ...settings, ...changed };
    clearTimeout(typing);
  };
  const choose = (changed: Partial<Settings>) => {
    change(changed);
    void run();
  };
  const form = at<HTMLFormElement>("controls");
  const showControls = controlsView.create(form, presets, {
    onInput: (changed) => {
      change(changed);
      typing = setTimeout(run, TYPING_PAUSE_MS);
    },
    onChoice: choose,
  });
  const figure = at("figure");
  const readout = element("p", { class: "readout" }, HINT);
  const showHeatmap = heatmapView.create(figure, {
    onSource: (srcLayer, srcHead) => choose({ srcLayer, srcHead }),
    onReadout: (text) => {
      readout.textContent = text || HINT;
    },
  });
  figure.append(readout);
  const showLegend = legendView.create(figure);

  /** The form of some settings, with what is wrong; a grid of other settings is dimmed then. */
  const showForm = (tokens: Tokens, errors: Errors) => {
    showControls({ settings, config: model.config, tokens, errors });
    const isWrong = Object.keys(errors).length > 0;
    figure.classList.toggle("stale", isWrong);
    if (isWrong) showProgress({ state: "idle" });
    return isWrong;
  };

  const draw = (grid: Grid, drawn: Settings) => {
    const scale = colours(grid.values, grid.corruptedMetric);
    const source = { layer: drawn.srcLayer, head: drawn.srcHead };
    showHeatmap({ grid, colours: scale, source });
    showLegend({ colours: scale, title: METRICS[drawn.metric], cleanMetric: grid.cleanMetric });
    const name = `head ${headName(source.layer, source.head)}`;
    at("question").textContent = grid.mask.includes(1)
      ? `What ${name} writes into each later head’s ${COMPONENTS[drawn.component]}`
      : `No head comes after ${name}: it is in the last layer`;
    if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
  };

  /** Tokenise, show what is wrong, else sweep and draw. Only the latest run may touch the page. */
  async function run(): Promise<void> {
    running.abort();
    const controller = new AbortController();
    running = controller;
    const isLatest = () => running === controller;
    const mine = settings;
    const errors: Errors = {};
    const tokens = {
      clean: await tokenize(model, "clean", mine, errors),
      corrupted: await tokenize(model, "corrupted", mine, errors),
      answer: await tokenize(model, "answer", mine, errors),
      distractor: await tokenize(model, "distractor", mine, errors),
    };
    if (!isLatest()) return;
    at("failure").textContent = "";
    if (showForm(tokens, errors)) return;
    try {
      const grid = await model.getActPatchDirectPath({
        ...mine,
        answer: mine.answer || undefined,
        distractor: mine.distractor || undefined,
        signal: controller.signal,
        onProgress: (progress) => {
          if (!isLatest()) return;
          const { done, total } = progress;
          showProgress({ state: "running", text: formatProgress(progress), done, total });
        },
      });
      if (!isLatest()) return;
      draw(grid, mine);
      showProgress({ state: "idle" });
    } catch (error) {
      if (!isLatest()) return;
      const field = error instanceof PathPatchError ? FIELD_OF[error.code] : undefined;
      if (field) showForm(tokens, { [field]: fieldError(error) });
      else fail(error);
    }
  }

  const close = () => {
    clearTimeout(typing);
    running.abort();
    // Whatever still comes is not of the latest run.
    running = new AbortController();
    form.replaceChildren();
    figure.replaceChildren();
  };
  return { run: () => void run(), cancel: () => running.abort(), close };
}

/** The tokens of a field; none, and an error beside it, where it has no tokens. */
async function tokenize(
  model: PathPatch,
  field: controlsView.TextField,
  settings: Settings,
  errors: Errors,
): Promise<Token[]> {
  const isPrompt = field === "clean" || field === "corrupted";
  try {
    return await model.tokenize(settings[field], { prependBos: isPrompt && settings.prependBos });
  } catch (error) {
    errors[field] = fieldError(error);
    return [];
  }
}

function fieldError(error: unknown): controlsView.FieldError {
  const suggestion = error instanceof PathPatchError ? error.suggestion : undefined;
  return { text: messageOf(error), suggestion };
}
