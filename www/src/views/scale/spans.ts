// Room for texts beside each other along a line.

/** A letter is about so wide. */
export const LETTER = 6.2;
/** Between two texts. */
const APART = 12;

export interface Span {
  from: number;
  to: number;
}

/** Where a text of this length is, as near to a place as it fits into the picture. */
function spanOf(at: number, length: number, width: number): Span {
  const from = Math.max(2, Math.min(width - 2 - length, at - length / 2));
  return { from, to: from + length };
}

/** Where texts at one or two places are; two that would touch make room for each other. */
export function spansApart(placed: readonly { at: number; text: string }[], width: number): Span[] {
  const spans = placed.map(({ at, text }) => spanOf(at, text.length * LETTER, width));
  const [left, right] = placed.map((_, i) => i).sort((a, b) => placed[a]!.at - placed[b]!.at);
  if (left === undefined || right === undefined) return spans;
  const [a, b] = [spans[left]!, spans[right]!];
  const over = a.to + APART - b.from;
  if (over <= 0) return spans;
  const [first, second] = [a.to - a.from, b.to - b.from];
  const from = Math.max(2, Math.min(a.from - over / 2, width - 2 - first - APART - second));
  spans[left] = { from, to: from + first };
  spans[right] = { from: from + first + APART, to: from + first + APART + second };
  return spans;
}

/** The first place, from the left, where a text of this length touches none of these; null where there is none. */
export function gapFor(taken: readonly Span[], length: number, width: number): number | null {
  let from = 2;
  for (const span of [...taken].sort((a, b) => a.from - b.from)) {
    if (from + length + APART <= span.from) return from;
    from = Math.max(from, span.to + APART);
  }
  return from + length <= width ? from : null;
}
