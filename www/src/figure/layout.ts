// Text and keys as marks: lines that wrap, the samples of a legend side by side. Units are those of a drawing, where
// plain text is 12 high.

import type { Drawing, Mark, TextRun } from "./marks";
import { NO_PAINT } from "./marks";
import { FAMILY } from "./svg";

export interface Ink {
  ink: string;
  ink2: string;
  line: string;
  card: string;
  quiet: string;
  raises: string;
  lowers: string;
}

export const TEXT = 12;
const LEADING = 1.3;
/** Letters reach as far above their foot, in sizes. */
const RISE = 0.78;

let context: OffscreenCanvasRenderingContext2D | null = null;

/** How wide a text is in the figure's fonts. */
export function widthOf(text: string, size: number, isBold = false): number {
  context ??= new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) throw new Error("figure: expected a canvas to measure text with, got none");
  context.font = `${isBold ? 700 : 400} 100px ${FAMILY}`;
  return (context.measureText(text).width * size) / 100;
}

export interface Words {
  text: string;
  size?: number;
  isBold?: boolean;
  fill: string;
  name: string;
}

const runOf = ({ text, size = TEXT, isBold = false, fill }: Words): TextRun => ({ text, size, isBold, isItalic: false, fill, opacity: 1 });

/** A paragraph from the top, in lines that fit. */
export function paragraph(words: Words, width: number): Drawing {
  const { size = TEXT, isBold = false, name } = words;
  const lines = wrapped(words.text, (line) => widthOf(line, size, isBold) <= width);
  const marks = lines.map((text, i) => ({
    kind: "text" as const,
    name,
    x: 0,
    y: i * size * LEADING + size * RISE,
    turn: 0,
    anchor: "start" as const,
    runs: [runOf({ ...words, text })],
  }));
  return { width, height: lines.length === 0 ? 0 : ((lines.length - 1) * LEADING + 1) * size, marks };
}

/** Lines of whole words; a word that is too long for a line is cut. */
export function wrapped(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = "";
    for (const letter of word) {
      if (line && !fits(line + letter)) {
        lines.push(line);
        line = "";
      }
      line += letter;
    }
  }
  return line ? [...lines, line] : lines;
}

/** Drawings beside one another in rows, as many as fit. */
export function flow(items: readonly Drawing[], width: number, gap: { x: number; y: number }): Drawing {
  const marks: Mark[] = [];
  let [x, y, tall] = [0, 0, 0];
  for (const item of items) {
    if (x > 0 && x + item.width > width) [x, y, tall] = [0, y + tall + gap.y, 0];
    marks.push(moved(item, x, y));
    x += item.width + gap.x;
    tall = Math.max(tall, item.height);
  }
  return { width, height: y + tall, marks };
}

/** Drawings below one another; those without height take no room. */
export function stack(items: readonly (Drawing & { gap?: number })[], width: number): Drawing {
  const marks: Mark[] = [];
  let y = 0;
  for (const item of items.filter(({ height }) => height > 0)) {
    if (y > 0) y += item.gap ?? 8;
    marks.push(moved(item, 0, y));
    y += item.height;
  }
  return { width, height: y, marks };
}

export const moved = ({ marks }: Drawing, x: number, y: number): Mark => ({ kind: "group", name: "", x, y, opacity: 1, marks });

/** A sample and what it means. */
function key(sample: Mark[], sampleWidth: number, text: string, ink: Ink): Drawing {
  const size = TEXT - 1;
  const words: Mark = { kind: "text", name: "key", x: sampleWidth + 5, y: 10, turn: 0, anchor: "start", runs: [runOf({ text, size, fill: ink.ink2, name: "key" })] };
  return { width: sampleWidth + 5 + widthOf(text, size), height: 14, marks: [...sample, words] };
}

const line = (stroke: string, strokeWidth: number, dash: number[] = []): Mark => ({ kind: "path", name: "sample", d: "M0 6.5H22", paint: { ...NO_PAINT, stroke, strokeWidth, dash } });

