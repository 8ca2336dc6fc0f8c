// The axis of the effect scale: a signed square root, so that small effects are apart and large ones are on it too.
//
// Where effects go both ways 0 is in the middle; where nearly all go one way, that side has nearly all of the width.

export interface Extent {
  /** The largest effects below and above 0, as sizes. */
  down: number;
  up: number;
  /** The effect that the other run has, by which the axis is long enough where it is not too far away. */
  other: number;
}

export interface Axis {
  /** The effects at both ends. */
  low: number;
  high: number;
  /** Whether the other run is on it. */
  hasOther: boolean;
  x: (effect: number) => number;
  effect: (x: number) => number;
  /** Effects to write below it, 0 among them, from the lowest. */
  ticks: number[];
}

/** Farther than so many times the largest effect, the other run would leave effects a fifth of the width. */
const FAR = 25;
/** A side this many times shorter than the other is drawn as short as it is; else both are of one length. */
const UNEVEN = 25;
/** A side without effects still has so much of the other's length, for 0 not to stand at the edge. */
const STUB = 400;
const SPACING = 84;

/** An axis between two places. */
export function axisOf({ down, up, other }: Extent, left: number, right: number): Axis {
  const most = Math.max(down, up);
  const hasOther = most === 0 || Math.abs(other) <= FAR * most;
  const reachOf = (size: number, mark: number) => roundUp(Math.max(size, hasOther ? mark : 0));
  let [below, above] = [reachOf(down, -other), reachOf(up, other)];
  const longer = Math.max(below, above) || 1;
  const fit = (size: number) => (size * UNEVEN >= longer ? longer : Math.max(size, longer / STUB));
  [below, above] = [fit(below), fit(above)];
  const scale = (right - left) / (Math.sqrt(below) + Math.sqrt(above));
  const zero = left + Math.sqrt(below) * scale;
  const x = (effect: number) => zero + Math.sign(effect) * Math.sqrt(Math.abs(effect)) * scale;
  const effect = (at: number) => Math.sign(at - zero) * ((at - zero) / scale) ** 2;
  const side = (end: number) => {
    const kept: number[] = [];
    for (const value of roundBelow(Math.abs(end))) {
      const at = Math.abs(x(value) - zero);
      const last = kept.at(-1);
      if (at < SPACING / 2 || kept.length > 4) break;
      if (last === undefined || Math.abs(x(last) - zero) - at >= SPACING) kept.push(value);
    }
    return kept;
  };
  const ticks = [...side(below).map((value) => -value), 0, ...side(above).toReversed()];
  return { low: -below, high: above, hasOther, x, effect, ticks };
}

const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The next round number, so that the axis stays as it is while values come. */
function roundUp(size: number): number {
  if (size === 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(size));
  // What is at a step but for its last bit is at it.
  const step = STEPS.find((each) => each * (1 + 1e-6) >= size / unit) ?? 10;
  return Number((step * unit).toPrecision(2));
}

/** 1, 2 and 5 times powers of ten from a number downward, as many as an axis may need. */
export function roundBelow(from: number): number[] {
  const top = Math.ceil(Math.log10(from));
  const all = Array.from({ length: 5 }, (_, i) => [5, 2, 1].map((digit) => Number(`${digit}e${top - i}`))).flat();
  return all.filter((value) => value <= from * (1 + 1e-9));
}
