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
 * A place in a window for a callout of this size, on the first of the sides where it fits and covers nothing that is to be
 * kept in sight; else where it covers least of that. What is out of the window is pointed at from its edge.
 */
export function place(target: Box, callout: Size, window: Size, sides: readonly Side[], kept: readonly Box[] = []): Place {
  const seen = within(target, window);
  const [right, bottom] = [seen.left + seen.width, seen.top + seen.height];
  const fits: Record<Side, boolean> = {
    right: right + GAP + callout.width + MARGIN <= window.width,
    left: seen.left - GAP - callout.width >= MARGIN,
    below: bottom + GAP + callout.height + MARGIN <= window.height,
    above: seen.top - GAP - callout.height >= MARGIN,
  };
  const most = { left: window.width - callout.width - MARGIN, top: window.height - callout.height - MARGIN };
  const beside = {
    left: clamp(seen.left + seen.width / 2 - callout.width / 2, MARGIN, most.left),
    top: clamp(seen.top + seen.height / 2 - callout.height / 2, MARGIN, most.top),
  };
  // Along the target's side: in its middle, or just past each thing that is to be kept in sight, and still beside it.
  const along = (size: "width" | "height", start: "left" | "top") => {
    const [least, end] = [Math.max(MARGIN, seen[start] + 2 * CORNER - callout[size]), Math.min(most[start], seen[start] + seen[size] - 2 * CORNER)];
    const past = kept.flatMap((box) => [box[start] - GAP - callout[size], box[start] + box[size] + GAP]);
    return [beside[start], ...past.filter((at) => at >= least && at <= end)].sort((a, b) => Math.abs(a - beside[start]) - Math.abs(b - beside[start]));
  };
  const [lefts, tops] = [along("width", "left"), along("height", "top")];
  const at: Record<Side, { left: number; top: number }[]> = {
    right: tops.map((top) => ({ left: right + GAP, top })),
    left: tops.map((top) => ({ left: seen.left - GAP - callout.width, top })),
    below: lefts.map((left) => ({ left, top: bottom + GAP })),
    above: lefts.map((left) => ({ left, top: seen.top - GAP - callout.height })),
  };
  const places = sides.filter((side) => fits[side]).flatMap((side) => at[side].map((one) => ({ side, ...one, ...callout })));
  const covered = (box: Box) => kept.reduce((sum, one) => sum + shared(box, one), 0);
  const [best] = places.map((one) => ({ one, covers: covered(one) })).sort((a, b) => a.covers - b.covers);
  const side = best?.one.side ?? null;
  // Something as large as the window: its lower end is what is covered least painfully.
  const { left, top } = best?.one ?? { left: beside.left, top: most.top };
  const isAcross = side === "below" || side === "above";
  const middle = isAcross ? seen.left + seen.width / 2 - left : seen.top + seen.height / 2 - top;
  const length = isAcross ? callout.width : callout.height;
  return { left, top, side, pointer: clamp(middle, CORNER, length - CORNER) };
}

/** The area that two boxes share. */
function shared(a: Box, b: Box): number {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
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
