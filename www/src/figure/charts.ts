// The chosen edge on paper: where its head looks, and what each position does by itself.

import { runsOf } from "../core/direction";
import { baseOf } from "../core/table";
import { wordAt } from "../core/words";
import { percent } from "../core/percent";
import { formatEffect } from "../lib/format";
import { shortened } from "../lib/tokens";
import { type Ink, TEXT, widthOf } from "./layout";
import { type Drawing, type Mark, NO_PAINT, type Paint, type TextRun } from "./marks";
import { looksIn, type Shown } from "./words";

/** Letters of a token that fit below its column. */
const LETTERS = 14;
const ROW = 40;
/** A bar of less is a line on the ground. */
const FLAT = 0.01;
const SMALL = TEXT - 1;
/** How far labels below columns are turned: they read upwards. */
const TURN = -50;

const run = (text: string, fill: string, change: Partial<TextRun> = {}): TextRun => ({ text, size: SMALL, isBold: false, isItalic: false, fill, opacity: 1, ...change });

const words = (text: string, x: number, y: number, anchor: "start" | "middle" | "end", fill: string, change: Partial<TextRun> = {}, turn = 0): Mark => ({
  kind: "text",
  name: "words",
  x,
  y,
  turn,
  anchor,
  runs: [run(text, fill, change)],
});

const rect = (name: string, x: number, y: number, width: number, height: number, paint: Partial<Paint>): Mark => ({
  kind: "rect",
  name,
  x,
  y,
  width,
  height,
  round: 0,
  paint: { ...NO_PAINT, ...paint },
});

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string): Mark => ({
  kind: "path",
  name: "axis",
  d: `M${x1} ${y1}L${x2} ${y2}`,
  paint: { ...NO_PAINT, stroke, strokeWidth: 1 },
});

/** Tokens below their columns, and how much room they take. */
function tokensBelow(texts: readonly { text: string; isStrong: boolean }[], at: (i: number) => number, y: number, ink: Ink): { marks: Mark[]; height: number } {
  const cut = texts.map(({ text, isStrong }) => ({ text: shortened(text, LETTERS), isStrong }));
  const marks = cut.map(({ text, isStrong }, i) => words(text, at(i) + 4, y + 10, "end", isStrong ? ink.ink : ink.ink2, { isBold: isStrong }, TURN));
  const longest = Math.max(0, ...cut.map(({ text, isStrong }) => widthOf(text, SMALL, isStrong)));
  return { marks, height: 14 + longest * Math.sin((-TURN * Math.PI) / 180) };
}

/** A row of bars for each run, over the same tokens; null where there is nothing to look at. */
export function attention({ run: of, look, detail }: Shown, width: number, ink: Ink & { chosen: string }): Drawing | null {
  const looks = detail && looksIn(of, look, detail);
  if (!looks) return null;
  const { rows, others } = looks;
  const columns = [...looks.columns, ...(others > 0 ? [{ text: `${others} others`, isMarked: false, isFrom: false }] : [])];
  const left = Math.max(...rows.map(({ name }) => widthOf(name, SMALL, true))) + 10;
  const top = 18;
  const step = Math.min(48, (width - left) / columns.length);
  const middle = (i: number) => left + (i + 0.5) * step;
  const foot = top + rows.length * ROW;
  // Attention is at most 1; a change may be more.
  const reach = Math.max(1, ...rows.flatMap(({ shares }) => shares));
  const paint = { corrupted: { fill: ink.card, stroke: ink.ink2, strokeWidth: 1, dash: [2, 1.5] }, clean: { fill: ink.ink }, patched: { fill: ink.chosen, stroke: ink.ink, strokeWidth: 1 } };
  const bands = looks.columns.flatMap(({ isMarked }, i) => (isMarked ? [rect("band", left + i * step, top, step, foot - top + 2, { fill: ink.quiet })] : []));
  const bars = rows.flatMap(({ name, run: kind, shares, rest }, r): Mark[] => {
    const y = top + (r + 1) * ROW;
    const all = [...shares, ...(others > 0 ? [rest] : [])];
    return [
      words(name, 0, y - 4, "start", kind === "patched" ? ink.ink : ink.ink2, { isBold: kind === "patched" }),
      line(left, y, left + columns.length * step, y, ink.line),
      ...all.flatMap((share, i): Mark[] => {
        const height = Math.max(1, (share / reach) * (ROW - 14));
        const bar = share < FLAT ? rect("flat", middle(i) - step * 0.3, y - 1, step * 0.6, 1, { fill: ink.ink2 }) : rect(kind, middle(i) - step * 0.3, y - height, step * 0.6, height, paint[kind]);
        const isTold = looks.columns[i]?.isMarked && share >= FLAT;
        return [bar, ...(isTold ? [words(percent(share), middle(i), y - height - 3, "middle", ink.ink)] : [])];
      }),
    ];
  });
  const labels = tokensBelow(columns.map(({ text, isMarked, isFrom }) => ({ text, isStrong: isMarked || isFrom })), middle, foot, ink);
  const title = words(`${looks.title}, ${looks.about}`, 0, 10, "start", ink.ink2);
  return { width, height: foot + labels.height, marks: [title, ...bands, ...bars, ...labels.marks] };
}

