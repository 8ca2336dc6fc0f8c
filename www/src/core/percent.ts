// Shares in percent, with as many digits as say something: 61%, 8.8%, 0.2%, and two that differ look different.

/** Shares below this are told as such; float32 leaves nothing to say of them. */
const LEAST = 0.0005;
const MOST_DECIMALS = 2;
/** From here on up a share is written as 10% or more. */
const TENTH = 0.0995;

const fixed = (share: number, decimals: number) => `${(100 * share).toFixed(decimals)}%`;

/** Decimals that leave two digits, or three next to all of it. */
const decimalsOf = (share: number): number => (share >= TENTH && share < 0.995 ? 0 : 1);

/**
 * A share, with as many decimals as say something, or with just so many; a change may be more than the length of what it
 * changes.
 */
export function percent(share: number, decimals?: number): string {
  if (share === 0) return "0%";
  if (share >= 1) return fixed(share, 0);
  if (share < LEAST) return "<0.1%";
  if (share > 1 - LEAST) return ">99.9%";
  // By itself 1.0% says no more than 1%.
  return decimals === undefined ? fixed(share, decimalsOf(share)).replace(/\.0+%/, "%") : fixed(share, decimals);
}

/** A bound, as `<0.1%`, is no number with a decimal. */
const isToATenth = (text: string): boolean => /^\d+\.\d%$/.test(text);

/**
 * Two shares side by side, with as many digits as tell them apart, up to a hundredth of a percent. Those of one size have
 * as many decimals: 9.6% and 6.0%, but 61% and 8.8%.
 */
export function percents(before: number, after: number): [string, string] {
  const least = Math.max(decimalsOf(before), decimalsOf(after));
  const own: [string, string] = [percent(before), percent(after)];
  if (own[0] !== own[1]) {
    const isOneSize = before >= TENTH === after >= TENTH;
    return isOneSize && own.some(isToATenth) ? [percent(before, 1), percent(after, 1)] : own;
  }
  for (let decimals = least; decimals <= MOST_DECIMALS; decimals += 1) {
    const [a, b] = [percent(before, decimals), percent(after, decimals)];
    if (a !== b) return [a, b];
  }
  return own;
}
