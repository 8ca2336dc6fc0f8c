// A drawing as a PDF of one page: paths, rectangles and real text, the font within it. Journals and conferences ask for
// embedded fonts, and the small set of shapes that our drawings have takes a tenth of a library's size.
//
// Letters that the font lacks are drawn as stencils where the browser gives them, and are still found as text.

import { VERSION } from "../version";
import { deflate, type Font } from "./font";
import type { Drawing, Mark, Paint, TextRun } from "./marks";
import { circle, rectangle, type Segment, segments, short } from "./path";

/** A letter that no font of the file has: a stencil of one bit a point, rows of whole bytes. */
export interface Stencil {
  width: number;
  height: number;
  bits: Uint8Array<ArrayBuffer>;
  /** How far it goes on, its foot and its height, in thousandths of the size. */
  advance: number;
  foot: number;
  rise: number;
}

export interface PdfOptions {
  /** Points a unit of the drawing. */
  scale: number;
  title: string;
  /** The alternative text. */
  alt: string;
  fonts: { regular: Font; bold: Font };
  /** What the page stands on; null for nothing. */
  ground: string | null;
  at: Date;
  stencil: (letter: string, isBold: boolean) => Stencil | null;
}

/** Nothing of a drawing is as far out as this. */
const FAR = 1e4;
/** How far slanted letters lean. */
const SLANT = 0.21;
/** Letters that are drawn here, since the font has none: outlines in thousandths of the size, upwards. */
const DRAWN: Record<string, { advance: number; d: string }> = {
  "→": { advance: 1000, d: "M80 320L790 320L640 180L690 130L925 350L690 570L640 520L790 380L80 380Z" },
  "⟨": { advance: 333, d: "M250 750L90 270L250 -210L310 -190L155 270L310 730Z" },
  "⟩": { advance: 333, d: "M83 750L243 270L83 -210L23 -190L178 270L23 730Z" },
};
/** Spaces that the font has no other glyph for. */
const SPACE = /[\u2000-\u200a\u202f\u205f]/g;

export async function pdf(drawing: Drawing, options: PdfOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { scale, title, alt, fonts, ground, at } = options;
  const file = new Objects();
  const [root, pages, page, tree, figure] = [file.reserve(), file.reserve(), file.reserve(), file.reserve(), file.reserve()];
  const [width, height] = [drawing.width * scale, drawing.height * scale];
  const used = new Uses(file, options);
  const under: Mark[] = ground ? [{ kind: "rect", name: "", x: 0, y: 0, width: drawing.width, height: drawing.height, round: 0, paint: painted(ground) }] : [];
  const content = [
    "/Figure<</MCID 0>>BDC",
    `q ${exact(scale)} 0 0 ${exact(-scale)} 0 ${short(height)} cm`,
    await used.marks([...under, ...drawing.marks]),
    "Q EMC",
  ].join("\n");
  const contents = await file.stream(content);
  const resources = await used.resources(fonts);
  file.set(page, `<</Type/Page/Parent ${ref(pages)}/MediaBox[0 0 ${short(width)} ${short(height)}]/Contents ${ref(contents)}/Resources ${resources}/StructParents 0/Group<</S/Transparency/CS/DeviceRGB>>>>`);
  file.set(pages, `<</Type/Pages/Kids[${ref(page)}]/Count 1>>`);
  file.set(figure, `<</Type/StructElem/S/Figure/P ${ref(tree)}/Pg ${ref(page)}/K 0/Alt ${words(alt)}>>`);
  file.set(tree, `<</Type/StructTreeRoot/K ${ref(figure)}/ParentTree<</Nums[0[${ref(figure)}]]>>>>`);
  file.set(root, `<</Type/Catalog/Pages ${ref(pages)}/Lang(en)/MarkInfo<</Marked true>>/StructTreeRoot ${ref(tree)}>>`);
  const info = file.add(`<</Title ${words(title)}/Creator ${words(`pathpatch ${VERSION}`)}/CreationDate(${dateOf(at)})>>`);
  return file.bytes(root, info);
}

/** Objects of the file, by number from 1. */
class Objects {
  #objects: (string | Uint8Array)[] = [];

  reserve(): number {
    return this.#objects.push("");
  }

  add(body: string | Uint8Array): number {
    return this.#objects.push(body);
  }

  set(number: number, body: string): void {
    this.#objects[number - 1] = body;
  }

