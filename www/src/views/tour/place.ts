// Where the callout stands: beside what it speaks of, never over it, and always within the window.

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

export type Side = "right" | "left" | "below" | "above";

export interface Place {
  left: number;
  top: number;
  /** Where it stands, seen from what it points at; null where it fits nowhere beside it. */
  side: Side | null;
  /** Along its edge that faces the target, where the pointer is. */
  pointer: number;
}

/** Between the callout and its target, and to the window's edges. */
const GAP = 14;
const MARGIN = 8;
/** The pointer keeps off the callout's corners. */
const CORNER = 18;

const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most));

/**
 * A place in a window for a callout of this size, on the first of the sides where it fits. What is out of the window is
 * pointed at from its edge.
 */
export function place(target: Box, callout: Size, window: Size, sides: readonly Side[]): Place {
  const seen = within(target, window);
  const [right, bottom] = [seen.left + seen.width, seen.top + seen.height];
  const fits: Record<Side, boolean> = {
    right: right + GAP + callout.width + MARGIN <= window.width,
    left: seen.left - GAP - callout.width >= MARGIN,
    below: bottom + GAP + callout.height + MARGIN <= window.height,
    above: seen.top - GAP - callout.height >= MARGIN,
  };
  const side = sides.find((one) => fits[one]) ?? null;
  const beside = {
    left: clamp(seen.left + seen.width / 2 - callout.width / 2, MARGIN, window.width - callout.width - MARGIN),
    top: clamp(seen.top + seen.height / 2 - callout.height / 2, MARGIN, window.height - callout.height - MARGIN),
  };
  const at = {
    right: { left: right + GAP, top: beside.top },
    left: { left: seen.left - GAP - callout.width, top: beside.top },
    below: { left: beside.left, top: bottom + GAP },
    above: { left: beside.left, top: seen.top - GAP - callout.height },
  };
  // Something as large as the window: its lower end is what is covered least painfully.
  const { left, top } = side ? at[side] : { left: beside.left, top: window.height - callout.height - MARGIN };
  const isAcross = side === "below" || side === "above";
  const middle = isAcross ? seen.left + seen.width / 2 - left : seen.top + seen.height / 2 - top;
  const length = isAcross ? callout.width : callout.height;
  return { left, top, side, pointer: clamp(middle, CORNER, length - CORNER) };
}

/** What of a box is in the window; a line at its edge where nothing is. */
function within({ left, top, width, height }: Box, window: Size): Box {
  const [x, y] = [clamp(left, 0, window.width), clamp(top, 0, window.height)];
  return { left: x, top: y, width: clamp(left + width, 0, window.width) - x, height: clamp(top + height, 0, window.height) - y };
}

/**
 * How far a page has to scroll so that the target is in the middle of the room above a sheet; its beginning where it is
 * taller. Not at all where it is in that room already.
 */
export function scrollFor({ top, height }: Box, room: number): number {
  if (height + 2 * MARGIN > room) return top - MARGIN;
  const isThere = top >= MARGIN && top + height <= room - MARGIN;
  return isThere ? 0 : top - (room - height) / 2;
}
