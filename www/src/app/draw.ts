// From the state to the views: each is drawn again only where what it shows has changed.

import { BUNDLED_REF, isSameModel, linkOf, nameOf, originOf } from "../core/model-ref";
import { warningNotes } from "../core/notes";
import type { DetailData } from "../core/props";
import type { ModelRef } from "../core/model-ref";
import type { Run } from "../core/run";
import { noiseOf } from "../core/table";
import type { KeptModel } from "../engine/types";
import { element, elementById } from "../lib/dom";
import { fromParams } from "../lib/permalink";
import { type Show, SHOWS } from "../core/view";
import { presetsFor } from "../lib/presets";
import { EXAMPLE, FIRST_LOOK, settingsOf, type View } from "../lib/settings";
import * as boardView from "../views/board";
import * as controlsView from "../views/controls";
import * as detailView from "../views/detail";
import * as dialogView from "../views/dialog";
import * as menuView from "../views/menu";
import * as modelChoiceView from "../views/model-choice";
import * as modelsView from "../views/models";
import * as offerView from "../views/offer";
import * as progressView from "../views/progress";
import * as segmentsView from "../views/segments";
import * as takeView from "../views/take";
import * as themeView from "../views/theme";
import * as tokensView from "../views/tokens";
import { isSameChoice } from "./choice";
import { isStale } from "./reduce";
import * as share from "./share";
import type { Action, Box, Loaded, State } from "./state";
import type { Store } from "./store";

/** Least pause between two drawings while values come, and the share of the time that drawing may take. */
const DRAWING_PAUSE_MS = 200;
const DRAWING_SHARE = 0.2;
/** The mark in the browser's timeline by which the start is measured. */
const FIRST_GRID = "first-grid";

export interface Events {
  say: (change: Partial<Box>) => void;
  remove: (kept: KeptModel) => void;
  open: (files: File[]) => void;
  openSaved: (file: File) => void;
  /** One of the models in the header was pressed. */
  chooseModel: (ref: ModelRef) => void;
  loadChosen: () => void;
  loadOffered: () => void;
  loadAgain: () => void;
  cancelLoad: () => void;
  runAgain: () => void;
  cancelRun: () => void;
  showTour: () => void;
}

