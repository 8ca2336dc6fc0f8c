// The outlines of shapes, as points: what a PDF draws, and what is left of a path that has been moved.

/** `M` and `L` have a point, `C` two handles and a point, `Z` none. */
export type Segment = { op: "M" | "L" | "C"; at: number[] } | { op: "Z" };

/** How many numbers each command takes. */
const TAKES: Record<string, number> = { M: 2, L: 2, H: 1, V: 1, C: 6, Q: 4, A: 7, Z: 0 };

/** A path's segments, all absolute. Throws on what our drawings do not use: curves that go on from others. */
export function segments(d: string): Segment[] {
  const found: Segment[] = [];
  let [x, y, beginX, beginY] = [0, 0, 0, 0];
  for (const [, letter = "", rest = ""] of d.matchAll(/([a-z])([^a-z]*)/gi)) {
    const op = letter.toUpperCase();
    const takes = TAKES[op];
    if (takes === undefined) throw new Error(`path: expected one of ${Object.keys(TAKES).join(" ")}, got ${letter}`);
    const isRelative = letter !== op;
    const numbers = [...rest.matchAll(/-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi)].map(Number);
    if (op === "Z") {
      found.push({ op: "Z" });
      [x, y] = [beginX, beginY];
      continue;
    }
    for (let i = 0; i + takes <= numbers.length; i += takes) {
      const [dx, dy] = isRelative ? [x, y] : [0, 0];
      const given = numbers.slice(i, i + takes);
      const at =
        op === "H"
          ? [given[0]! + dx, y]
          : op === "V"
            ? [x, given[0]! + dy]
            : op === "A"
              ? [...given.slice(0, 5), given[5]! + dx, given[6]! + dy]
              : given.map((each, k) => each + (k % 2 ? dy : dx));
      const end: [number, number] = [at.at(-2)!, at.at(-1)!];
      if (op === "A") found.push(...arc(x, y, at).map((curve): Segment => ({ op: "C", at: curve })));
      else if (op === "Q") found.push({ op: "C", at: cubic(x, y, at) });
      else if (op === "C") found.push({ op: "C", at });
      else if (op === "M" && i === 0) {
        found.push({ op: "M", at });
        [beginX, beginY] = end;
      } else found.push({ op: "L", at });
      [x, y] = end;
    }
  }
  return found;
}

/** A curve of one handle as one of two. */
function cubic(x: number, y: number, [a = 0, b = 0, endX = 0, endY = 0]: number[]): number[] {
  const near = (from: number, handle: number) => from + (2 / 3) * (handle - from);
  return [near(x, a), near(y, b), near(endX, a), near(endY, b), endX, endY];
}

/** An arc of a circle as curves, none of them longer than a quarter. */
function arc(x: number, y: number, [r = 0, , , isLarge = 0, isClockwise = 0, endX = 0, endY = 0]: number[]): number[][] {
  const chord = Math.hypot(endX - x, endY - y);
  if (chord === 0 || r === 0) return [];
  // A radius that does not reach is as long as it has to be.
  const radius = Math.max(r, chord / 2);
  const aside = Math.sqrt(Math.max(0, radius ** 2 - (chord / 2) ** 2)) * (isLarge === isClockwise ? -1 : 1);
  const [cx, cy] = [(x + endX) / 2 - (aside * (endY - y)) / chord, (y + endY) / 2 + (aside * (endX - x)) / chord];
  const from = Math.atan2(y - cy, x - cx);
  let turn = Math.atan2(endY - cy, endX - cx) - from;
  if (isClockwise && turn < 0) turn += 2 * Math.PI;
  if (!isClockwise && turn > 0) turn -= 2 * Math.PI;
  const parts = Math.max(1, Math.ceil(Math.abs(turn) / (Math.PI / 2) - 1e-6));
  const handle = (4 / 3) * Math.tan(turn / parts / 4);
  return Array.from({ length: parts }, (_, i) => {
    const [a, b] = [from + (turn * i) / parts, from + (turn * (i + 1)) / parts];
    const on = (angle: number): [number, number] => [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
    const [[ax, ay], [bx, by]] = [on(a), on(b)];
    const reach = handle * radius;
    return [ax - reach * Math.sin(a), ay + reach * Math.cos(a), bx + reach * Math.sin(b), by - reach * Math.cos(b), bx, by];
  });
}

/** How far a handle lies from the end of a quarter of a circle, in radii. */
const QUARTER = 0.5523;

/** A rectangle with round corners. */
export function rectangle(x: number, y: number, width: number, height: number, round: number): Segment[] {
  const r = Math.min(round, width / 2, height / 2);
  const [right, foot, k] = [x + width, y + height, r * (1 - QUARTER)];
  if (r <= 0) {
    return [{ op: "M", at: [x, y] }, { op: "L", at: [right, y] }, { op: "L", at: [right, foot] }, { op: "L", at: [x, foot] }, { op: "Z" }];
  }
  return [
    { op: "M", at: [x + r, y] },
    { op: "L", at: [right - r, y] },
    { op: "C", at: [right - k, y, right, y + k, right, y + r] },
    { op: "L", at: [right, foot - r] },
    { op: "C", at: [right, foot - k, right - k, foot, right - r, foot] },
    { op: "L", at: [x + r, foot] },
    { op: "C", at: [x + k, foot, x, foot - k, x, foot - r] },
    { op: "L", at: [x, y + r] },
    { op: "C", at: [x, y + k, x + k, y, x + r, y] },
    { op: "Z" },
  ];
}

export const circle = (x: number, y: number, r: number): Segment[] => rectangle(x - r, y - r, 2 * r, 2 * r, r);

/** An affine map, as SVG and PDF write it: `x' = a x + c y + e`, `y' = b x + d y + f`. */
export type Matrix = readonly [number, number, number, number, number, number];

/** The path that a map makes of another one. */
export function mapped(d: string, [a, b, c, e, f, g]: Matrix): string {
  const points = (at: number[]) => at.flatMap((x, i) => (i % 2 ? [] : [a * x + c * at[i + 1]! + f, b * x + e * at[i + 1]! + g]));
  return segments(d)
    .map((segment) => (segment.op === "Z" ? "Z" : segment.op + points(segment.at).map(short).join(" ")))
    .join("");
}

/** A number to a hundredth, as short as it goes. */
export const short = (value: number): string => String(Math.round(value * 100) / 100 + 0);
