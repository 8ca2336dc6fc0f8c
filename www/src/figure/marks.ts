// A drawing as a short list of shapes and texts: what SVG and PDF are written from.

/** How a shape is painted; colours are `#rrggbb`, null paints nothing. */
export interface Paint {
  fill: string | null;
  fillOpacity: number;
  stroke: string | null;
  strokeOpacity: number;
  strokeWidth: number;
  /** Lengths of dashes and gaps; empty for a whole line. */
  dash: readonly number[];
}

export const NO_PAINT: Paint = { fill: null, fillOpacity: 1, stroke: null, strokeOpacity: 1, strokeWidth: 0, dash: [] };

/** Letters of one look. */
export interface TextRun {
  text: string;
  size: number;
  isBold: boolean;
  isItalic: boolean;
  fill: string;
  opacity: number;
}

export type Anchor = "start" | "middle" | "end";

interface Named {
  /** What it is, as a class of the SVG is called. */
  name: string;
}

export type Mark =
  | (Named & { kind: "path"; d: string; paint: Paint })
  | (Named & { kind: "rect"; x: number; y: number; width: number; height: number; round: number; paint: Paint })
  | (Named & { kind: "circle"; x: number; y: number; r: number; paint: Paint })
  /** `turn` is in degrees, clockwise, about its own point. */
  | (Named & { kind: "text"; x: number; y: number; turn: number; anchor: Anchor; runs: TextRun[] })
  /** Marks that are faint as one, so that they do not show through each other; or moved together. */
  | (Named & { kind: "group"; x: number; y: number; opacity: number; marks: Mark[] });

/** A drawing of its own size, in units of its texts: what they are on paper is said where it is written. */
export interface Drawing {
  width: number;
  height: number;
  marks: Mark[];
}
