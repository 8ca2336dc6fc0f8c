// Where the largest values of a list are.

/** The place of the largest value; the first of several. */
export const placeOfLargest = (values: readonly number[]): number => values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);

/** The places of the largest values, largest first. */
export const placesOfLargest = (values: readonly number[], most: number): number[] =>
  values
    .map((_, i) => i)
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, most);
