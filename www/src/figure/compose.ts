// A whole figure: title, drawing, key, caption and source below one another, as wide as asked for.
//
// The circuit and the grids are the page's own views, drawn out of sight on a stage as wide as the paper is in units of
// its text, and read from there.

import { bandsOf } from "../core/bands";
import { runsOf } from "../core/direction";
import { nodeName, PORT_NAMES, PORTS } from "../core/node";
import type { Band } from "../core/props";
import { rolesOf } from "../core/roles";
import type { Run } from "../core/run";
import { nodesOf, noiseOf, reachOf, shapeOf } from "../core/table";
import { roundBelow } from "../lib/axis";
import { element } from "../lib/dom";
import { formatEffect, formatRound, unitOf } from "../lib/format";
import { colours } from "../lib/scale";
import * as circuitView from "../views/circuit";
import { GAP, sizesOf } from "../views/grid/sizes";
import * as triptychView from "../views/grid/triptych";
import { widthsOf } from "../views/lattice/lines";
import { type Lattice, place } from "../views/lattice/place";
import { compareWords } from "../views/words";
import { attention, curve, toldOf } from "./charts";
import { bar, estimateKey, flow, type Ink, moved, paragraph, portKeys, signKeys, squareKey, stack, TEXT, widthKey, wordsKey } from "./layout";
import type { Drawing } from "./marks";
import { Colours, read } from "./read";
import { captionOf, hasEstimates, isShare, metricWords, type Shown, sourceOf, titleOf } from "./words";

export const GROUNDS = { light: "Light", dark: "Dark", transparent: "Transparent" } as const;
export type Ground = keyof typeof GROUNDS;

export interface FigureChoice {
  /** Null for the figure's own. */
  title: string | null;
  caption: string | null;
  has: { title: boolean; caption: boolean; source: boolean; signs: boolean; widths: boolean; estimates: boolean; ports: boolean; bands: boolean };
  ground: Ground;
  /** Millimetres of paper. */
  width: number;
  /** Points of its text. */
  size: number;
  /** Whether the chosen edge is marked. */
  isMarked: boolean;
}

/** Points of a millimetre. */
const POINTS = 72 / 25.4;
/** Around all of it. */
const MARGIN = 10;
/** What stands along the sides of circuits and grids. */
const AXES = "Rows: layers. Columns: heads.";
/** Steps of a scale of colours. */
const STEPS = 41;

/** Points of paper that a unit of a drawing takes. */
export const scaleOf = ({ size }: Pick<FigureChoice, "size">): number => size / TEXT;

/** How wide a drawing is in its units, within the margins. */
const drawnWidthOf = (choice: Pick<FigureChoice, "width" | "size">): number => (choice.width * POINTS) / scaleOf(choice) - 2 * MARGIN;

/** The colour that a figure stands on. */
export const groundOf = ({ ground }: FigureChoice): string | null => ({ light: "#ffffff", dark: "#131316", transparent: null })[ground];

/** Null where what it is of is not known. `stage` is in the document, out of sight. */
export function compose(stage: HTMLElement, shown: Shown, choice: FigureChoice): Drawing | null {
  const width = drawnWidthOf(choice);
  stage.className = `figure-stage ${choice.ground}`;
  stage.style.width = `${width}px`;
  const ink = inkOf(stage);
  const drawn = draw(stage, shown, choice, width, ink);
  stage.replaceChildren();
  if (!drawn) return null;
  const { has } = choice;
  const parts = [
    ...(has.title ? [paragraph({ text: choice.title ?? titleOf(shown), size: TEXT + 2, isBold: true, fill: ink.ink, name: "title" }, width)] : []),
    { ...drawn, gap: 10 },
    { ...flow(keysOf(stage, shown, choice, width, ink), width, { x: 18, y: 4 }), gap: 8 },
    ...(has.caption ? [paragraph({ text: choice.caption ?? captionOf(shown), fill: ink.ink, name: "caption" }, width)] : []),
    ...(has.source ? [paragraph({ text: sourceOf(shown.run), size: TEXT - 2, fill: ink.ink2, name: "source" }, width)] : []),
  ];
  const all = stack(parts, width);
  return { width: width + 2 * MARGIN, height: all.height + 2 * MARGIN, marks: [moved(all, MARGIN, MARGIN)] };
}

