// Tokens as a sentence names them: without the space in front, told apart where a word comes twice, sets by what they are.

import type { Token } from "../engine/types";
import { visible } from "../lib/tokens";

/** What tokenizers put before a text, as theirs is written: `<|endoftext|>`, `<s>`. */
const SPECIAL = /^<\|?[\w-]+\|?>$/;

/** Whether a token stands for the beginning of the text. */
export const isStart = (tokens: readonly Token[], position: number): boolean =>
  position === 0 && SPECIAL.test(tokens[0]?.text ?? "");

/** A token without the space in front of it; one of nothing else is made visible, one without text has its id. */
export function word({ id, text }: Token): string {
  if (text === "") return `id ${id}`;
  const trimmed = text.trim();
  return visible(trimmed === "" ? text : trimmed);
}

/** What stands at a position, in little room. */
export const wordAt = (tokens: readonly Token[], position: number): string =>
  isStart(tokens, position) ? "⟨start⟩" : word(tokens[position]!);

const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** Which of its like a token is, where its word comes more than once: `second`. */
export function ordinalAt(tokens: readonly Token[], position: number): string | null {
  const own = word(tokens[position]!);
  const places = tokens.flatMap((token, i) => (word(token) === own ? [i] : []));
  const at = places.indexOf(position);
  return places.length < 2 ? null : (ORDINALS[at] ?? `${at + 1}th`);
}

/** A set of tokens: words by themselves, or numbers that follow each other, by what they have in common. */
export type SetName = { words: string[] } | { phrase: string };

/** Words that are all named. */
const MOST_WORDS = 3;

/** What an answer is called; `prompt` says whether its numbers are years. */
export function nameOfSet(tokens: readonly Token[], prompt: readonly Token[], kind: "answer" | "distractor"): SetName {
  if (tokens.length === 0) return { phrase: `the ${kind}` };
  if (tokens.length <= MOST_WORDS) return { words: tokens.map(word) };
  return { phrase: numbersOf(tokens, prompt) ?? `the ${tokens.length} ${kind}s` };
}

/** `the years above 41`, `the numbers from 12 to 20`; null where they do not follow each other. */
function numbersOf(tokens: readonly Token[], prompt: readonly Token[]): string | null {
  const texts = tokens.map(word);
  const digits = texts[0]!.length;
  if (!texts.every((text) => text.length === digits && /^\d+$/.test(text))) return null;
  const numbers = texts.map(Number).sort((a, b) => a - b);
  if (numbers.some((number, i) => number !== numbers[0]! + i)) return null;
  const noun = prompt.some((token) => /^years?$/i.test(word(token))) ? "years" : "numbers";
  const [first, last] = [numbers[0]!, numbers.at(-1)!];
  const written = (number: number) => String(number).padStart(digits, "0");
  const isToEnd = last === 10 ** digits - 1;
  if (first === 0 && isToEnd) return `all ${noun} of ${digits} digits`;
  if (isToEnd) return `the ${noun} above ${written(first - 1)}`;
  return first === 0 ? `the ${noun} up to ${written(last)}` : `the ${noun} from ${written(first)} to ${written(last)}`;
}
