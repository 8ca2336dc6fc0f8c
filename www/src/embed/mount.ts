// The figure within <path-patching>, in a shadow tree of its own: a poster of a saved result, or of a question; and once
// it is run, the same with what is known of the chosen edge beside it.
//
// What runs a model, what explains an edge in detail and the parts that few figures show are loaded when they are needed.

import { readSaved } from "../app/saved-run";
import { bandsOf } from "../core/bands";
import { chosenOf, toldOf } from "../core/chosen";
import { isSameEdge } from "../core/node";
import { linkOf, nameOf, pinned, refOfLink } from "../core/model-ref";
import type { DetailData } from "../core/props";
import { requestOf } from "../core/request";
import { rolesOf } from "../core/roles";
import type { Run } from "../core/run";
import { sentenceOf } from "../core/sentence";
import { countsOf, shapeOf } from "../core/table";
import { choose, type Look, lookAt, within } from "../core/view";
import type { EdgeDetail, EdgeName, PairPredictions } from "../engine/types";
import { element, messageOf } from "../lib/dom";
import { EXTRAS, type Extra } from "../lib/figure-parts";
import { formatCount } from "../lib/format";
import { headline } from "../lib/headline";
import { pairsOf } from "../lib/pairs";
import { fromParams, toParams } from "../lib/permalink";
import { save, type Saved } from "../lib/saved";
import { EXAMPLE, exampleOf, FIRST_LOOK, type View } from "../lib/settings";
import styles from "../styles/figure.css?inline";
import * as circuitView from "../views/circuit";
import * as sentenceView from "../views/edge/sentence";
import { compareWords } from "../views/words";
import * as footView from "./foot";
import * as headView from "./head";
import type { Live, Progress } from "./live";
import type { Question } from "./question";
import { follow, type Scheme } from "./scheme";
import { type SelectDetail, selected } from "./selected";

/** What a figure is about: a saved result or its address, or what a link says. */
export type Subject =
  | { kind: "data"; text: string }
  | { kind: "file"; url: string }
  | { kind: "link"; params: URLSearchParams };

/** How it is shown; changing it loses nothing. */
export interface Appearance {
  /** Parts that are left out: `prompts circuit explanation run`; names of others hide nothing. */
  hidden: ReadonlySet<string>;
  /** Parts that are added: `scale grids table`. */
  shown: ReadonlySet<string>;
  /** Null where it is the post's. */
  theme: Scheme | null;
  /** What it is called; null for its file's own title, or its question. */
  heading: string | null;
  /** Whether it runs without a press once the reader is near. */
  isLive: boolean;
  /** Where links lead and the bundled models are; null where there is no site. */
  site: string | null;
}

export interface MountOptions {
  subject: Subject;
  look: Appearance;
  /** What runs a model; null where nothing is to be run. */
  live: (() => Promise<typeof import("./live")>) | null;
  /** Aborted when the element shows something else. */
  signal: AbortSignal;
  /** A result is whole: a saved one, or the end of a run. */
  onResult: () => void;
  onSelect: (edge: SelectDetail) => void;
  onError: (error: unknown) => void;
}

export interface Figure {
  show: (look: Appearance) => void;
  /** Go on with what is not done: read the saved result, run once it is near where the reader is. */
  start: () => void;
  /** The element has gone: stop what is under way. */
  stop: () => void;
  data: () => Saved | null;
  /** Look at an edge, or at what the author chose; nobody is told of it as of a reader's choice. */
  choose: (edge: EdgeName | null) => void;
}

/** Least pause between two drawings while values come. */
const DRAWING_PAUSE_MS = 200;
/** A live figure runs once it is as near to what the reader sees. */
const NEAR = "300px";