  /** A stream, compressed. */
  async stream(data: string | Uint8Array<ArrayBuffer>, entries = ""): Promise<number> {
    const packed = await deflate(typeof data === "string" ? bytesOf(data) : data);
    return this.add(joined([`<<${entries}/Filter/FlateDecode/Length ${packed.length}>>stream\n`, packed, "\nendstream"]));
  }

  bytes(root: number, info: number): Uint8Array<ArrayBuffer> {
    const parts: (string | Uint8Array)[] = ["%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n"];
    let length = parts[0]!.length;
    const starts = this.#objects.map((body, i) => {
      const whole = joined([`${i + 1} 0 obj\n`, body, "\nendobj\n"]);
      const start = length;
      parts.push(whole);
      length += whole.length;
      return start;
    });
    const places = starts.map((start) => `${String(start).padStart(10, "0")} 00000 n \n`).join("");
    const size = starts.length + 1;
    parts.push(`xref\n0 ${size}\n0000000000 65535 f \n${places}trailer\n<</Size ${size}/Root ${ref(root)}/Info ${ref(info)}>>\nstartxref\n${length}\n%%EOF\n`);
    return joined(parts);
  }
}

/** Letters of a run that are drawn the same way. */
interface Piece {
  run: TextRun;
  text: string;
  width: number;
  kind: "glyphs" | "drawn" | "stencil";
}

/** What the page's content names: fonts with their letters, opacities, groups, stencils. */
class Uses {
  readonly #glyphs = { regular: new Map<number, string>(), bold: new Map<number, string>() };
  readonly #states = new Map<string, string>();
  readonly #objects = new Map<string, number>();
  /** What is faint as one. */
  readonly #groups = new Map<string, string>();
  readonly #stencils = new Map<string, { name: string; stencil: Stencil } | null>();
  readonly #file: Objects;
  readonly #options: PdfOptions;

  constructor(file: Objects, options: PdfOptions) {
    this.#file = file;
    this.#options = options;
  }

  async marks(marks: readonly Mark[]): Promise<string> {
    const written: string[] = [];
    for (const mark of marks) written.push(await this.#mark(mark));
    return written.filter(Boolean).join("\n");
  }

  async #mark(mark: Mark): Promise<string> {
    switch (mark.kind) {
      case "path":
        return this.#shape(segments(mark.d), mark.paint);
      case "rect":
        return this.#shape(rectangle(mark.x, mark.y, mark.width, mark.height, mark.round), mark.paint);
      case "circle":
        return this.#shape(circle(mark.x, mark.y, mark.r), mark.paint);
      case "text":
        return this.#text(mark);
      case "group":
        return this.#group(mark);
    }
  }

