// The heights of a scale, from the top.

/** Ticks end at the bar, whose numbers are below it, and below those the runs' names. */
export const Y = { tick: 11, quiet: 16, foot: 21, bar: 23, barHeight: 6, handle: 34, number: 48, name: 63 };
export const HEIGHT = 66;