const FEW_LAYERS = 5;
/** A circuit in a post is no higher than a screen. */
const MOST_HEIGHT = 880;
/** A circuit of this height or less is no higher than the sentence beside it. */
const LOW = 420;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block; }\n${styles}`);

/** Fill a shadow tree, which keeps the height that it has until there is something to draw. */
export function mount(root: ShadowRoot, options: MountOptions): Figure {
  const { subject, signal } = options;
  let { look } = options;
  const probe = element("span", { class: "probe", "aria-hidden": "true" });
  const part = (name: string) => element("div", { class: name });
  const [head, circuit, chosen, extras, foot] = [part("top"), part("picture"), part("chosen"), part("extras"), part("foot")];
  const verdict = element("p", { class: "verdict", "aria-live": "polite" });
  const explanation = element("div", { class: "explanation" });
  // Beside what is said of the chosen edge there may be something of the page's own.
  chosen.append(element("slot", { name: "edge" }), verdict, explanation);
  const warning = element("p", { class: "warning", role: "status" });
  const body = element("article", { class: "embedded" }, head, element("div", { class: "middle" }, circuit, chosen), extras, warning, foot);
  const room = (root.firstElementChild as HTMLElement | null)?.style.minHeight ?? "";
  body.style.minHeight = room;
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(probe, body);

  /** Null until the link or the saved result is read. */
  let question: Question | null = null;
  /** What the author chose to look at. */
  let first: View = FIRST_LOOK;
  let title: string | null = null;
  /** What is shown, with the question that it answers. */
  let run: Run | undefined;
  /** What both runs say next, by this figure's own run. */
  let predictions: readonly PairPredictions[] | null = null;
  /** A model that can be asked. */
  let live: Live | null = null;
  let looked: { edge: EdgeName; pair: number; state: "waiting" | "failed" | "there"; detail?: EdgeDetail; message?: string } | null = null;
  let looking = new AbortController();
  /** Why the model is not kept for the next visit; empty where it is, or need not be. */
  let notKept = "";
  /** Whether there is nothing left to be done without the reader. */
  let isDone = false;
  /** Whether the reader knows what a run downloads, and from where. */
  let isAsked = false;
  /** What the button asks the reader to agree to. */
  let asks: string | null = null;
  let error = "";
  let progress: Progress | null = null;
  let cancel = new AbortController();
  let active: AbortController | undefined;
  let near: IntersectionObserver | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let showCircuit: ReturnType<typeof circuitView.create> | undefined;
  let showExplanation: ((data: DetailData) => void) | undefined;
  let showExtras: { of: string; update: ReturnType<typeof import("./extras").create> } | undefined;
  let around: Scheme = "light";
  const showHead = headView.create(head);
  const showVerdict = sentenceView.create(verdict);
  const showFoot = footView.create(foot, {
    onRun: () => void go(true),
    onCancel: () => cancel.abort(),
    onReset: () => {
      view(first);
      tell();
    },
  });

  follow(probe, (scheme) => {
    around = scheme;
    body.style.colorScheme = look.theme ?? around;
  });
  // What was kept free for one width is wrong for another.
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (width !== 0 && body.clientWidth !== width && !progress) body.style.minHeight = "";
    width = body.clientWidth;
    fit();
  });
  sized.observe(body);
  // A model that nobody looks at is left to the others.
  const seenAtAll = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting) && !progress) live?.letGo();
  });
  seenAtAll.observe(root.host);
  // The element outlives what it shows: what watches it would keep a whole result.
  signal.addEventListener("abort", () => {
    for (const observer of [sized, seenAtAll, near]) observer?.disconnect();
    clearTimeout(drawing);
    live?.letGo();
  });

  /** Whether the model is one that can be loaded here. */
  const canRun = (): boolean => options.live !== null && question !== null && question.model.ref.kind !== "files";
  const isHidden = (part: string): boolean => look.hidden.has(part);

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    body.style.colorScheme = look.theme ?? around;
    body.classList.toggle("live", live !== null);
    head.hidden = circuit.hidden = chosen.hidden = !question;
    if (!question) {
      showFoot({ canRun: false, progress, isLive: false, asks: null, error, note: "", canReset: false, link: null });
      return;
    }
    const { model, settings } = question;
    const of = run ? seen(question, run) : null;
    const pairs = run?.request.pairs ?? asAsked(question);
    const pair = Math.min(of?.pair ?? question.view.pair, pairs.length - 1);
    const says = predictions ?? run?.known.predictions ?? [];
    showHead({
      title: look.heading ?? title ?? headline(pairs[pair]!),
      model,
      shape: run ? shapeOf(run.table) : null,
      pair: pairs[pair]!,
      pairs: pairs.length,
      settings,
      predictions: says[pair] ?? null,
      hasPrompts: !isHidden("prompts"),
    });
    circuit.hidden = !run || isHidden("circuit");
    chosen.hidden = !run || isHidden("explanation");
    if (run && of) {
      if (!circuit.hidden) drawCircuit(run, of);
      if (!chosen.hidden) drawChosen(run, of, says);
      void drawExtras();
    }
    const warnings = [...(run?.warnings.map(({ message }) => message) ?? []), notKept].filter(Boolean).map(sentence).join(" ");
    // Only where it is another: a screen reader says it again.
    if (warning.textContent !== warnings) warning.textContent = warnings;
    const isRunOffered = canRun() && (!isHidden("run") || asks !== null || error !== "");
    showFoot({
      canRun: isRunOffered,
      progress,
      isLive: live !== null,
      asks,
      error,
      note: noteOf(isRunOffered),
      canReset: run !== undefined && JSON.stringify(question.view) !== JSON.stringify(first),
      link: look.site === null ? null : linkTo(look.site, question),
    });
    if (!progress && !live) body.style.minHeight = "";
  }

  function noteOf(isRunOffered: boolean): string {
    if (!question) return "";
    if (live && run) return knownWords(run);
    if (asks !== null || error) return "";
    if (options.live === null) return run ? knownWords(run) : "";
    return isRunOffered || question.model.ref.kind === "files" ? footView.costOf(question.model) : "";
  }

  /** The circuit is as high as its layers need, in a figure that one sees whole. */
  function fit(): void {
    if (!run) return;
    const height = heightOf(shapeOf(run.table).layers, circuit.clientWidth);
    circuit.style.blockSize = `${height}px`;
    body.classList.toggle("low", height <= LOW);
  }

  function drawCircuit(run: Run, of: Look): void {
    fit();
    showCircuit ??= circuitView.create(circuit, { onSelect: ({ from, to }) => change({ from, to }) });
    const { pairs } = run.request;
    const isRunning = progress !== null && run.status === "running";
    const roles = rolesOf(run.request);
    showCircuit({
      table: run.table,
      look: of,
      isRunning,
      compares: compareWords(run.table, pairs),
      bands: roles ? bandsOf(roles) : [],
      roles: roles?.of,
    });
  }

  function drawChosen(run: Run, of: Look, says: readonly PairPredictions[]): void {
    const data = chosenOf(run, of, says);
    verdict.hidden = live !== null && showExplanation !== undefined;
    explanation.hidden = !verdict.hidden;
    if (verdict.hidden) {
      showExplanation?.(data ? { ...data, ...stateOf(data.edge, data.pair) } : { state: "none" });
      // As high as it has been: the post below does not move with each edge that is looked at.
      body.style.minHeight = `${Math.max(Number.parseFloat(body.style.minHeight) || 0, body.offsetHeight)}px`;
      return;
    }
    const told = data && toldOf(data, null);
    showVerdict(told ? sentenceOf(told) : [""]);
  }

  function stateOf(edge: EdgeName, pair: number): { state: "waiting" } | { state: "failed"; message: string } | { state: "there"; detail: EdgeDetail } {
    if (!looked || !isSameEdge(looked.edge, edge) || looked.pair !== pair) return { state: "waiting" };
    if (looked.detail) return { state: "there", detail: looked.detail };
    return looked.state === "failed" ? { state: "failed", message: looked.message ?? "" } : { state: "waiting" };
  }

  const wantedExtras = () => (Object.keys(EXTRAS) as Extra[]).filter((extra) => look.shown.has(extra));

  async function drawExtras(): Promise<void> {
    const key = wantedExtras().join(" ");
    if (showExtras?.of !== key) {
      showExtras = undefined;
      extras.replaceChildren();
      if (key === "") return;
      const { create } = await import("./extras");
      if (signal.aborted || key !== wantedExtras().join(" ")) return;
      showExtras ??= { of: key, update: create(extras, new Set(wantedExtras()), change) };
    }
    // As it is by now: much may have happened while the code came.
    if (run && question) showExtras.update({ table: run.table, look: seen(question, run) });
  }

  /** The reader looks at something else. */
  function change(part: Partial<View>): void {
    if (!question) return;
    view(choose(question.view, run ? seen(question, run) : null, part, run?.table ?? null));
    if ("from" in part || "to" in part || part.node) tell();
  }

  function view(next: View): void {
    if (!question) return;
    question = { ...question, view: next };
    draw();
    void lookCloser();
  }

  function tell(): void {
    if (question && run) options.onSelect(selected(seen(question, run)));
  }

  /** Ask the model of the chosen edge, where it can be asked. */
  async function lookCloser(): Promise<void> {
    if (!live || !run || !question || isHidden("explanation")) return;
    const of = seen(question, run);
    const { edge } = of;
    const pair = Math.min(of.pair, run.request.pairs.length - 1);
    if (!edge || (looked && isSameEdge(looked.edge, edge) && looked.pair === pair && looked.state !== "failed")) return;
    looking.abort();
    looking = new AbortController();
    const mine = AbortSignal.any([looking.signal, signal, ...(active ? [active.signal] : [])]);
    looked = { edge, pair, state: "waiting" };
    draw();
    try {
      await live.look(run, edge, pair, mine, (detail) => {
        looked = { edge, pair, state: "there", detail };
        draw();
      });
    } catch (failed) {
      if (mine.aborted) return;
      // What cannot answer is loaded anew for the next edge.
      live?.letGo();
      looked = { edge, pair, state: "failed", message: messageOf(failed) };
      draw();
    }
  }

  function fail(failed: unknown): void {
    if (signal.aborted) return;
    error = messageOf(failed);
    draw();
    options.onError(failed);
  }

  /** Show a saved result; its question becomes the figure's. */
  function showSaved(text: string): void {
    const opened = readSaved(text, subject.kind === "file" ? subject.url : "data");
    run = opened.run;
    title = opened.title;
    first = opened.view;
    question = { model: run.request.model, settings: run.request.settings, view: first };
    draw();
    options.onResult();
  }

  async function begin(): Promise<void> {
    if (!active) return;
    const mine = AbortSignal.any([active.signal, signal]);
    try {
      if (subject.kind === "file" && !question) showSaved(await textOf(subject.url, mine));
      else if (subject.kind === "data" && !question) showSaved(subject.text);
      else if (subject.kind === "link") {
        question ??= questionOf(subject.params);
        first = question.view;
        draw();
      }
    } catch (failed) {
      // Gone meanwhile: it is read again when the element comes back.
      if (mine.aborted) return;
      isDone = true;
      fail(failed);
      return;
    }
    if (!mine.aborted) wait();
  }

  /** Run once the reader is near, where that is asked for. */
  function wait(): void {
    near?.disconnect();
    if (!look.isLive || !canRun() || live) {
      isDone = true;
      return;
    }
    near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near?.disconnect();
        void go(false);
      },
      { rootMargin: NEAR },
    );
    near.observe(root.host);
  }

  async function go(hasPressed: boolean): Promise<void> {
    if (progress || !question || !options.live) return;
    active ??= new AbortController();
    cancel = new AbortController();
    const mine = AbortSignal.any([active.signal, signal, cancel.signal]);
    const asked = question;
    const before = { run, predictions };
    // What was said of the size when the button was pressed has been agreed to.
    if (hasPressed && asked.model.bytes !== undefined) isAsked = true;
    error = "";
    progress = { text: "Starting", done: 0, total: null };
    // The post below stays where it is.
    body.style.minHeight = `${body.offsetHeight}px`;
    draw();
    let next: Live | null = null;
    try {
      const { downloadOf, Live } = await options.live();
      mine.throwIfAborted();
      if (!isAsked) {
        const download = await downloadOf(asked.model, look.site, hasPressed, mine);
        isAsked = download === null || download.isSized;
        if (download) {
          asks = download.text;
          return;
        }
      }
      asks = null;
      next = new Live(asked, look.site);
      if (!isHidden("explanation")) void explain();
      const told = await next.run(mine, {
        onProgress: (now) => {
          progress = now;
          drawing ??= setTimeout(draw, DRAWING_PAUSE_MS);
        },
        onLoaded: ({ kept, reason }, isToBeKept) => {
          notKept = isToBeKept && !kept ? `The model is not kept in this browser: ${reason}` : "";
        },
        onRun: (grown) => {
          run = grown;
          drawing ??= setTimeout(draw, DRAWING_PAUSE_MS);
        },
      });
      mine.throwIfAborted();
      predictions = told;
      live = next;
      looked = null;
      isDone = true;
      progress = null;
      draw();
      options.onResult();
      void lookCloser();
    } catch (failed) {
      // What a run has begun is no result: the author's own takes its place again.
      ({ run, predictions } = before);
      if (mine.aborted) return;
      isDone = true;
      progress = null;
      fail(failed);
    } finally {
      progress = null;
      if (next !== live) next?.letGo();
      draw();
    }
  }

  /** What explains an edge in detail. */
  async function explain(): Promise<void> {
    const { create } = await import("./explain");
    if (signal.aborted || showExplanation) return;
    showExplanation = create(explanation, { onView: change, onPair: (pair) => change({ pair }) });
    draw();
  }

  draw();
  return {
    show: (changed) => {
      const wasLive = look.isLive;
      look = changed;
      draw();
      if (look.isLive && !wasLive && question && active && !active.signal.aborted) wait();
      void lookCloser();
    },
    start: () => {
      if (active && !active.signal.aborted) return;
      active = new AbortController();
      if (!isDone) void begin();
    },
    stop: () => {
      near?.disconnect();
      active?.abort();
      live?.letGo();
    },
    data: () => (run && question && !progress ? save(run, seen(question, run), { title: look.heading ?? title ?? undefined }) : null),
    choose: (edge) => {
      if (question) view(edge ? choose(question.view, run ? seen(question, run) : null, edge, run?.table ?? null) : first);
    },
  };
}

/** How high the circuit of so many layers is in a column of this width. */
function heightOf(layers: number, width: number): number {
  const wanted = layers <= FEW_LAYERS ? 110 + 88 * layers : 90 + 34 * layers;
  return Math.round(Math.max(280, Math.min(wanted, 1.3 * width, MOST_HEIGHT)));
}

/** `262 edges, all exact`. */
function knownWords({ table }: Run): string {
  const { edges, exact, estimates } = countsOf(table);
  const rest = exact === edges ? "all exact" : estimates > 0 ? `${formatCount(exact)} exact, ${formatCount(estimates)} estimates` : `${formatCount(exact)} known`;
  return `${formatCount(edges)} edges, ${rest}`;
}

/** The pairs of a question that no model has read. */
const asAsked = ({ model, settings }: Question) => {
  const pairs = pairsOf(settings);
  return requestOf(model, settings, pairs, pairs.map(() => ({ clean: [], corrupted: [], answer: [], distractor: [] }))).pairs;
};

function linkTo(site: string, { model, settings, view }: Question): string {
  const page = new URL(site);
  page.hash = toParams({ model: linkOf(pinned(model)), settings, view }, EXAMPLE).toString();
  return page.href;
}

/** What a link asks; the model's address is relative to the post. Throws where it names no model. */
function questionOf(params: URLSearchParams): Question {
  const ref = refOfLink(fromParams(params, EXAMPLE).model, document.baseURI);
  const { settings, view } = fromParams(params, exampleOf(ref));
  return { model: { ref, name: nameOf(ref), revision: null }, settings, view };
}

/** What is looked at, the rest left to the result. */
function seen({ view }: Question, { table, lead }: Run): Look {
  return lookAt(within(table, view), table, lead);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

async function textOf(url: string, signal: AbortSignal): Promise<string> {
  const failed = (got: string) => new Error(`saved result: expected a file at ${url}, got ${got}`);
  const response = await fetch(url, { signal }).catch((error: Error) => {
    if (signal.aborted) throw error;
    const isElsewhere = new URL(url).origin !== self.origin;
    const hint = isElsewhere
      ? "; does its server allow other origins (Access-Control-Allow-Origin), and this page's Content-Security-Policy it (connect-src)?"
      : "";
    throw failed(`${error.message}${hint}`);
  });
  if (!response.ok) throw failed(`status ${response.status}`);
  return response.text();
}
