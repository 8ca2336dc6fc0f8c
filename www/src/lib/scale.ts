// Colours and widths of effects. Zero is the ground in light and dark alike; the style sheet says which colours the two
// signs have. Strength goes with the square root, as the axis of the effect scale does: small effects can be told from
// none, and large ones from each other.

export interface Colours {
  /** The effect at either end. */
  reach: number;
  /** The colour of an effect, as CSS. */
  of: (effect: number) => string;
  /** How strong that colour is, from 0 to 1. */
  strength: (effect: number) => number;
}

/** Colours of effects: none at 0 and up to `noise`, strongest at `reach` either way. */
export function colours(reach: number, noise: number): Colours {
  // Without any effect no cell has a colour; the scale still needs two ends.
  const end = reach > noise ? reach : 1;
  const strength = (effect: number) => (Math.abs(effect) <= noise ? 0 : Math.sqrt(clamp(Math.abs(effect) / end)));
  return { reach: end, strength, of: (effect) => mixed(effect < 0 ? "--lowers" : "--raises", strength(effect)) };
}

/** The colour of a share from 0 to 1 of what has no sign; never so strong that ink would not be read on it. */
export const tint = (share: number): string => mixed("--ink", 0.4 * clamp(share));

function mixed(colour: string, share: number): string {
  return `color-mix(in oklab, var(${colour}) ${Math.round(100 * share)}%, var(--quiet))`;
}

/** Text on a colour at least this strong turns round, in a dark drawing and in a light one: each has a contrast of 4.5 up to there. */
export const STRONG = { dark: 0.6, light: 0.8 };

/**
 * The linear map of one range onto another. d3's own scale brings formats, ticks and the interpolation of dates and
 * objects along, which is a tenth of a figure's scripts.
 */
export function between([from, to]: [number, number], [first, last]: [number, number]): (value: number) => number {
  return (value) => first + ((value - from) / (to - from)) * (last - first);
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
