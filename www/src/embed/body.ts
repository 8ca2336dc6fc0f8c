// What a figure shows, in a shadow tree: head, circuit, what is said of the chosen edge, the author's extras, the foot.
// It keeps the height that it has until there is something to draw, so that the post below does not move.

import { bandsOf } from "../core/bands";
import { chosenOf, toldOf } from "../core/chosen";
import type { DetailData } from "../core/props";
import { rolesOf } from "../core/roles";
import type { Run } from "../core/run";
import { sentenceOf } from "../core/sentence";
import { shapeOf } from "../core/table";
import type { Look } from "../core/view";
import type { PairPredictions } from "../engine/types";
import { element } from "../lib/dom";
import { EXTRAS, type Extra } from "../lib/figure-parts";
import { headline } from "../lib/headline";
import type { View } from "../lib/settings";
import styles from "../styles/figure.css?inline";
import * as circuitView from "../views/circuit";
import * as sentenceView from "../views/edge/sentence";
import { compareWords } from "../views/words";
import * as footView from "./foot";
import * as headView from "./head";
import type { Looking } from "./looking";
import type { Appearance } from "./options";
import type { Question } from "./question";
import { follow, type Scheme } from "./scheme";
import { asAsked, seen } from "./subject";

export interface BodyData {
  look: Appearance;
  /** Null until the link or the saved result is read. */
  question: Question | null;
  /** The saved result's own title. */
  title: string | null;
  run: Run | undefined;
  /** What both runs say next, pair by pair, as far as that is known. */
  says: readonly PairPredictions[];
  /** How far a look at an edge is. */
  stateOf: Looking["stateOf"];
  warnings: readonly string[];
  foot: footView.FootData;
}

export interface BodyEvents extends footView.FootEvents {
  /** The reader looks at something else. */
  onView: (change: Partial<View>) => void;
}

export interface Body {
  draw: (data: BodyData) => void;
  /** Loads what explains an edge in detail. */
  explain: () => Promise<void>;
  /** From now on it is at least as high as it is. */
  holdHeight: () => void;
}

const FEW_LAYERS = 5;
/** A circuit in a post is no higher than a screen. */
const MOST_HEIGHT = 880;
/** A circuit of this height or less is no higher than the sentence beside it. */
const LOW = 420;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block; }\n${styles}`);

export function create(root: ShadowRoot, signal: AbortSignal, events: BodyEvents): Body {
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

  let data: BodyData | undefined;
  let showCircuit: ReturnType<typeof circuitView.create> | undefined;
  let showExplanation: ((data: DetailData) => void) | undefined;
  let showExtras: { of: string; update: ReturnType<typeof import("./extras").create> } | undefined;
  let around: Scheme = "light";
  const showHead = headView.create(head);
  const showVerdict = sentenceView.create(verdict);
  const showFoot = footView.create(foot, events);

  const paint = () => {
    body.style.colorScheme = data?.look.theme ?? around;
  };
  follow(probe, (scheme) => {
    around = scheme;
    paint();
  });
  // What was kept free for one width is wrong for another.
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (width !== 0 && body.clientWidth !== width && !data?.foot.progress) body.style.minHeight = "";
    width = body.clientWidth;
    if (data?.run) fit(data.run);
  });
  sized.observe(body);
  signal.addEventListener("abort", () => sized.disconnect());

  function draw(now: BodyData): void {
    data = now;
    const { look, question, title, run, says, warnings } = now;
    const { isLive, progress } = now.foot;
    const isHidden = (part: string): boolean => look.hidden.has(part);
    paint();
    body.classList.toggle("live", isLive);
    head.hidden = circuit.hidden = chosen.hidden = !question;
    showFoot(now.foot);
    if (!question) return;
    const { model, settings } = question;
    const of = run ? seen(question, run) : null;
    const pairs = run?.request.pairs ?? asAsked(question);
    const pair = Math.min(of?.pair ?? question.view.pair, pairs.length - 1);
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
      if (!circuit.hidden) drawCircuit(run, of, progress !== null);
      if (!chosen.hidden) drawChosen(run, of, now);
      void drawExtras();
    }
    const text = warnings.map(sentence).join(" ");
    // Only where it is another: a screen reader says it again.
    if (warning.textContent !== text) warning.textContent = text;
    if (!progress && !isLive) body.style.minHeight = "";
  }

  /** The circuit is as high as its layers need, in a figure that one sees whole. */
  function fit(run: Run): void {
    const height = heightOf(shapeOf(run.table).layers, circuit.clientWidth);
    circuit.style.blockSize = `${height}px`;
    body.classList.toggle("low", height <= LOW);
  }

  function drawCircuit(run: Run, look: Look, isBusy: boolean): void {
    fit(run);
    showCircuit ??= circuitView.create(circuit, { onSelect: ({ from, to }) => events.onView({ from, to }) }, { height: "fill" });
    const roles = rolesOf(run.request);
    showCircuit({
      table: run.table,
      look,
      isRunning: isBusy && run.status === "running",
      compares: compareWords(run.table, run.request.pairs),
      bands: roles ? bandsOf(roles) : [],
      roles: roles?.of,
    });
  }

  function drawChosen(run: Run, look: Look, { says, stateOf, foot: { isLive } }: BodyData): void {
    const edge = chosenOf(run, look, says);
    verdict.hidden = isLive && showExplanation !== undefined;
    explanation.hidden = !verdict.hidden;
    if (verdict.hidden) {
      showExplanation?.(edge ? { ...edge, ...stateOf(edge.edge, edge.pair) } : { state: "none" });
      // As high as it has been: the post below does not move with each edge that is looked at.
      body.style.minHeight = `${Math.max(Number.parseFloat(body.style.minHeight) || 0, body.offsetHeight)}px`;
      return;
    }
    const told = edge && toldOf(edge, null);
    showVerdict(told ? sentenceOf(told) : [""]);
  }

  const wantedExtras = () => (Object.keys(EXTRAS) as Extra[]).filter((extra) => data?.look.shown.has(extra));

  async function drawExtras(): Promise<void> {
    const key = wantedExtras().join(" ");
    if (showExtras?.of !== key) {
      showExtras = undefined;
      extras.replaceChildren();
      if (key === "") return;
      const { create: createExtras } = await import("./extras");
      if (signal.aborted || key !== wantedExtras().join(" ")) return;
      showExtras ??= { of: key, update: createExtras(extras, new Set(wantedExtras()), events.onView) };
    }
    // As it is by now: much may have happened while the code came.
    if (data?.run && data.question) showExtras.update({ table: data.run.table, look: seen(data.question, data.run) });
  }

  return {
    draw,
    explain: async () => {
      const { create: createExplanation } = await import("./explain");
      if (signal.aborted || showExplanation) return;
      showExplanation = createExplanation(explanation, { onView: events.onView, onPair: (pair) => events.onView({ pair }) });
      if (data) draw(data);
    },
    holdHeight: () => {
      body.style.minHeight = `${body.offsetHeight}px`;
    },
  };
}

/** How high the circuit of so many layers is in a column of this width. */
function heightOf(layers: number, width: number): number {
  const wanted = layers <= FEW_LAYERS ? 110 + 88 * layers : 90 + 34 * layers;
  return Math.round(Math.max(280, Math.min(wanted, 1.3 * width, MOST_HEIGHT)));
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
