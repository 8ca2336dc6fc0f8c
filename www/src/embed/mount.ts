// The figure within <path-patching>, in a shadow tree of its own: a poster of a saved result, or of a question; and once
// it is run, the same with what is known of the chosen edge beside it.
//
// What runs a model, what explains an edge in detail and the parts that few figures show are loaded when they are needed.

import { readSaved } from "../app/saved-run";
import type { Run } from "../core/run";
import { countsOf } from "../core/table";
import { choose } from "../core/view";
import type { PairPredictions } from "../engine/types";
import { messageOf } from "../lib/dom";
import { formatCount } from "../lib/format";
import { save } from "../lib/saved";
import { FIRST_LOOK, type View } from "../lib/settings";
import * as bodyView from "./body";
import { costOf, type FootData } from "./foot";
import type { Live, Progress } from "./live";
import * as lookingView from "./looking";
import type { Figure, MountOptions } from "./options";
import type { Question } from "./question";
import { selected } from "./selected";
import { linkTo, questionOf, seen, textOf } from "./subject";
import { workersOf } from "./workers";

/** Least pause between two drawings while values come. */
const DRAWING_PAUSE_MS = 200;
/** A live figure runs once it is as near to what the reader sees. */
const NEAR = "300px";

/** Fill a shadow tree, which keeps the height that it has until there is something to draw. */
export function mount(root: ShadowRoot, options: MountOptions): Figure {
  const { subject, signal } = options;
  let { look } = options;
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
  const looking = lookingView.create(draw);
  const body = bodyView.create(root, signal, {
    onRun: () => void go(true),
    onCancel: () => cancel.abort(),
    onReset: () => {
      view(first);
      tell();
    },
    onView: change,
  });

  // A model that nobody looks at is left to the others.
  const seenAtAll = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting) && !progress) live?.letGo();
  });
  seenAtAll.observe(root.host);
  // The element outlives what it shows: what watches it would keep a whole result.
  signal.addEventListener("abort", () => {
    for (const observer of [seenAtAll, near]) observer?.disconnect();
    clearTimeout(drawing);
    live?.letGo();
  });

  /** Whether the model is one that can be loaded here. */
  const canRun = (): boolean => options.live !== null && question !== null && question.model.ref.kind !== "files";
  const isHidden = (part: string): boolean => look.hidden.has(part);

  function draw(): void {
    clearTimeout(drawing);
    drawing = undefined;
    body.draw({
      look,
      question,
      title,
      run,
      says: predictions ?? run?.known.predictions ?? [],
      stateOf: looking.stateOf,
      warnings: [...(run?.warnings.map(({ message }) => message) ?? []), notKept].filter(Boolean),
      foot: footOf(),
    });
  }

  function footOf(): FootData {
    const isRunOffered = canRun() && (!isHidden("run") || asks !== null || error !== "");
    return {
      canRun: isRunOffered,
      progress,
      isLive: live !== null,
      asks,
      error,
      note: noteOf(isRunOffered),
      canReset: run !== undefined && JSON.stringify(question?.view) !== JSON.stringify(first),
      link: look.site === null || !question ? null : linkTo(look.site, question),
    };
  }

  function noteOf(isRunOffered: boolean): string {
    if (!question) return "";
    if (live && run) return knownWords(run);
    if (asks !== null || error) return "";
    if (options.live === null) return run ? knownWords(run) : "";
    return isRunOffered || question.model.ref.kind === "files" ? costOf(question.model) : "";
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
    if (!of.edge) return;
    const pair = Math.min(of.pair, run.request.pairs.length - 1);
    await looking.ask(live, run, of.edge, pair, AbortSignal.any([signal, ...(active ? [active.signal] : [])]));
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
      // What is wrong with it is told before anybody presses.
      workersOf(look.workers);
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
    body.holdHeight();
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
      next = new Live(asked, look.site, workersOf(look.workers));
      if (!isHidden("explanation")) void body.explain();
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
      looking.forget();
      isDone = true;
      progress = null;
      draw();
      options.onResult();
      void lookCloser();
    } catch (failed) {
      // The values of a run that did not end are no result: what was shown before is shown again.
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
      // The look that ended with the figure.
      void lookCloser();
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

/** `262 edges, all exact`. */
function knownWords({ table }: Run): string {
  const { edges, exact, estimates } = countsOf(table);
  const rest = exact === edges ? "all exact" : estimates > 0 ? `${formatCount(exact)} exact, ${formatCount(estimates)} estimates` : `${formatCount(exact)} known`;
  return `${formatCount(edges)} edges, ${rest}`;
}