/** Words that need no sample. */
export const wordsKey = (text: string, ink: Ink): Drawing => ({
  width: widthOf(text, TEXT - 1),
  height: 14,
  marks: [{ kind: "text", name: "key", x: 0, y: 10, turn: 0, anchor: "start", runs: [runOf({ text, size: TEXT - 1, fill: ink.ink2, name: "key" })] }],
});

/** What the two colours of lines mean. */
export const signKeys = (up: string | null, down: string | null, ink: Ink): Drawing[] => [
  ...(up ? [key([line(ink.raises, 5)], 22, up, ink)] : []),
  ...(down ? [key([line(ink.lowers, 5)], 22, down, ink)] : []),
];

/** How wide the lines of some effects are, the last with what effects are counted in. */
export function widthKey(samples: readonly { width: number; effect: string }[], counted: string, ink: Ink): Drawing {
  const height = Math.max(14, ...samples.map(({ width }) => width + 2));
  let x = 0;
  const marks = samples.map(({ width, effect }, i) => {
    const text = i === samples.length - 1 ? `${effect}${counted}` : effect;
    const sample = key([line(ink.ink2, width)], 22, text, ink);
    const mark = moved(sample, x, (height - 14) / 2);
    x += sample.width + 14;
    return mark;
  });
  return { width: x - 14, height, marks };
}

/** How an estimate is drawn: an outline, or dashes where it is thin. */
export const estimateKey = (ink: Ink): Drawing => key([line(ink.raises, 5), line(ink.card, 3), { ...line(ink.raises, 1.5, [3, 3]), d: "M27 6.5H47" } as Mark], 47, "estimate", ink);

/** The inputs of a head, left to right. */
export function portKeys(ports: readonly string[], words: string, ink: Ink): Drawing {
  const boxes = ports.flatMap((port, i): Mark[] => [
    { kind: "rect", name: "port", x: i * 14, y: 0.5, width: 12.5, height: 12, round: 2, paint: { ...NO_PAINT, fill: ink.ink2 } },
    { kind: "text", name: "letter", x: i * 14 + 6.25, y: 10, turn: 0, anchor: "middle", runs: [runOf({ text: port, size: 10, isBold: true, fill: ink.card, name: "letter" })] },
  ]);
  return key(boxes, ports.length * 14 - 1.5, words, ink);
}

/** A square, as an MLP or an estimate is drawn. */
export const squareKey = (text: string, fill: string, ink: Ink): Drawing =>
  key([{ kind: "rect", name: "square", x: 0.5, y: 0.5, width: 12, height: 12, round: 1, paint: { ...NO_PAINT, fill, stroke: ink.ink2, strokeWidth: 1 } }], 13, text, ink);

/** A scale of colours with its ends and its middle, within so much width. */
export function bar(colours: readonly string[], ends: readonly [string, string, string], title: string, most: number, ink: Ink): Drawing {
  const width = Math.min(240, most);
  const step = width / colours.length;
  const size = TEXT - 1;
  const above = paragraph({ text: title, size, fill: ink.ink2, name: "scale-words" }, most);
  const top = above.height + 5;
  const cells = colours.map((fill, i): Mark => ({ kind: "rect", name: "scale", x: i * step, y: top, width: step + 0.3, height: 8, round: 0, paint: { ...NO_PAINT, fill } }));
  const under = ends.map((text, i): Mark => ({
    kind: "text",
    name: "scale-words",
    x: (i * width) / 2,
    y: top + 20,
    turn: 0,
    anchor: (["start", "middle", "end"] as const)[i]!,
    runs: [runOf({ text, size, fill: ink.ink2, name: "scale-words" })],
  }));
  return { width: Math.max(width, Math.min(most, widthOf(title, size))), height: top + 22, marks: [...above.marks, ...cells, ...under] };
}
