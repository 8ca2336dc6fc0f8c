import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readFont } from "./font";
import { type Drawing, NO_PAINT, type TextRun } from "./marks";
import { pdf } from "./pdf";

const woff = (weight: number) => Uint8Array.from(readFileSync(`${import.meta.dirname}/fonts/arimo-latin-${weight}-normal.woff`));
const fonts = { regular: await readFont("Arimo", woff(400)), bold: await readFont("Arimo-Bold", woff(700)) };
const run = (text: string, change: Partial<TextRun> = {}): TextRun => ({ text, size: 12, isBold: false, isItalic: false, fill: "#1b1a18", opacity: 1, ...change });

const DRAWING: Drawing = {
  width: 200,
  height: 100,
  marks: [
    { kind: "path", name: "line", d: "M10 90C10 60 50 60 50 30V20", paint: { ...NO_PAINT, stroke: "#1f62b5", strokeWidth: 4, dash: [3, 3] } },
    { kind: "rect", name: "box", x: 60, y: 10, width: 40, height: 20, round: 5, paint: { ...NO_PAINT, fill: "#ffd75e", fillOpacity: 0.5 } },
    { kind: "group", name: "edge", x: 0, y: 0, opacity: 0.6, marks: [{ kind: "circle", name: "dot", x: 150, y: 50, r: 8, paint: { ...NO_PAINT, fill: "#b3302a" } }] },
    { kind: "text", name: "title", x: 100, y: 60, turn: 0, anchor: "middle", runs: [run("0.3 → 1.3 ", { isBold: true }), run("−0.28, “lamp”")] },
    { kind: "text", name: "layer", x: 20, y: 50, turn: -90, anchor: "start", runs: [run("layer 日")] },
  ],
};

const stencil = { width: 8, height: 2, bits: Uint8Array.of(0xff, 0x0f), advance: 1000, foot: -200, rise: 1000 };
const options = { scale: 0.5, title: "A circuit", alt: "Two edges.", fonts, ground: "#ffffff", at: new Date("2026-01-02T03:04:05Z"), stencil: () => stencil };

/** A file's objects by number, streams in the clear. */
function objectsOf(file: Uint8Array): Map<number, string> {
  const text = Buffer.from(file).toString("latin1");
  const from = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)![1]);
  const [, size] = /^xref\n0 (\d+)\n/.exec(text.slice(from))!;
  const places = text.slice(from).split("\n").slice(3, 2 + Number(size)).map((line) => Number(line.slice(0, 10)));
  return new Map(
    places.map((place, i) => {
      const body = text.slice(place);
      expect(body).toMatch(new RegExp(`^${i + 1} 0 obj\n`));
      const [, head, length] = /^\d+ 0 obj\n(.*?\/FlateDecode\/Length (\d+)>>)stream\n/s.exec(body) ?? [];
      if (head === undefined || body.indexOf("endobj") < body.indexOf("stream")) return [i + 1, body.slice(0, body.indexOf("\nendobj"))];
      const start = body.indexOf("stream\n") + 7;
      return [i + 1, `${head}${inflateSync(Buffer.from(body.slice(start, start + Number(length)), "latin1")).toString("latin1")}`];
    }),
  );
}

describe("a PDF", () => {
  test("has one page of its size, with its title and its alternative text", async () => {
    const all = [...objectsOf(await pdf(DRAWING, options)).values()].join("\n");
    expect(all).toContain("/MediaBox[0 0 100 50]");
    const utf16 = (text: string) => [...text].map((letter) => letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")).join("");
    expect(all).toContain(`/Title <FEFF${utf16("A circuit")}>`);
    expect(all).toContain(`/Alt <FEFF${utf16("Two edges.")}>`);
    expect(all).toContain("/CreationDate(D:20260102030405Z)");
  });

  test("carries its fonts, with the letters that are used", async () => {
    const all = [...objectsOf(await pdf(DRAWING, options)).values()].join("\n");
    expect(all.match(/\/FontFile2 \d+ 0 R/g)).toHaveLength(2);
    const glyph = (letter: string) => fonts.regular.glyphOf(letter.codePointAt(0)!).toString(16).toUpperCase().padStart(4, "0");
    // The real minus, found as such.
    expect(all).toContain(`<${glyph("−")}><2212>`);
    // Neither the arrow nor the ideograph is in the font: each says what it is.
    expect(all).toContain("/ActualText <FEFF2192>");
    expect(all).toContain("/ActualText <FEFF65E5>");
    expect(all).toContain("/ImageMask true");
  });

  test("draws curves, dashes, opacities, and what is faint as one", async () => {
    const objects = [...objectsOf(await pdf(DRAWING, options)).values()];
    const page = objects.find((body) => body.includes("/Figure<</MCID 0>>BDC"))!;
    expect(page).toContain("10 90 m 10 60 50 60 50 30 c 50 20 l S");
    expect(page).toContain("[3 3]0 d");
    expect(page).toMatch(/\/S\d gs \/G0 Do/);
    const group = objects.find((body) => body.includes("/Group<</S/Transparency>>/Resources"))!;
    expect(group).toContain("0.7 0.19 0.16 rg");
    expect(objects.join("\n")).toContain("<</ca 0.6/CA 0.6>>");
  });

  test("has nothing under it where it is transparent", async () => {
    const page = [...objectsOf(await pdf(DRAWING, { ...options, ground: null })).values()].find((body) => body.includes("BDC"))!;
    expect(page).not.toContain("1 1 1 rg");
  });
});

test("the font is as wide as Helvetica", () => {
  const width = (letter: string, font = fonts.regular) => font.widthOf(font.glyphOf(letter.codePointAt(0)!));
  expect([..."aW .−"].map((letter) => width(letter))).toEqual([556, 944, 278, 278, 584]);
  expect(width("a", fonts.bold)).toBe(556);
  expect(fonts.regular.glyphOf("日".codePointAt(0)!)).toBe(0);
});
