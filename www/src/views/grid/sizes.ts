// How large the cells of grids are: all of one size, so that grids beside each other can be compared, and as large as
// the room allows. Three grids stand beside each other or below each other, never two and one.

import { MARGIN } from "./grid";

export interface Sizes {
  /** A cell's width and height. */
  size: number;
  /** Whether grids stand below each other. */
  isStacked: boolean;
}

const SIZE = { least: 13, most: 84, mostStacked: 56 };
/** With so many heads, cells below each other are small all the same: there are many rows. */
const MANY = { heads: 16, most: 22 };
/** As the style sheet has it. */
export const GAP = 24;
/** An MLP's column stands so many cells off, and is one wide. */
const MLP = 1.4;

/** Three grids of all heads, each with the MLPs or with a grid of those beside the three. */
export function sizesOf(width: number, heads: number, count = 3): Sizes {
  const withMlps = (width - (count - 1) * GAP - count * (MARGIN.left + MARGIN.right)) / (count * (heads + MLP));
  const beside = (width - count * GAP - count * (MARGIN.left + MARGIN.right) - MARGIN.bar - MARGIN.right) / (count * heads + 1);
  const size = Math.min(withMlps, count === 3 ? beside : withMlps);
  if (size >= SIZE.least) return { size: Math.min(SIZE.most, size), isStacked: false };
  const most = heads > MANY.heads ? MANY.most : SIZE.mostStacked;
  return { size: Math.min(most, Math.max(SIZE.least, (width - MARGIN.left - MARGIN.right) / (heads + MLP))), isStacked: true };
}
