// Reading the page.

/** The value that a cell of the grid says it has. */
export function valueIn(label: string): number {
  return Number(/: (-?[\d.]+) \(/.exec(label)?.[1]);
}
