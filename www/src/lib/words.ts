// Two prompts word by word, and of how many tokens each word is: where they come out of step, and what mends it.

import { commonPlaces } from "./common";
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
  for (const [x, y] of commonPlaces([clean.length, corrupted.length], (x, y) => clean[x]!.text === corrupted[y]!.text)) {
    flush(clean.slice(i, x), corrupted.slice(j, y));
    rows.push(row(clean[x]!, corrupted[y]!));
    [i, j] = [x + 1, y + 1];
  }
  flush(clean.slice(i), corrupted.slice(j));
  return rows;
}

const row = (clean: Word | null, corrupted: Word | null): WordRow => ({ clean, corrupted, isEven: clean?.tokens === corrupted?.tokens });

/** A prompt of no more letters is short enough to be shown whole. */
const SHORT = 40;
/** Words that are shown before one that differs and after it: the end tells a prompt from others. */
const BESIDE = { before: 2, after: 4 };

/**
 * Which of two prompts' words to show where there is little room: those that differ, and some beside them. All of them
 * where the prompts are short, or do not differ; and one alone is not worth leaving out.
 */
export function tellingWords(rows: readonly WordRow[]): boolean[] {
  const differs = rows.map(({ clean, corrupted }) => clean?.text !== corrupted?.text);
  const letters = rows.reduce((sum, { clean, corrupted }) => sum + Math.max(clean?.text.length ?? 0, corrupted?.text.length ?? 0) + 1, 0);
  if (letters <= SHORT || !differs.includes(true)) return rows.map(() => true);
  const isNear = rows.map((_, i) => differs.slice(Math.max(0, i - BESIDE.after), i + BESIDE.before + 1).includes(true));
  return isNear.map((near, i) => near || ((isNear[i - 1] ?? true) && (isNear[i + 1] ?? true)));
}

/** A word without what is around it, such as a comma. */
export const coreOf = (text: string): string => /[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}'’-]*[\p{L}\p{M}\p{N}])?/u.exec(text)?.[0] ?? "";

/** The text with one word in place of another, wherever that stands by itself. */
export function replaceWord(text: string, word: string, other: string): string {
  if (word === "") return text;
  const escaped = word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])${escaped}(?![\\p{L}\\p{M}\\p{N}])`, "gu"), () => other);
}

/** The words of a text with their places. */
const spotsOf = (text: string) => [...text.matchAll(/\S+/g)].map((match) => ({ word: match[0], at: match.index }));

/** The text without one of its words, counted from 0; null where another word stands there. */
export function withoutWord(text: string, index: number, word: string): string | null {
  const spot = spotsOf(text)[index];
  if (spot?.word !== word) return null;
  const [before, after] = [text.slice(0, spot.at), text.slice(spot.at + word.length)];
  return before === "" || after === "" ? (before + after).trim() : before.trimEnd() + after;
}

/** The text with a word more, before the one that is counted so. */
export function withWord(text: string, index: number, word: string): string {
  const spot = spotsOf(text)[index];
  return spot ? `${text.slice(0, spot.at)}${word} ${text.slice(spot.at)}` : `${text.trimEnd()} ${word}`.trimStart();
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