export function draw(store: Store<State, Action>, events: Events): void {
  const { dispatch } = store;
  const look = (change: Partial<View>) => dispatch({ type: "look", change });
  const form = element("form", { id: "controls", autocomplete: "off", novalidate: true });
  const pair = element("div");
  elementById("question").append(pair, element("details", { id: "edit" }, element("summary", {}, "Edit prompts"), form));
  const showPair = tokensView.create(pair);
  const stale = ["picture", "edge", "share"].map((id) => elementById(id));

  const showModels = modelsView.create(elementById("models"), {
    onBox: events.say,
    onFiles: events.open,
    onLoad: events.loadChosen,
    onDelete: events.remove,
  });
  const showOffer = offerView.create(elementById("offer"), events.loadOffered);
  const [loadPlace, runPlace] = [element("div"), element("div")];
  elementById("progress").append(loadPlace, runPlace);
  const showLoad = progressView.create(loadPlace, { onCancel: events.cancelLoad, onAgain: events.loadAgain }, "loading");
  const showRun = progressView.create(runPlace, {
    onCancel: events.cancelRun,
    onAgain: () => (store.state().failure?.retry === "load" ? events.loadAgain() : events.runAgain()),
  });
  const pictures = PICTURES.map(({ show, parts }) => {
    const place = elementById(show);
    place.setAttribute("role", "tabpanel");
    place.setAttribute("aria-labelledby", `tab-${show}`);
    const hidden = new Set(boardView.PARTS.filter((part) => !parts.includes(part)));
    return { show, place, update: boardView.create(place, hidden, { onView: look }) };
  });
  const showViews = segmentsView.create<Show>(elementById("views"), "View", "tabs", (show) => look({ show }));
  const showChoice = modelChoiceView.create(elementById("model-choice"), { onModel: events.chooseModel, onOther: () => modelsDialog.showModal() });
  const modelsDialog = dialogView.create(elementById<HTMLDialogElement>("models-dialog"));
  const helpDialog = dialogView.create(elementById<HTMLDialogElement>("help-dialog"));
  elementById("help").addEventListener("click", () => helpDialog.showModal());
  themeView.create(elementById<HTMLButtonElement>("theme"));
  const shareMenu = menuView.create(elementById("share"), "Share");
  const showDetail = detailView.create(elementById("edge"), {
    onView: look,
    onPair: (pair) => look({ pair }),
  });
  const shown = () => {
    const { run, look: seen, view } = store.state();
    if (!run || !seen) throw new Error("result: expected one, got none yet");
    return { run, look: seen, view };
  };
  const base = document.baseURI;
  const showTake = takeView.create(shareMenu, {
    csv: () => share.runCsv(shown().run),
    json: () => share.runJson(shown().run, shown().look),
    figure: () => share.figureJson(shown().run, shown().look),
    graph: () => share.runGraph(shown().run),
    npy: () => share.runNpy(shown().run),
    npyHeads: (port) => share.headsNpy(shown().run, port),
    link: () => ({ text: share.link(shown().run, shown().view, location.href) }),
    transformerLens: () => ({ text: share.python(shown().run, shown().look, "4.3") }),
    transformerLensBefore: () => ({ text: share.python(shown().run, shown().look, "earlier") }),
    eapIg: () => ({ text: share.pythonEapIg(shown().run) }),
    command: () => ({ text: share.commandLine(shown().run), note: everyEdge(shown().run) }),
    js: () => ({ text: share.javascript(shown().run, shown().look, base), note: everyEdge(shown().run) }),
    embed: () => {
      const { html, isLong } = share.embed(shown().run, shown().view, base);
      const note = "Its address is so long that some servers refuse it: save a Figure JSON instead.";
      return { text: html, note: isLong ? note : undefined };
    },
    onOpen: events.openSaved,
  });

  let showControls: ReturnType<typeof controlsView.create> | undefined;
  /** The form is a model's: its examples, and what was run with it. */
  const makeControls = ({ model, config }: Loaded) => {
    const presets = presetsFor(model.ref, config);
    showControls = controlsView.create(form, presets, {
      onInput: (change) => dispatch({ type: "edit", change, isTyping: true }),
      onChoice: (change) => dispatch({ type: "edit", change, isTyping: false }),
      onPreset: (preset) => dispatch({ type: "want", wanted: { settings: settingsOf(preset), view: FIRST_LOOK } }),
      onRecent: (params) => dispatch({ type: "want", wanted: fromParams(new URLSearchParams(params), EXAMPLE) }),
    });
  };

  const around = elementById("show-around");
  around.addEventListener("click", events.showTour);

  let drawing: ReturnType<typeof setTimeout> | undefined;
  let took = 0;
  const drawBoard = () => {
    clearTimeout(drawing);
    drawing = undefined;
    const { run, look: seen } = store.state();
    if (!run || !seen) return;
    const began = performance.now();
    const data = { table: run.table, look: seen, isRunning: run.status === "running", check: run.check };
    for (const { show, update } of pictures) if (show === seen.show) update(data);
    took = performance.now() - began;
    if (!performance.getEntriesByName(FIRST_GRID).length) performance.mark(FIRST_GRID);
  };

  const update = (now: State, before: State | null) => {
    const changed = (...keys: (keyof State)[]) => !before || keys.some((key) => now[key] !== before[key]);

    if (changed("loaded") && now.loaded) makeControls(now.loaded);
    if (changed("loaded", "load", "offer", "tried", "run")) showStatus(now);
    if (changed("loaded", "load", "kept")) showChoice({ ref: (now.load ?? now.loaded)?.choice.ref ?? null, kept: keptNames(now.kept) });
    if (changed("view")) {
      showViews(VIEWS, now.view.show);
      for (const { show, place } of pictures) place.hidden = show !== now.view.show;
    }
    if (changed("planning", "kept", "space", "load", "loaded")) showModels(modelsData(now));
    if (changed("offer", "planning")) showOffer(offerData(now));
    if (changed("load", "stopped", "failure", "loaded", "tried")) showLoad(loadData(now));
    if (changed("job", "stopped", "failure", "load")) showRun(runData(now));
    if (changed("failure")) elementById("failure").textContent = now.failure?.text ?? "";
    if (changed("loaded", "draft", "reading", "runErrors", "run", "recent")) {
      const isOther = changed("loaded", "draft", "reading", "runErrors", "recent") || now.run?.id !== before?.run?.id;
      if (isOther && now.loaded) showControls?.(controlsData(now));
      const [first] = now.reading?.tokens ?? [];
      if (first) showPair(first);
    }
    if (changed("run", "draft", "loaded", "job")) {
      const isOld = isStale(now);
      for (const part of stale) part.classList.toggle("stale", isOld);
      showTake(now.run !== null);
      showSource(now.run, isOld && !now.job);
    }
    const isGrown = now.run?.id === before?.run?.id && now.run?.status === "running" && now.look === before?.look;
    if (changed("run", "look")) {
      if (isGrown) drawing ??= setTimeout(drawBoard, Math.max(DRAWING_PAUSE_MS, took / DRAWING_SHARE));
      else drawBoard();
    }
    if (changed("run")) elementById("picture").toggleAttribute("data-empty", now.run === null);
    if (changed("detail")) showDetail(detailData(now));
  };
  store.subscribe(update);
  update(store.state(), null);
}

