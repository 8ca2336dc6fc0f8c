import { expect, it } from "vitest";
import { GAP, sizesOf } from "./sizes";

/** Three grids of heads, an MLP's column with each, and the gaps and margins between. */
const widthOf = (size: number, heads: number) => 3 * (heads + 1.4) * size + 2 * GAP + 3 * 25;

it.each([4, 12, 16, 25])("%i heads: three grids fit beside each other, or stand below each other", (heads) => {
  for (const width of [328, 660, 960, 1240, 1640]) {
    const { size, isStacked } = sizesOf(width, heads);
    expect(size).toBeGreaterThanOrEqual(13);
    if (!isStacked) expect(widthOf(size, heads)).toBeLessThanOrEqual(width + 1);
  }
});

it("cells grow with the room, and not without end", () => {
  const sizes = [760, 960, 1240, 1640].map((width) => sizesOf(width, 12).size);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(sizesOf(4000, 4).size).toBe(84);
  expect(sizesOf(328, 12).isStacked).toBe(true);
});