  #shape(outline: Segment[], paint: Paint): string {
    const paints = (paint.fill ? 1 : 0) + (paint.stroke && paint.strokeWidth > 0 ? 2 : 0);
    if (paints === 0) return "";
    const dash = paint.dash.length ? `[${paint.dash.map(short).join(" ")}]0 d ` : "";
    const stroke = paints & 2 ? `${rgb(paint.stroke!)} RG ${short(paint.strokeWidth)} w ${dash}` : "";
    const fill = paints & 1 ? `${rgb(paint.fill!)} rg ` : "";
    const operator = { 1: "f", 2: "S", 3: "B" }[paints];
    return `q ${this.#opacity(paint.fillOpacity, paint.strokeOpacity)}${fill}${stroke}${outline.map(operation).join(" ")} ${operator} Q`;
  }

  async #text({ x, y, turn, anchor, runs }: Extract<Mark, { kind: "text" }>): Promise<string> {
    const pieces = runs.flatMap((run) => this.#pieces(run));
    const width = pieces.reduce((sum, piece) => sum + piece.width, 0);
    const radians = (turn * Math.PI) / 180;
    const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
    let along = anchor === "middle" ? -width / 2 : anchor === "end" ? -width : 0;
    const written: string[] = [];
    for (const { run, text, width: wide, kind } of pieces) {
      const [px, py] = [x + along * cos, y + along * sin];
      along += wide;
      // Upwards on a page whose units go down.
      const lean = run.isItalic ? SLANT : 0;
      const axes = [cos, sin, sin + lean * cos, lean * sin - cos].map(exact).join(" ");
      const state = this.#opacity(run.opacity, 1);
      const colour = `${rgb(run.fill)} rg`;
      if (kind === "glyphs") {
        const font = run.isBold ? "F1" : "F0";
        written.push(`q ${state}${colour} BT /${font} ${short(run.size)} Tf ${axes} ${short(px)} ${short(py)} Tm <${this.#hex(text, run.isBold)}>Tj ET Q`);
        continue;
      }
      const em = run.size / 1000;
      const map = `${[cos * em, sin * em, sin * em, -cos * em].map(exact).join(" ")} ${short(px)} ${short(py)} cm`;
      const drawing = kind === "drawn" ? `${segments(DRAWN[text]!.d).map(operation).join(" ")} f` : await this.#stencilled(text, run.isBold);
      // Found as text where it is: an unseen letter stands for it.
      const unseen = `BT /F0 1000 Tf 3 Tr 1 0 0 1 0 0 Tm <${this.#hex("-", false)}>Tj ET`;
      written.push(`q ${state}${colour} ${map} /Span<</ActualText ${words(text)}>>BDC ${drawing} ${unseen} EMC Q`);
    }
    return written.join("\n");
  }

  /** A run's letters: as many together as the font has, the others by themselves. */
  #pieces(run: TextRun): Piece[] {
    const font = this.#options.fonts[run.isBold ? "bold" : "regular"];
    const pieces: Piece[] = [];
    for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(run.text.replaceAll(SPACE, "\u00a0"))) {
      const glyphs = Array.from(segment, (letter) => font.glyphOf(letter.codePointAt(0)!));
      const last = pieces.at(-1);
      if (glyphs.every((glyph) => glyph > 0)) {
        const width = (glyphs.reduce((sum, glyph) => sum + font.widthOf(glyph), 0) * run.size) / 1000;
        if (last?.kind === "glyphs") {
          last.text += segment;
          last.width += width;
        } else pieces.push({ run, text: segment, width, kind: "glyphs" });
      } else if (Object.hasOwn(DRAWN, segment)) {
        pieces.push({ run, text: segment, width: (DRAWN[segment]!.advance * run.size) / 1000, kind: "drawn" });
      } else {
        const advance = this.#stencilOf(segment, run.isBold)?.stencil.advance ?? 0;
        pieces.push({ run, text: segment, width: (advance * run.size) / 1000, kind: "stencil" });
      }
    }
    return pieces;
  }

  #hex(text: string, isBold: boolean): string {
    const [font, seen] = isBold ? [this.#options.fonts.bold, this.#glyphs.bold] : [this.#options.fonts.regular, this.#glyphs.regular];
    return Array.from(text, (letter) => {
      const glyph = font.glyphOf(letter.codePointAt(0)!);
      seen.set(glyph, letter);
      return hex4(glyph);
    }).join("");
  }

  #stencilOf(letter: string, isBold: boolean): { name: string; stencil: Stencil } | null {
    const key = `${isBold} ${letter}`;
    if (!this.#stencils.has(key)) {
      const stencil = this.#options.stencil(letter, isBold);
      this.#stencils.set(key, stencil && { name: `X${this.#stencils.size}`, stencil });
    }
    return this.#stencils.get(key) ?? null;
  }

  async #stencilled(letter: string, isBold: boolean): Promise<string> {
    const found = this.#stencilOf(letter, isBold);
    if (!found) return "";
    const { name, stencil } = found;
    const { width, height, bits, advance, foot, rise } = stencil;
    if (!this.#objects.has(name)) {
      const entries = `/Type/XObject/Subtype/Image/Width ${width}/Height ${height}/ImageMask true/BitsPerComponent 1/Decode[1 0]`;
      this.#objects.set(name, await this.#file.stream(bits, entries));
    }
    return `q ${short(advance)} 0 0 ${short(rise)} 0 ${short(foot)} cm /${name} Do Q`;
  }

  async #group({ x, y, opacity, marks }: Extract<Mark, { kind: "group" }>): Promise<string> {
    const inner = await this.marks(marks);
    if (!inner) return "";
    const moved = x === 0 && y === 0 ? "" : `1 0 0 1 ${short(x)} ${short(y)} cm `;
    if (opacity >= 1) return `q ${moved}\n${inner}\nQ`;
    const name = `G${this.#groups.size}`;
    this.#groups.set(name, inner);
    return `q ${moved}${this.#opacity(opacity, opacity)}/${name} Do Q`;
  }

  #opacity(fill: number, stroke: number): string {
    if (fill >= 1 && stroke >= 1) return "";
    const state = `<</ca ${exact(fill)}/CA ${exact(stroke)}>>`;
    if (!this.#states.has(state)) this.#states.set(state, `S${this.#states.size}`);
    return `/${this.#states.get(state)} gs `;
  }

  /** The page's resources, once all of it is written. */
  async resources(fonts: PdfOptions["fonts"]): Promise<string> {
    const own = this.#file.reserve();
    const box = [-FAR, -FAR, FAR, FAR].join(" ");
    for (const [name, inner] of this.#groups) {
      const entries = `/Type/XObject/Subtype/Form/BBox[${box}]/Group<</S/Transparency>>/Resources ${ref(own)}`;
      this.#objects.set(name, await this.#file.stream(inner, entries));
    }
    const written: [string, number][] = [];
    for (const [name, font, seen] of [
      ["F0", fonts.regular, this.#glyphs.regular],
      ["F1", fonts.bold, this.#glyphs.bold],
    ] as const) {
      if (seen.size > 0) written.push([name, await embedded(this.#file, font, seen)]);
    }
    const named = (all: Iterable<[string, number]>) => Array.from(all, ([name, number]) => `/${name} ${ref(number)}`).join("");
    const states = Array.from(this.#states, ([state, name]) => `/${name}${state}`).join("");
    this.#file.set(own, `<</Font<<${named(written)}>>/ExtGState<<${states}>>/XObject<<${named(this.#objects)}>>>>`);
    return ref(own);
  }
}

/** A font with the widths and the meaning of the glyphs that are used. */
async function embedded(file: Objects, font: Font, used: ReadonlyMap<number, string>): Promise<number> {
  const program = await file.stream(font.file, `/Length1 ${font.file.length}`);
  const name = `/PTHPTC+${font.name}`;
  const descriptor = file.add(`<</Type/FontDescriptor/FontName${name}/Flags 32/FontBBox[${font.box.join(" ")}]/ItalicAngle 0/Ascent ${font.ascent}/Descent ${font.descent}/CapHeight 716/StemV 88/FontFile2 ${ref(program)}>>`);
  const sorted = [...used].sort(([a], [b]) => a - b);
  const widths = sorted.map(([glyph]) => `${glyph}[${font.widthOf(glyph)}]`).join("");
  const descendant = file.add(`<</Type/Font/Subtype/CIDFontType2/BaseFont${name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor ${ref(descriptor)}/W[${widths}]/CIDToGIDMap/Identity>>`);
  const meaning = await file.stream(meanings(sorted));
  return file.add(`<</Type/Font/Subtype/Type0/BaseFont${name}/Encoding/Identity-H/DescendantFonts[${ref(descendant)}]/ToUnicode ${ref(meaning)}>>`);
}

/** Entries of one list of a map from glyphs to letters, at most. */
const MOST_ENTRIES = 100;

function meanings(glyphs: [number, string][]): string {
  const lists = Array.from({ length: Math.ceil(glyphs.length / MOST_ENTRIES) }, (_, i) => glyphs.slice(i * MOST_ENTRIES, (i + 1) * MOST_ENTRIES));
  const written = lists.map((list) => `${list.length} beginbfchar\n${list.map(([glyph, letter]) => `<${hex4(glyph)}><${utf16(letter)}>`).join("\n")}\nendbfchar`);
  return `/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def /CMapName/Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000><FFFF> endcodespacerange
${written.join("\n")}
endcmap CMapName currentdict/CMap defineresource pop end end`;
}

const operation = (segment: Segment): string =>
  segment.op === "Z" ? "h" : `${segment.at.map(short).join(" ")} ${segment.op.toLowerCase()}`;

const painted = (fill: string): Paint => ({ fill, fillOpacity: 1, stroke: null, strokeOpacity: 1, strokeWidth: 0, dash: [] });

const ref = (number: number): string => `${number} 0 R`;

/** As the file writes numbers that a hundredth is too coarse for. */
const exact = (value: number): string => String(Math.round(value * 1e5) / 1e5 + 0);

const rgb = (colour: string): string => [1, 3, 5].map((at) => short(Number.parseInt(colour.slice(at, at + 2), 16) / 255)).join(" ");

const hex4 = (value: number): string => value.toString(16).toUpperCase().padStart(4, "0");

const utf16 = (text: string): string => Array.from({ length: text.length }, (_, i) => hex4(text.charCodeAt(i))).join("");

/** Text of any script, as the file's own words have it. */
const words = (text: string): string => `<FEFF${utf16(text)}>`;

function dateOf(at: Date): string {
  return `D:${at.toISOString().replaceAll(/\D/g, "").slice(0, 14)}Z`;
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function joined(parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const all = parts.map((part) => (typeof part === "string" ? bytesOf(part) : part));
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