function draw(stage: HTMLElement, shown: Shown, { isMarked, has }: FigureChoice, width: number, ink: Ink & { chosen: string }): Drawing | null {
  const { what, run, look } = shown;
  const { table } = run;
  const seen = isMarked ? look : { ...look, edge: null };
  const nothing = { onSelect: () => {} };
  switch (what) {
    case "circuit": {
      const compares = compareWords(table, run.request.pairs);
      circuitView.create(stage, nothing, { height: "own", isStill: true })({ table, look: seen, compares, bands: has.bands ? namesOf(run) : [] });
      return centred([...stage.querySelectorAll("svg")].map(read), width);
    }
    case "grids": {
      // Four in a narrow column stand two and two.
      const { isStacked } = sizesOf(width, shapeOf(table).heads);
      stage.classList.toggle("two", isStacked);
      stage.classList.toggle("untitled", !has.title);
      const each = isStacked ? (width - GAP) / 2 : width;
      triptychView.create(stage, "from", nothing, { isStill: true, width: each })({ table, look: seen, colours: colours(reachOf(table), noiseOf(table)) });
      return placed(stage, width, ink);
    }
    case "attention":
      return attention(shown, width, ink);
    case "curve":
      return curve(shown, width, ink);
  }
}

/** The layers that have a name. */
function namesOf({ request }: Run): Band[] {
  const roles = rolesOf(request);
  return roles ? bandsOf(roles) : [];
}

const latticeOf = ({ table }: Run, width: number, hasBands: boolean): Lattice => place(nodesOf(table), shapeOf(table), { width, height: null, hasBands });

/** Whether names of layers would be drawn beside a circuit. */
export const hasNames = (run: Run, choice: FigureChoice): boolean =>
  namesOf(run).length > 0 && latticeOf(run, drawnWidthOf(choice), true).bands !== null;

/** Two effects whose lines are drawn as samples: round numbers that the circuit's edges reach. */
function widthKeys({ run, edges }: Shown, { has }: FigureChoice, width: number, ink: Ink): Drawing[] {
  const { table } = run;
  const [reach, noise] = [reachOf(table), noiseOf(table)];
  const most = Math.max(0, ...edges.map(({ effect }) => Math.abs(effect)));
  if (most <= noise) return [];
  const { scale } = latticeOf(run, width, has.bands && namesOf(run).length > 0);
  const widthOf = widthsOf({ reach, noise, scale, edges });
  const [large] = roundBelow(most);
  const [small] = roundBelow(large! / 4);
  const counted = isShare(table) ? " of the difference between the runs" : unitOf(table) ? ` ${unitOf(table)}` : "";
  const samples = [small!, large!].map((effect) => ({ width: widthOf({ effect }), effect: formatRound(effect) }));
  return [widthKey(samples, counted, ink)];
}

function centred([drawing]: Drawing[], width: number): Drawing | null {
  if (!drawing) return null;
  return { width, height: drawing.height, marks: [moved(drawing, Math.max(0, (width - drawing.width) / 2), 0)] };
}

/** Drawings where they stand on the stage, each under its name. */
function placed(stage: HTMLElement, width: number, ink: Ink): Drawing {
  const origin = stage.getBoundingClientRect();
  const marks = [...stage.querySelectorAll("svg")].map((svg) => {
    const box = svg.getBoundingClientRect();
    const drawing = read(svg);
    return { mark: moved(drawing, box.left - origin.left, box.top - origin.top), foot: box.bottom - origin.top };
  });
  const names = [...stage.querySelectorAll<HTMLElement>("h2, h3")].filter((name) => name.checkVisibility()).map((name) => {
    const box = name.getBoundingClientRect();
    const drawing = paragraph({ text: name.textContent.trim(), isBold: true, fill: ink.ink, name: "name" }, box.width + 40);
    return { mark: moved(drawing, box.left - origin.left, box.top - origin.top), foot: box.bottom - origin.top };
  });
  const all = [...names, ...marks];
  return { width, height: Math.max(0, ...all.map(({ foot }) => foot)), marks: all.map(({ mark }) => mark) };
}

