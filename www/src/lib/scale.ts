// The colours of a grid: diverging, white where nothing changes, the same distance both ways.

import { interpolateRdBu } from "d3-scale-chromatic";

/** ColorBrewer's red to blue, which readers with any of the common colour blindnesses can tell apart. */
export interface Colours {
  /** The effect at either end. */
  reach: number;
  /** The colour of an effect. */
  of: (effect: number) => string;
}

/** Colours of effects: white at 0 and up to `noise`, strongest at `reach` either way. */
export function colours(reach: number, noise: number): Colours {
  // Without any effect every cell is white; the scale still needs two ends.
  const end = reach > noise ? reach : 1;
  const share = between([-end, end], [0, 1]);
  return { reach: end, of: (effect) => interpolateRdBu(clamp(share(Math.abs(effect) <= noise ? 0 : effect))) };
}

/**
 * The linear map of one range onto another. d3's own scale brings formats, ticks and the interpolation of dates and
 * objects along, which is a tenth of a figure's scripts.
 */
export function between([from, to]: [number, number], [first, last]: [number, number]): (value: number) => number {
  return (value) => first + ((value - from) / (to - from)) * (last - first);
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** The width of a line that stands for an effect. */
export function lineWidth(effect: number, reach: number): number {
  return between([0, 1], [0.75, 6])(clamp(Math.abs(effect) / (reach || 1)));
}

/** Whether text on a colour should be light: by relative luminance, as WCAG defines it. */
export function needsLightText(rgb: string): boolean {
  const [r = 0, g = 0, b = 0] = (rgb.match(/\d+/g) ?? []).map((part) => {
    const c = Number(part) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179;
}
