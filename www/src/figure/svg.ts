// A drawing as an SVG file that stands by itself: real text, a class for each look, one block of styles.

import type { Drawing, Mark, Paint, TextRun } from "./marks";
import { short } from "./path";

export interface SvgOptions {
  /** Millimetres of paper. */
  width: number;
  title: string;
  /** The alternative text. */
  alt: string;
  /** What it stands on; null for nothing. */
  ground: string | null;
}

/** Fonts of one width, letter by letter, so that lines end where they were laid out. */
export const FAMILY = 'Helvetica, Arial, "Liberation Sans", Arimo, sans-serif';

export function svg({ width, height, marks }: Drawing, { width: paper, title, alt, ground }: SvgOptions): string {
  const classes = new Classes();
  const body = marks.map((mark) => written(mark, classes)).join("\n");
  const under = ground ? `<rect width="${short(width)}" height="${short(height)}" fill="${ground}"/>\n` : "";
  const styles = `text{font-family:${FAMILY};white-space:pre}\n${classes.sheet()}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${short(paper)}mm" height="${short((paper * height) / width)}mm" viewBox="0 0 ${short(width)} ${short(height)}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(alt)}</desc>
<style>
${styles}</style>
${under}${body}
</svg>
`;
}

/** A class for each look, called after what has it. */
class Classes {
  readonly #names = new Map<string, string>();
  readonly #taken = new Map<string, number>();

  of(look: string, name: string): string {
    if (!look) return "";
    const found = this.#names.get(look);
    if (found) return attribute("class", found);
    const base = name || "mark";
    const count = (this.#taken.get(base) ?? 0) + 1;
    this.#taken.set(base, count);
    const made = count === 1 ? base : `${base}-${count}`;
    this.#names.set(look, made);
    return attribute("class", made);
  }

  sheet(): string {
    return Array.from(this.#names, ([look, name]) => `.${name}{${look}}\n`).join("");
  }
}

const attribute = (name: string, value: string | number): string => ` ${name}="${typeof value === "number" ? short(value) : escaped(value)}"`;

function written(mark: Mark, classes: Classes): string {
  switch (mark.kind) {
    case "path":
      return `<path${classes.of(lookOf(mark.paint), mark.name)}${widthOf(mark.paint)}${attribute("d", mark.d)}/>`;
    case "rect": {
      const { x, y, width, height, round } = mark;
      const corner = round > 0 ? attribute("rx", round) : "";
      return `<rect${classes.of(lookOf(mark.paint), mark.name)}${widthOf(mark.paint)}${attribute("x", x)}${attribute("y", y)}${attribute("width", width)}${attribute("height", height)}${corner}/>`;
    }
    case "circle":
      return `<circle${classes.of(lookOf(mark.paint), mark.name)}${widthOf(mark.paint)}${attribute("cx", mark.x)}${attribute("cy", mark.y)}${attribute("r", mark.r)}/>`;
    case "text":
      return text(mark, classes);
    case "group": {
      const { x, y, opacity, marks, name } = mark;
      const moved = x === 0 && y === 0 ? "" : attribute("transform", `translate(${short(x)} ${short(y)})`);
      const look = opacity < 1 ? `opacity:${short(opacity)}` : "";
      return `<g${classes.of(look, name)}${moved}>\n${marks.map((each) => written(each, classes)).join("\n")}\n</g>`;
    }
  }
}

function text({ x, y, turn, anchor, runs, name }: Extract<Mark, { kind: "text" }>, classes: Classes): string {
  const [first, ...others] = runs;
  if (!first) return "";
  const turned = turn === 0 ? "" : attribute("transform", `rotate(${short(turn)} ${short(x)} ${short(y)})`);
  const anchored = anchor === "start" ? "" : `;text-anchor:${anchor}`;
  const rest = others.map((run) => `<tspan${classes.of(lookOfRun(run), `${name}-part`)}>${escaped(run.text)}</tspan>`).join("");
  return `<text${classes.of(lookOfRun(first) + anchored, name)}${attribute("x", x)}${attribute("y", y)}${turned}>${escaped(first.text)}${rest}</text>`;
}

function lookOf({ fill, fillOpacity, stroke, strokeOpacity, strokeWidth, dash }: Paint): string {
  const look = [`fill:${fill ?? "none"}`];
  if (fill && fillOpacity < 1) look.push(`fill-opacity:${short(fillOpacity)}`);
  if (stroke && strokeWidth > 0) {
    look.push(`stroke:${stroke}`);
    if (strokeOpacity < 1) look.push(`stroke-opacity:${short(strokeOpacity)}`);
    if (dash.length) look.push(`stroke-dasharray:${dash.map(short).join(" ")}`);
  }
  return look.join(";");
}

/** A line's width is its effect, which few lines share: it is no part of their look. */
const widthOf = ({ stroke, strokeWidth }: Paint): string => (stroke && strokeWidth > 0 && strokeWidth !== 1 ? attribute("stroke-width", strokeWidth) : "");

function lookOfRun({ size, isBold, isItalic, fill, opacity }: TextRun): string {
  const look = [`font-size:${short(size)}px`, `font-weight:${isBold ? 700 : 400}`, `fill:${fill}`];
  if (isItalic) look.push("font-style:italic");
  if (opacity < 1) look.push(`fill-opacity:${short(opacity)}`);
  return look.join(";");
}

/** Text within an element or an attribute. Control characters are no part of XML. */
export const escaped = (value: string): string =>
  value
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
