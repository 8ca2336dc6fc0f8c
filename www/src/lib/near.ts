// Words that are written nearly alike.

/** Letters that may be wrong, at most a third of the word. */
const MOST_WRONG = 2;
const MOST_SHOWN = 3;

/** The words nearest to one that is not among them, best first; none where none is near. */
export function nearest(word: string, among: readonly string[]): string[] {
  const most = Math.min(MOST_WRONG, Math.floor(word.length / 3));
  const low = word.toLowerCase();
  return [...new Set(among)]
    .map((other) => ({ other, wrong: distance(low, other.toLowerCase()) }))
    .filter(({ other, wrong }) => wrong <= most && other !== word)
    .sort((a, b) => a.wrong - b.wrong || a.other.length - b.other.length)
    .slice(0, MOST_SHOWN)
    .map(({ other }) => other);
}

/** Letters to write, leave out, exchange, or turn round, from the one word to the other. */
export function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isTurned = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const turned = isTurned ? rows[i - 2]![j - 2]! + 1 : change;
      row.push(Math.min(change, turned, rows[i - 1]![j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