const VIEWS = (Object.keys(SHOWS) as Show[]).map((id) => ({ id, name: SHOWS[id], panel: id }));

/** What each way to see a result is made of. */
const PICTURES: { show: Show; parts: boardView.Part[] }[] = [
  { show: "circuit", parts: ["legend", "circuit"] },
  { show: "grids", parts: ["legend", "from", "into", "overview"] },
  { show: "table", parts: ["table"] },
];

const keptNames = (kept: State["kept"]): Set<string> => new Set(kept.filter(({ complete }) => complete).map(({ title }) => title));

/** What runs of one sender's edges are told: the copied code and command have no such choice. */
const everyEdge = ({ request }: Run): string | undefined =>
  request.settings.scope === "source" ? "It computes every edge exactly, not those of one sender alone." : undefined;

function showStatus({ loaded, load, offer, tried }: State): void {
  const status = elementById("status");
  const around = elementById("show-around");
  // The tour is of the circuit that this one model has.
  around.style.visibility = loaded && isSameModel(loaded.model.ref, BUNDLED_REF) ? "" : "hidden";
  status.textContent = load
    ? `Loading ${nameOf(load.choice.ref)} …`
    : offer && !loaded
      ? offer.choice.ref.kind === "files"
        ? "This link is about files of your own: choose them again."
        : `This link is about ${nameOf(offer.choice.ref)}, which is not in this browser yet.`
      : loaded
        ? describe(loaded)
        : tried
          ? `${nameOf(tried.choice.ref)} is not loaded.`
          : "";
  if (loaded) status.dataset.device = loaded.device.kind;
}

function describe({ model, config, device, keeping }: Loaded): string {
  const adapter = device.adapter ? ` (${device.adapter})` : "";
  const on = device.kind === "webgpu" ? `WebGPU${adapter}` : "the CPU";
  const shape = `${config.n_layers} layers × ${config.n_heads} heads`;
  const isBundled = model.ref.kind === "bundled";
  const kept = isBundled ? "" : keeping.kept ? "; kept in this browser" : `; not kept: ${keeping.reason}`;
  return `${model.name}: ${shape}, on ${on}: ${device.reason}${kept}`;
}

