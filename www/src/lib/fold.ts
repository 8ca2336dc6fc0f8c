// A long prompt in short: where its two versions differ, where the metric reads, its beginning and its end.

/** Tokens up to which a prompt is shown whole. */
const SHORT = 60;
/** Tokens that are shown on each side of what matters, and at the end. */
const AROUND = 6;
const END = 8;
/** Fewer tokens are not worth a fold. */
const LEAST = 4;

/** A stretch of positions, the last one included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly isShown: boolean;
}

/** The stretches of a prompt of so many tokens, in their order. */
export function stretches(length: number, differing: readonly number[], at: number): Stretch[] {
  if (length === 0) return [];
  if (length <= SHORT) return [{ from: 0, to: length - 1, isShown: true }];
  const isShown = Array<boolean>(length).fill(false);
  const show = (from: number, to: number) => isShown.fill(true, Math.max(0, from), Math.min(length, to + 1));
  show(0, 1);
  show(length - END, length - 1);
  show(at - AROUND, at + AROUND);
  for (const place of differing) {
    // Prompts without a word in common are folded, too.
    if (isShown.filter(Boolean).length >= SHORT) break;
    show(place - AROUND, place + AROUND);
  }
  const all: Stretch[] = [];
  for (let from = 0; from < length; ) {
    let to = from;
    while (to + 1 < length && isShown[to + 1] === isShown[from]) to += 1;
    all.push({ from, to, isShown: isShown[from]! });
    from = to + 1;
  }
  return joined(all.map((one) => (one.isShown || one.to - one.from + 1 >= LEAST ? one : { ...one, isShown: true })));
}

function joined(all: Stretch[]): Stretch[] {
  return all.reduce<Stretch[]>((made, one) => {
    const before = made.at(-1);
    if (before?.isShown !== one.isShown) return [...made, one];
    return [...made.slice(0, -1), { ...before, to: one.to }];
  }, []);
}