/** Effects that can be told from nothing beside the largest; the others are 0. */
export function toldOf(effects: readonly number[]): number[] {
  const reach = Math.max(...effects.map(Math.abs));
  return effects.map((effect) => (Math.abs(effect) < reach / 300 ? 0 : effect));
}

/** The effect of each position alone, about zero; null where it is not known. */
export function curve({ run: of, look, detail }: Shown, width: number, ink: Ink): Drawing | null {
  if (!detail?.byPosition) return null;
  const effects = toldOf(detail.byPosition);
  const { request, table } = of;
  const tokens = (request.pairs[look.pair] ?? request.pairs[0]!).tokens[runsOf(table).base];
  const whole = detail.value - baseOf({ ...table, cleanMetric: detail.metric.clean, corruptedMetric: detail.metric.corrupted });
  const [low, high] = [Math.min(0, whole, ...effects), Math.max(0, whole, ...effects)];
  const ticks = [...new Set([low, 0, high])];
  const left = Math.max(...ticks.map((tick) => widthOf(formatEffect(tick), SMALL))) + 8;
  const [top, tall] = [20, Math.min(200, Math.max(110, width * 0.3))];
  const step = (width - left) / effects.length;
  const y = (effect: number) => top + tall - ((effect - low) / (high - low || 1)) * tall;
  const middle = (i: number) => left + (i + 0.5) * step;
  // As many labels as stand beside each other.
  const every = Math.ceil(effects.length / Math.floor((width - left) / 14));
  const told = effects.map((_, i) => i).filter((i) => i % every === 0);
  const reach = Math.max(...effects.map(Math.abs));
  const bars = effects.flatMap((effect, i): Mark[] => {
    if (effect === 0) return [];
    return [rect(effect < 0 ? "lowers" : "raises", middle(i) - step * 0.36, Math.min(y(0), y(effect)), step * 0.72, Math.abs(y(effect) - y(0)), { fill: effect < 0 ? ink.lowers : ink.raises })];
  });
  const axis = ticks.map((tick) => words(formatEffect(tick), left - 6, y(tick) + 4, "end", ink.ink2));
  const marks: Mark[] = [
    words("Effect of each position alone, by token", 0, 10, "start", ink.ink2),
    ...axis,
    line(left, y(0), width, y(0), ink.ink2),
    { ...line(left, y(whole), width, y(whole), ink.ink2), name: "whole", paint: { ...NO_PAINT, stroke: ink.ink2, strokeWidth: 1, dash: [4, 3] } } as Mark,
    words(`the whole edge ${formatEffect(whole)}`, width, y(whole) + (whole === high ? -4 : 12), "end", ink.ink2),
    ...bars,
  ];
  const labels = tokensBelow(told.map((i) => ({ text: wordAt(tokens, i), isStrong: Math.abs(effects[i]!) === reach })), (i) => middle(told[i]!), top + tall, ink);
  return { width, height: top + tall + labels.height, marks: [...marks, ...labels.marks] };
}
