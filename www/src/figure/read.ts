// A drawing of the page as marks: what style sheets say of it is resolved, what cannot be seen is left out.

import { type Anchor, type Drawing, type Mark, type Paint, type TextRun } from "./marks";
import { mapped, type Matrix } from "./path";

/** Classes that say how something is used, not what it is; they name no look. */
const PLAIN = /^(selected|lit|near|on|down|dashed|dense|pointed)$/;

/** What an SVG in the document shows, in its own units. */
export function read(svg: SVGSVGElement): Drawing {
  const { x, y, width, height } = svg.viewBox.baseVal;
  return { width, height, marks: new Reading().children(svg, [1, 0, 0, 1, -x, -y]) };
}

class Reading {
  readonly #colours = new Colours();
  children(of: Element, matrix: Matrix): Mark[] {
    return [...of.children].flatMap((child) => (child instanceof SVGGraphicsElement ? this.#element(child, matrix) : []));
  }

  #element(element: SVGGraphicsElement, outer: Matrix): Mark[] {
    const style = getComputedStyle(element);
    const opacity = Number(style.opacity);
    if (style.display === "none" || opacity === 0) return [];
    const matrix = times(outer, transformOf(element));
    const name = nameOf(element);
    const isSeen = style.visibility === "visible";
    const marks =
      element instanceof SVGGElement
        ? this.children(element, matrix)
        : !isSeen
          ? []
          : element instanceof SVGTextElement
            ? this.#text(element, matrix, name)
            : this.#shape(element, style, matrix, name);
    if (opacity === 1 || marks.length === 0) return marks;
    const [only] = marks;
    if (marks.length === 1 && only && only.kind !== "group") return [fainter(only, opacity)];
    return [{ kind: "group", name, x: 0, y: 0, opacity, marks }];
  }

  #shape(element: SVGGraphicsElement, style: CSSStyleDeclaration, matrix: Matrix, name: string): Mark[] {
    const paint = this.#paint(style, scaleOf(matrix));
    if (!paint.fill && !(paint.stroke && paint.strokeWidth > 0)) return [];
    const isMoved = matrix[0] === 1 && matrix[1] === 0 && matrix[2] === 0 && matrix[3] === 1;
    const [, , , , dx, dy] = matrix;
    const number = (key: string) => Number.parseFloat(element.getAttribute(key) ?? "0") || 0;
    if (element instanceof SVGRectElement && isMoved) {
      const [width, height] = [number("width"), number("height")];
      if (width <= 0 || height <= 0) return [];
      return [{ kind: "rect", name, x: number("x") + dx, y: number("y") + dy, width, height, round: number("rx"), paint }];
    }
    if (element instanceof SVGCircleElement && isMoved) {
      return [{ kind: "circle", name, x: number("cx") + dx, y: number("cy") + dy, r: number("r"), paint }];
    }
    const d = outlineOf(element, number);
    if (!d) return [];
    return [{ kind: "path", name, d: isMoved && dx === 0 && dy === 0 ? d : mapped(d, matrix), paint }];
  }

  #paint(style: CSSStyleDeclaration, scale: number): Paint {
    const fill = this.#colours.read(style.fill);
    const stroke = this.#colours.read(style.stroke);
    const dash = style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[\s,]+/).map((length) => scale * Number.parseFloat(length));
    return {
      fill: fill?.colour ?? null,
      fillOpacity: (fill?.alpha ?? 1) * Number(style.fillOpacity),
      stroke: stroke?.colour ?? null,
      strokeOpacity: (stroke?.alpha ?? 1) * Number(style.strokeOpacity),
      strokeWidth: stroke ? scale * Number.parseFloat(style.strokeWidth) : 0,
      dash,
    };
  }

  #text(element: SVGTextElement, matrix: Matrix, name: string): Mark[] {
    const style = getComputedStyle(element);
    const scale = scaleOf(matrix);
    const size = Number.parseFloat(style.fontSize);
    const shift = (at: Element, key: string, em: number) => lengthOf(at.getAttribute(key), em);
    const lines: { x: number; y: number; runs: TextRun[] }[] = [];
    const begin = (x: number, y: number) => lines.push({ x, y, runs: [] });
    begin(shift(element, "x", size) + shift(element, "dx", size), shift(element, "y", size) + shift(element, "dy", size));
    for (const node of element.childNodes) {
      const holder = node instanceof SVGElement ? node : element;
      if (node instanceof SVGTSpanElement && (node.hasAttribute("x") || node.hasAttribute("dy"))) {
        const last = lines.at(-1)!;
        const x = node.hasAttribute("x") ? shift(node, "x", size) : last.x;
        begin(x, (node.hasAttribute("y") ? shift(node, "y", size) : last.y) + shift(node, "dy", size));
      }
      const text = (node.textContent ?? "").replaceAll(/\s+/g, (spaces) => (spaces.includes("\n") ? " " : spaces));
      const own = getComputedStyle(holder);
      const fill = this.#colours.read(own.fill);
      if (!text || !fill || own.display === "none") continue;
      lines.at(-1)!.runs.push({
        text,
        size: scale * Number.parseFloat(own.fontSize),
        isBold: Number(own.fontWeight) >= 550,
        isItalic: own.fontStyle === "italic",
        fill: fill.colour,
        opacity: fill.alpha * Number(own.fillOpacity),
      });
    }
    const anchor = style.textAnchor as Anchor;
    const turn = (Math.atan2(matrix[1], matrix[0]) * 180) / Math.PI;
    return lines
      .filter(({ runs }) => runs.length > 0)
      .map(({ x, y, runs }) => {
        const [px, py] = pointOf(matrix, x, y);
        return { kind: "text" as const, name, x: px, y: py, turn: Math.round(turn * 100) / 100, anchor, runs };
      });
  }
}

