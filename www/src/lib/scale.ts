// The colours of a grid: diverging, centred on the baseline, the same distance both ways.

import { scaleDiverging } from "d3-scale";
import { interpolateRdBu } from "d3-scale-chromatic";

/** ColorBrewer's red to blue, which readers with any of the common colour blindnesses can tell apart. */
export interface Colours {
  baseline: number;
  /** Distance from the baseline to either end. */
  reach: number;
  of: (value: number) => string;
}

/** Colours that put the baseline at white and the value farthest from it at one end. */
export function colours(values: Iterable<number>, baseline: number): Colours {
  let reach = 0;
  for (const value of values) {
    if (Number.isFinite(value)) reach = Math.max(reach, Math.abs(value - baseline));
  }
  // Without any effect every cell is white; the scale still needs two ends.
  if (reach === 0) reach = 1;
  const of = scaleDiverging([baseline - reach, baseline, baseline + reach], interpolateRdBu);
  return { baseline, reach, of };
}

/** Whether text on a colour should be light: by relative luminance, as WCAG defines it. */
export function needsLightText(rgb: string): boolean {
  const [r = 0, g = 0, b = 0] = (rgb.match(/\d+/g) ?? []).map((part) => {
    const c = Number(part) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179;
}
