// Two prompts word by word, and of how many tokens each word is: where they come out of step, and what mends it.

import type { Pair } from "./pairs";
import type { Placed } from "./placed";

/** A word of a prompt, punctuation included. */
export interface Word {
  readonly text: string;
  readonly tokens: number;
}

/** Words that stand for each other; null where one prompt has none there. */
export interface WordRow {
  readonly clean: Word | null;
  readonly corrupted: Word | null;
  /** Whether they are of as many tokens. */
  readonly isEven: boolean;
}

/** The words of a prompt; the beginning-of-text token belongs to none. */
export function wordsOf(tokens: readonly Placed[]): Word[] {
  const words: { text: string; tokens: number }[] = [];
  let isAfterSpace = true;
  for (const { text, before, isStart } of tokens) {
    if (isStart) continue;
    const isSpace = /^[·↵⇥]+$/.test(text);
    const last = words.at(-1);
    if (isAfterSpace || before !== "" || isSpace || !last) words.push({ text, tokens: 1 });
    else {
      last.text += text;
      last.tokens += 1;
    }
    isAfterSpace = isSpace;
  }
  return words;
}

/** The words of both prompts side by side: the longest common part first, what is between in its order. */
export function alignWords(clean: readonly Word[], corrupted: readonly Word[]): WordRow[] {
  const rows: WordRow[] = [];
  const flush = (a: readonly Word[], b: readonly Word[]) => {
    for (let i = 0; i < Math.max(a.length, b.length); i += 1) rows.push(row(a[i] ?? null, b[i] ?? null));
  };
  let [i, j] = [0, 0];
  for (const [x, y] of common(clean, corrupted)) {
    flush(clean.slice(i, x), corrupted.slice(j, y));
    rows.push(row(clean[x]!, corrupted[y]!));
    [i, j] = [x + 1, y + 1];
  }
  flush(clean.slice(i), corrupted.slice(j));
  return rows;
}

const row = (clean: Word | null, corrupted: Word | null): WordRow => ({ clean, corrupted, isEven: clean?.tokens === corrupted?.tokens });

/** Words up to which the longest common part is looked for; beyond, what both begin and end with. */
const MOST_WORDS = 600;

/** Places of the words of a longest common part. */
function common(a: readonly Word[], b: readonly Word[]): [number, number][] {
  const isSame = (i: number, j: number) => a[i]!.text === b[j]!.text;
  let begin = 0;
  while (begin < Math.min(a.length, b.length) && isSame(begin, begin)) begin += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - begin && isSame(a.length - 1 - end, b.length - 1 - end)) end += 1;
  const [n, m] = [a.length - begin - end, b.length - begin - end];
  const places: [number, number][] = Array.from({ length: begin }, (_, i) => [i, i]);
  if (Math.max(n, m) <= MOST_WORDS) {
    // Lengths of the longest common parts of what is left from each place on.
    const lengths = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
    for (let i = n - 1; i >= 0; i -= 1) {
      for (let j = m - 1; j >= 0; j -= 1) {
        lengths[i]![j] = isSame(begin + i, begin + j) ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
      }
    }
    for (let [i, j] = [0, 0]; i < n && j < m; ) {
      if (isSame(begin + i, begin + j)) places.push([begin + i++, begin + j++]);
      else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i += 1;
      else j += 1;
    }
  }
  for (let i = 0; i < end; i += 1) places.push([a.length - end + i, b.length - end + i]);
  return places;
}

/** A word without what is around it, such as a comma. */
export const coreOf = (text: string): string => /[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}'’-]*[\p{L}\p{M}\p{N}])?/u.exec(text)?.[0] ?? "";

/** The text with one word in place of another, wherever that stands by itself. */
export function replaceWord(text: string, word: string, other: string): string {
  if (word === "") return text;
  const escaped = word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])${escaped}(?![\\p{L}\\p{M}\\p{N}])`, "gu"), () => other);
}

/** The pair with one word in place of another, in prompts and answers. */
export const replaceInPair = ({ clean, corrupted, answer, distractor }: Pair, word: string, other: string): Pair => ({
  clean: replaceWord(clean, word, other),
  corrupted: replaceWord(corrupted, word, other),
  answer: replaceWord(answer, word, other),
  distractor: replaceWord(distractor, word, other),
});

/** The corrupted prompt that swaps the names in the clean one, or why there is none. */
export function swapNames({ clean, answer, distractor }: Pair): { corrupted: string } | { why: string } {
  const [one, other] = [answer.trim(), distractor.trim()];
  const isName = (text: string) => text !== "" && coreOf(text) === text;
  if (!isName(one) || !isName(other)) return { why: "it takes one answer and one distractor that are words" };
  if (one === other) return { why: "answer and distractor are the same" };
  const missing = [one, other].filter((name) => replaceWord(clean, name, "") === clean);
  if (missing.length > 0) return { why: `${missing.map((name) => `“${name}”`).join(" and ")} ${missing.length > 1 ? "are" : "is"} not in the clean prompt` };
  // A letter that no prompt has keeps the place of the one while the other moves.
  const held = replaceWord(clean, one, "\u0000");
  return { corrupted: replaceWord(held, other, one).replaceAll("\u0000", () => other) };
}
