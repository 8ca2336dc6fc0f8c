// Letters that a PDF's font lacks, as stencils of what the browser draws for them.

import type { Stencil } from "./pdf";
import { FAMILY } from "./svg";

/** Points of a letter's size: fine enough for paper. */
const EM = 240;
/** Room below the foot of letters, and above it, in sizes. */
const FOOT = 0.3;
const RISE = 1.1;
/** How opaque a point has to be. */
const SOLID = 128;

/** Null where the browser shows nothing for it. */
export function stencil(letter: string, isBold: boolean): Stencil | null {
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  if (!probe) return null;
  const font = `${isBold ? 700 : 400} ${EM}px ${FAMILY}`;
  probe.font = font;
  const across = probe.measureText(letter).width;
  const [width, height] = [Math.ceil(across), Math.ceil(EM * (FOOT + RISE))];
  if (width === 0) return null;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) return null;
  context.font = font;
  context.fillText(letter, 0, EM * RISE);
  const { data } = context.getImageData(0, 0, width, height);
  const row = Math.ceil(width / 8);
  const bits = new Uint8Array(row * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[4 * (y * width + x) + 3]! >= SOLID) bits[y * row + (x >> 3)]! |= 0x80 >> (x & 7);
    }
  }
  return { width, height, bits, advance: (1000 * across) / EM, foot: -1000 * FOOT, rise: (1000 * height) / EM };
}
