// What the page knows, and all that can happen to it. Plain data: no elements, no engine, no timers.

import type { LoadedModel, ModelRef } from "../core/model-ref";
import type { KnownDetail, Run } from "../core/run";
import type { Look } from "../core/view";
import type {
  Config,
  DeviceReport,
  EdgeDetail,
  EdgeName,
  EdgesCheck,
  EdgesUpdate,
  Keeping,
  KeptModel,
  LoadProgress,
  PairPredictions,
  Plan,
  Space,
  Warning,
} from "../engine/types";
import type { Recent } from "../lib/recent";
import type { Settings, View } from "../lib/settings";
import type { Notes, RowNote } from "../core/notes";
import type { Checked } from "./read-form";

/** A model to load: its name, and the files where they are the reader's own. */
export interface Choice {
  ref: ModelRef;
  files: File[];
}

export interface Loaded {
  choice: Choice;
  model: LoadedModel;
  config: Config;
  device: DeviceReport;
  keeping: Keeping;
  warnings: Warning[];
}

/** What a link, or the list of runs, asks for. */
export interface Wanted {
  settings: Settings;
  view: View;
}

/** What the page's box for models holds. */
export interface Box {
  /** Which of the models that are offered. */
  id: string;
  address: string;
  revision: string;
  files: File[];
}

/** What loading the choice in the box would take, as far as that is known. */
export interface Planning {
  box: Box;
  choice: Choice | null;
  isAsking: boolean;
  plan: Plan | null;
  /** Why nothing could be learnt; the model may be loaded all the same. */
  error: string;
}

export interface LoadJob {
  choice: Choice;
  /** What a link asks for, once the model is there. */
  wanted: URLSearchParams | null;
  progress: LoadProgress | null;
  /** How much of each file has come. */
  received: Record<string, number>;
  /** Whether a saved result was opened meanwhile, which then stays on screen. */
  isBehind: boolean;
}

export interface RunJob {
  /** The run that it is. */
  id: number;
  /** Null until its estimates are there. */
  progress: EdgesUpdate["progress"] | null;
}

/** What no field is to blame for, and what the one button beside it does: `reload` is for a lost engine's own model. */
export interface Failure {
  text: string;
  /** The words of the error, where the text says it more plainly. */
  more?: string;
  retry: "load" | "reload" | "run" | null;
}

export type Detail =
  | { state: "none" }
  | { state: "waiting"; edge: EdgeName }
  | { state: "failed"; edge: EdgeName; message: string }
  | { state: "there"; edge: EdgeName; run: Run; pair: number; detail: EdgeDetail };

export interface State {
  loaded: Loaded | null;
  /** The load under way. */
  load: LoadJob | null;
  /** What was loaded, or was tried, last: what "again" loads. */
  tried: Pick<LoadJob, "choice" | "wanted"> | null;
  /** A model that is not here, named by a link or, where nothing is wanted of it, by the reader: who is asked first. */
  offer: { choice: Choice; wanted: URLSearchParams | null } | null;
  planning: Planning;
  kept: KeptModel[];
  space: Space | null;

  /** The form. */
  draft: Settings;
  /** The model that the form asks: that of the saved result on screen; null where it is the loaded one. */
  formOf: ModelRef | null;
  /** Whether its last change may be followed by another at once, as while typing. */
  isTyping: boolean;
  /** The form before each of the last changes, the newest last; typing in one field is one change. */
  before: readonly Settings[];
  /** The fields of the last change where it was typed: more letters there belong to the same change. */
  typed: string | null;
  /** What the model read in the form. */
  reading: Checked | null;
  /** What both runs say next, and of which question. */
  predictions: { of: Settings; pairs: readonly PairPredictions[] } | null;
  /** The form asks what would take long, and waits to be asked; null where nothing waits. */
  needsRun: { seconds: number | null } | null;
  /** How many times the reader has asked for a run. */
  asks: number;

  /** The run on screen. */
  run: Run | null;
  /** The run under way: that on screen, or the next one until its estimates are there. */
  job: RunJob | null;
  /** Whether the reader stopped the last run, or the last load. */
  stopped: "run" | "load" | null;
  view: View;
  look: Look | null;
  detail: Detail;
  /** Edges of this run that were looked at before; the latest last. */
  seen: readonly KnownDetail[];

  /** The step of the walk through the run, from 0; null where nobody is on it. */
  tour: number | null;
  /** Whether this browser has not been here before. */
  isNew: boolean;

  failure: Failure | null;
  recent: Recent[];
}

export type Action =
  | { type: "edit"; change: Partial<Settings>; isTyping: boolean }
  /** The form as it was before the last change. */
  | { type: "undo" }
  /** Run what the form says, however long it takes. */
  | { type: "ask" }
  | { type: "want"; wanted: Wanted }
  | { type: "look"; change: Partial<View> }
  | { type: "read"; reading: Checked }
  | { type: "predicted"; of: Settings; pairs: readonly PairPredictions[] }
  | { type: "needs-run"; seconds: number | null }
  /** Actions about a run that is no longer under way are dropped. */
  | { type: "run-begun"; id: number }
  | { type: "run-estimated"; run: Run }
  | { type: "run-grown"; job: RunJob }
  | { type: "run-done"; id: number; check: EdgesCheck | null; seconds?: number }
  /** What is asked is under way. */
  | { type: "run-awaited" }
  /** What is asked is on screen already. */
  | { type: "run-settled" }
  | { type: "run-stopped" }
  | { type: "run-refused"; notes: Notes; rows: RowNote[] }
  /** What is not of the run leaves it under way. */
  | { type: "failed"; failure: Failure; isOfRun: boolean }
  /** A file that could not be opened; a run under way goes on. */
  | { type: "file-refused"; text: string }
  | { type: "shown"; run: Run; wanted: Wanted }
  | { type: "detail"; detail: Detail }
  /** A step of the walk; null ends it. */
  | { type: "tour"; step: number | null }
  /** The reader knows that there is a walk. */
  | { type: "welcomed" }
  | { type: "load-begun"; choice: Choice; wanted: URLSearchParams | null }
  | { type: "load-grown"; progress: LoadProgress }
  | { type: "load-stopped" }
  | { type: "load-failed"; failure: Failure }
  | { type: "loaded"; loaded: Loaded; wanted: Wanted }
  | { type: "offered"; offer: State["offer"] }
  /** The reader has seen what is wrong. */
  | { type: "dismissed" }
  | { type: "planning"; planning: Partial<Planning> }
  | { type: "kept"; kept: KeptModel[]; space: Space | null }
  | { type: "recent"; recent: Recent[] };