function modelsData({ planning, kept, space, load, loaded }: State): modelsView.ModelsData {
  const { box, choice, plan, error, isAsking } = planning;
  return {
    box,
    isNamed: choice !== null,
    isLoaded: choice !== null && loaded !== null && isSameChoice(choice, loaded.choice),
    plan,
    asking: isAsking && choice ? originOf(choice.ref) : null,
    kept,
    space,
    error,
    warnings: loaded?.warnings.map(({ message }) => message) ?? [],
    isLoading: load !== null,
  };
}

function offerData({ offer, planning }: State): offerView.OfferData | null {
  if (!offer) return null;
  const { ref } = offer.choice;
  const isPlanned = planning.choice !== null && isSameChoice(planning.choice, offer.choice);
  return {
    name: nameOf(ref),
    origin: originOf(ref),
    plan: isPlanned ? planning.plan : null,
    isAsking: isPlanned && planning.isAsking,
    isOfFiles: ref.kind === "files",
  };
}

function loadData({ load, stopped, failure, loaded }: State): progressView.ProgressData {
  if (load) return progressView.ofLoad(load.progress);
  if (stopped === "load") return { state: "stopped", button: "Load again" };
  const isFailed = failure?.retry === "load";
  return isFailed && !loaded ? { state: "lost", button: "Load again" } : { state: "idle" };
}

function runData({ job, stopped, failure, load, loaded, tried }: State): progressView.ProgressData {
  if (job) return progressView.ofRun(job.progress);
  if (stopped === "run") return { state: "stopped" };
  if (failure?.retry === "run") return { state: "lost", button: "Run again" };
  if (failure?.retry !== "load" || !loaded || load) return { state: "idle" };
  // It may be another model that could not be loaded, while this one still works.
  const isOther = tried !== null && !isSameChoice(tried.choice, loaded.choice);
  return { state: "lost", button: isOther ? `Try ${nameOf(tried.choice.ref)} again` : undefined };
}

const NO_TOKENS: controlsView.ControlsData["tokens"] = [];

function controlsData({ draft, reading, runErrors, run, recent, loaded }: State): controlsView.ControlsData {
  // What was worth knowing of another question is not of this one.
  const isOfDraft = run !== null && loaded !== null && !isStale({ run, loaded, draft });
  return {
    settings: draft,
    tokens: reading?.tokens ?? NO_TOKENS,
    errors: reading ? { ...reading.errors, ...runErrors } : {},
    warnings: isOfDraft ? warningNotes(run.warnings, draft).fields : {},
    recent: loaded ? recentOf(recent, linkOf(loaded.model.ref)) : [],
  };
}

let recentShown: { all: State["recent"]; model: string | undefined; runs: State["recent"] } | undefined;

/** The runs of one model; the same list as long as nothing has changed. */
function recentOf(all: State["recent"], model: string | undefined): State["recent"] {
  if (recentShown?.all !== all || recentShown.model !== model) {
    const runs = all.filter(({ params }) => (new URLSearchParams(params).get("model") ?? undefined) === model);
    recentShown = { all, model, runs };
  }
  return recentShown.runs;
}

/** What is worth knowing of the run on screen that no field is about: a file that it came from, other warnings. */
function showSource(run: Run | null, isOld: boolean): void {
  const from = run?.file ? [`From ${run.file}`, run.request.model.name, run.made?.by, run.made?.at.slice(0, 10)] : [];
  const others = run ? warningNotes(run.warnings, run.request.settings).others : [];
  const old = isOld ? ["This result is from before your last edit"] : [];
  const sentences = [from.filter(Boolean).join(", "), ...others, ...old].filter(Boolean);
  elementById("about-run").textContent = sentences.map((text) => (/[.!?]$/.test(text) ? text : `${text}.`)).join(" ");
}

function detailData({ detail }: State): DetailData {
  if (detail.state !== "there") return detail;
  const { run, pair } = detail;
  const { clean, corrupted } = run.request.pairs[pair]!.tokens;
  return { ...detail, table: run.table, noise: noiseOf(run.table), clean, corrupted, pairs: run.request.pairs.length };
}
