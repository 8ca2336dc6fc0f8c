// The font that a PDF carries: Arimo, as wide as Helvetica and Arial letter by letter, so that what was laid out with
// those fits. The files are WOFF, which is TrueType with each table compressed.

import bold from "./fonts/arimo-latin-700-normal.woff?url";
import regular from "./fonts/arimo-latin-400-normal.woff?url";

export interface Font {
  name: string;
  /** Of a code point; 0 where the font has none. */
  glyphOf: (code: number) => number;
  /** How wide a glyph is, in thousandths of the size. */
  widthOf: (glyph: number) => number;
  /** What a PDF's reader needs of the file. */
  file: Uint8Array<ArrayBuffer>;
  /** In thousandths of the size. */
  ascent: number;
  descent: number;
  box: number[];
}

export const FONT_URLS = { regular, bold };

/** What a PDF's reader draws from; it finds glyphs by number, and needs no other names. */
const KEPT = ["cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"];

export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return throughStream(bytes, new DecompressionStream("deflate"));
}

export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return throughStream(bytes, new CompressionStream("deflate"));
}

async function throughStream(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** A WOFF file's font. */
export async function readFont(name: string, woff: Uint8Array<ArrayBuffer>): Promise<Font> {
  const tables = await tablesOf(woff);
  const table = (tag: string): DataView => {
    const found = tables.get(tag);
    if (!found) throw new Error(`font: expected a table ${tag}, got none`);
    return viewOf(found);
  };
  const [head, hhea, hmtx] = [table("head"), table("hhea"), table("hmtx")];
  const perEm = head.getUint16(18);
  const scaled = (value: number) => Math.round((1000 * value) / perEm);
  // Glyphs after the last with a width of its own are as wide as it.
  const widths = hhea.getUint16(34);
  return {
    name,
    glyphOf: glyphs(table("cmap")),
    widthOf: (glyph) => scaled(hmtx.getUint16(4 * Math.min(glyph, widths - 1))),
    file: sfnt(KEPT.flatMap((tag) => (tables.has(tag) ? [[tag, tables.get(tag)!] as const] : []))),
    ascent: scaled(hhea.getInt16(4)),
    descent: scaled(hhea.getInt16(6)),
    box: [36, 38, 40, 42].map((at) => scaled(head.getInt16(at))),
  };
}

async function tablesOf(woff: Uint8Array<ArrayBuffer>): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const view = viewOf(woff);
  if (view.getUint32(0) !== 0x774f4646) throw new Error("font: expected a WOFF file, got another one");
  const entries = Array.from({ length: view.getUint16(12) }, (_, i) => 44 + 20 * i);
  const read = entries.map(async (at) => {
    const tag = String.fromCharCode(...woff.subarray(at, at + 4));
    const [offset, packed, length] = [view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)];
    const bytes = woff.slice(offset, offset + packed);
    return [tag, packed < length ? await inflate(bytes) : bytes] as const;
  });
  return new Map(await Promise.all(read));
}

/** The glyphs of code points, from the table of format 4 that every font of the web has. */
function glyphs(cmap: DataView): (code: number) => number {
  const at = Array.from({ length: cmap.getUint16(2) }, (_, i) => cmap.getUint32(8 + 8 * i)).find((start) => cmap.getUint16(start) === 4);
  if (at === undefined) throw new Error("font: expected a cmap of format 4, got none");
  const double = cmap.getUint16(at + 6);
  const [ends, starts, deltas, offsets] = [at + 14, at + 16 + double, at + 16 + 2 * double, at + 16 + 3 * double];
  return (code) => {
    for (let i = 0; i < double; i += 2) {
      if (cmap.getUint16(ends + i) < code) continue;
      const start = cmap.getUint16(starts + i);
      if (start > code) return 0;
      const offset = cmap.getUint16(offsets + i);
      const delta = cmap.getUint16(deltas + i);
      if (offset === 0) return (code + delta) & 0xffff;
      const glyph = cmap.getUint16(offsets + i + offset + 2 * (code - start));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  };
}

/** A TrueType file of these tables, in the order of their names. */
function sfnt(tables: (readonly [string, Uint8Array])[]): Uint8Array<ArrayBuffer> {
  const padded = (length: number) => 4 * Math.ceil(length / 4);
  const size = tables.reduce((sum, [, bytes]) => sum + padded(bytes.length), 12 + 16 * tables.length);
  const file = new Uint8Array(size);
  const view = viewOf(file);
  const power = Math.floor(Math.log2(tables.length));
  view.setUint32(0, 0x00010000);
  view.setUint16(4, tables.length);
  view.setUint16(6, 16 * 2 ** power);
  view.setUint16(8, power);
  view.setUint16(10, 16 * (tables.length - 2 ** power));
  let offset = 12 + 16 * tables.length;
  tables.forEach(([tag, bytes], i) => {
    const at = 12 + 16 * i;
    for (let k = 0; k < 4; k += 1) file[at + k] = tag.charCodeAt(k);
    file.set(bytes, offset);
    view.setUint32(at + 4, checksum(view, offset, padded(bytes.length)));
    view.setUint32(at + 8, offset);
    view.setUint32(at + 12, bytes.length);
    offset += padded(bytes.length);
  });
  return file;
}

function checksum(view: DataView, offset: number, length: number): number {
  let sum = 0;
  for (let at = offset; at < offset + length; at += 4) sum = (sum + view.getUint32(at)) >>> 0;
  return sum;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView => new DataView(buffer, byteOffset, byteLength);
