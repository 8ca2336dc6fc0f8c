// The longest common part of two lists, for laying them side by side.

/** Entries up to which the longest part is looked for; beyond, what both begin and end with. */
const MOST = 600;

/** Places of the entries of a longest common part, in their order. */
export function commonPlaces(lengths: readonly [number, number], isSame: (i: number, j: number) => boolean): [number, number][] {
  const [a, b] = lengths;
  let begin = 0;
  while (begin < Math.min(a, b) && isSame(begin, begin)) begin += 1;
  let end = 0;
  while (end < Math.min(a, b) - begin && isSame(a - 1 - end, b - 1 - end)) end += 1;
  const [n, m] = [a - begin - end, b - begin - end];
  const places: [number, number][] = Array.from({ length: begin }, (_, i) => [i, i]);
  if (Math.max(n, m) <= MOST) {
    // Lengths of the longest common parts of what is left from each place on.
    const left = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
    for (let i = n - 1; i >= 0; i -= 1) {
      for (let j = m - 1; j >= 0; j -= 1) {
        left[i]![j] = isSame(begin + i, begin + j) ? left[i + 1]![j + 1]! + 1 : Math.max(left[i + 1]![j]!, left[i]![j + 1]!);
      }
    }
    for (let [i, j] = [0, 0]; i < n && j < m; ) {
      if (isSame(begin + i, begin + j)) places.push([begin + i++, begin + j++]);
      else if (left[i + 1]![j]! >= left[i]![j + 1]!) i += 1;
      else j += 1;
    }
  }
  for (let i = 0; i < end; i += 1) places.push([a - end + i, b - end + i]);
  return places;
}