/** What the marks mean, as far as there are any. */
function keysOf(stage: HTMLElement, shown: Shown, choice: FigureChoice, width: number, ink: Ink & { chosen: string }): Drawing[] {
  const { what, run, edges } = shown;
  const { has, isMarked } = choice;
  const { table } = run;
  const name = metricWords(table);
  if (what === "circuit") {
    const [first, last] = [edges.some(({ effect }) => effect > 0), edges.some(({ effect }) => effect < 0)];
    const reads = PORTS.filter((port) => edges.some(({ to }) => nodeName(to).port === port));
    const hasMlp = edges.some(({ from, to }) => nodeName(from).kind === "mlp" || nodeName(to).kind === "mlp");
    return [
      ...(has.signs ? signKeys(first ? `raises the ${name}` : null, last ? `lowers ${first ? "it" : `the ${name}`}` : null, ink) : []),
      ...(has.widths ? widthKeys(shown, choice, width, ink) : []),
      ...(has.estimates && hasEstimates(shown) ? [estimateKey(ink)] : []),
      ...(has.ports && reads.length ? [portKeys(reads, reads.map((port) => PORT_NAMES[port]).join(", "), ink)] : []),
      ...(has.ports && hasMlp ? [squareKey("MLP", ink.quiet, ink)] : []),
      ...(isMarked ? [squareKey("chosen edge", ink.chosen, ink)] : []),
      wordsKey(AXES, ink),
    ];
  }
  if (what === "grids") {
    const reach = reachOf(table);
    const scaled = colours(reach, noiseOf(table));
    const at = (i: number) => (2 * (i / (STEPS - 1)) - 1) * scaled.reach;
    const shades = resolved(stage, Array.from({ length: STEPS }, (_, i) => scaled.of(at(i))));
    const title = `Change of the ${name} from the ${runsOf(table).base} run${isShare(table) ? ", as a share of the difference between the runs" : ""}`;
    return [
      ...(has.signs ? [bar(shades, [formatEffect(-scaled.reach), "0", formatEffect(scaled.reach)], title, width, ink)] : []),
      ...(has.estimates && hasEstimates(shown) ? [squareKey("estimate: a smaller square", ink.raises, ink)] : []),
      wordsKey(AXES, ink),
    ];
  }
  if (what === "curve" && has.signs) {
    const effects = toldOf(shown.detail?.byPosition ?? []);
    const hasUp = effects.some((effect) => effect > 0);
    return signKeys(hasUp ? `raises the ${name}` : null, effects.some((effect) => effect < 0) ? `lowers ${hasUp ? "it" : `the ${name}`}` : null, ink);
  }
  return [];
}

/** The stage's colours, as they are in its scheme. */
function inkOf(stage: HTMLElement): Ink & { chosen: string } {
  const names = ["ink", "ink2", "line", "card", "quiet", "raises", "lowers", "chosen"] as const;
  const read = resolved(stage, names.map((name) => `var(--${name})`));
  return Object.fromEntries(names.map((name, i) => [name, read[i]!])) as Record<(typeof names)[number], string>;
}

function resolved(stage: HTMLElement, written: readonly string[]): string[] {
  const colour = new Colours();
  const probe = element("span");
  stage.append(probe);
  const read = written.map((text) => {
    probe.style.color = text;
    return colour.read(getComputedStyle(probe).color)?.colour ?? "#000000";
  });
  probe.remove();
  return read;
}