/** Any colour that CSS can write, as three bytes and how opaque it is. */
export class Colours {
  readonly #known = new Map<string, { colour: string; alpha: number } | null>();
  readonly #context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  /** Null where it paints nothing. */
  read(written: string): { colour: string; alpha: number } | null {
    const known = this.#known.get(written);
    if (known !== undefined) return known;
    const read = written === "none" ? null : this.#measure(written);
    this.#known.set(written, read);
    return read;
  }

  #measure(written: string): { colour: string; alpha: number } | null {
    const context = this.#context;
    if (!context) throw new Error("figure: expected a canvas to read colours with, got none");
    // What a canvas says of how opaque a colour is has been rounded.
    const alpha = alphaOf(written);
    if (alpha === 0) return null;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = "#000";
    context.fillStyle = written;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    return { colour: `#${[red, green, blue].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`, alpha };
  }
}

/** `rgba(0, 0, 0, 0.5)`, `color(srgb 0 0 0 / 0.5)`. */
function alphaOf(colour: string): number {
  const written = /(?:^rgba\([^)]*,|\/)\s*([\d.]+)(%?)\s*\)$/.exec(colour);
  if (written) return Number(written[1]) / (written[2] ? 100 : 1);
  return colour === "transparent" ? 0 : 1;
}

function nameOf(element: Element): string {
  const own = [...element.classList].find((name) => !PLAIN.test(name));
  return own ?? (element.parentElement instanceof SVGGElement ? nameOf(element.parentElement) : "");
}

function fainter(mark: Exclude<Mark, { kind: "group" }>, opacity: number): Mark {
  if (mark.kind === "text") return { ...mark, runs: mark.runs.map((run) => ({ ...run, opacity: run.opacity * opacity })) };
  const { paint } = mark;
  return { ...mark, paint: { ...paint, fillOpacity: paint.fillOpacity * opacity, strokeOpacity: paint.strokeOpacity * opacity } };
}

/** The outline of an element that is no rectangle in its place. */
function outlineOf(element: SVGGraphicsElement, number: (key: string) => number): string {
  if (element instanceof SVGPathElement) return element.getAttribute("d") ?? "";
  if (element instanceof SVGLineElement) return `M${number("x1")} ${number("y1")}L${number("x2")} ${number("y2")}`;
  if (element instanceof SVGPolygonElement || element instanceof SVGPolylineElement) {
    const points = Array.from(element.points, ({ x, y }) => `${x} ${y}`).join("L");
    return points && `M${points}${element instanceof SVGPolygonElement ? "Z" : ""}`;
  }
  if (element instanceof SVGRectElement) {
    const [x, y, width, height] = ["x", "y", "width", "height"].map(number) as [number, number, number, number];
    return `M${x} ${y}h${width}v${height}h${-width}Z`;
  }
  throw new Error(`figure: expected paths, rectangles, circles, lines and text, got ${element.tagName}`);
}

function lengthOf(written: string | null, em: number): number {
  const value = Number.parseFloat(written ?? "0") || 0;
  return written?.endsWith("em") ? value * em : value;
}

function transformOf(element: SVGGraphicsElement): Matrix {
  const own = element.transform.baseVal.consolidate()?.matrix;
  return own ? [own.a, own.b, own.c, own.d, own.e, own.f] : [1, 0, 0, 1, 0, 0];
}

const times = ([a, b, c, d, e, f]: Matrix, [g, h, i, j, k, l]: Matrix): Matrix => [
  a * g + c * h,
  b * g + d * h,
  a * i + c * j,
  b * i + d * j,
  a * k + c * l + e,
  b * k + d * l + f,
];

const pointOf = ([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] => [a * x + c * y + e, b * x + d * y + f];

const scaleOf = ([a, b]: Matrix): number => Math.hypot(a, b);
