// What the engine refuses, said to the reader.
//
// The engine says what it expected and what it got. For what can be wrong in the form, this makes a sentence that says
// what to do; anything else keeps the engine's words.

import type { ErrorDetails } from "../engine/error";
import { formatCount } from "./format";
import { visible } from "./tokens";

/** An error of the engine. */
export type Refusal = ErrorDetails & { message: string };

/** What the text that is wrong is called: `prompt`, `answer`, `distractor`. */
export type Subject = "clean prompt" | "corrupted prompt" | "answer" | "distractor";

type Rule = [expected: RegExp, say: (got: string, match: RegExpExecArray, subject: Subject) => string];

const one = (subject: Subject): string => (subject === "answer" ? "An answer" : "A distractor");

const RULES: Rule[] = [
  [/^at least 1 token$/, (_, __, subject) => sayEmpty(subject)],
  [/^at most (\d+) tokens \(the model's context\)$/, (got, [, most]) => `It is ${got} tokens long; this model reads ${most} at most.`],
  [/^as many tokens as the clean prompt \((\d+)\)$/, (got, [, clean]) => sayLengths(Number(clean), Number.parseInt(got, 10))],
  [/^one token$/, (got, _, subject) => (got === "none" ? `Write the ${subject}.` : `It falls into ${Number.parseInt(got, 10)} tokens: ${texts(got).map((text) => `“${visible(text)}”`).join(" ")}. ${one(subject)} is one token.`)],
  [/^one token \(metric /, (got, _, subject) => (got === "none" ? `Write the ${subject}: this metric compares two tokens.` : `${Number.parseInt(got, 10)} tokens are given; this metric takes one. The probability of the answers less the distractors takes several.`)],
  [/^at least one token \(metric /, (_, __, subject) => `Write the ${subject}: this metric needs it.`],
  [/^each token once$/, (got) => `${quoted(got)} is given twice.`],
  [/^another token than the answer$/, () => "It is the same token as the answer, so there is nothing to compare."],
  [/^no token that is an answer$/, (got) => `${quoted(got)} is an answer as well.`],
  [/^a prompt that differs from the clean one$/, () => "Both prompts are the same, so there is nothing to patch."],
  [/^at least (\d+), where the prompts first differ/, (got, [, least]) => `At token ${got} both runs are still the same: the prompts first differ at token ${least}. Read there or later.`],
  [/^0 to (\d+) or -/, (got, [, last]) => `There is no token ${got}: the prompt has tokens 0 to ${last}.`],
  [/^two numbers with the same number of digits/, () => "A range is two numbers of as many digits, the smaller first, such as 42..99 or 00..41."],
];

export const sayEmpty = (subject: Subject): string => `Write the ${subject}.`;

/** What is told beside the corrupted prompt where it is of another length. */
export const sayLengths = (clean: number, corrupted: number): string =>
  `It is ${tokensIn(corrupted)}, the clean prompt ${tokensIn(clean)}. Both need as many.`;

const tokensIn = (count: number): string => (count === 1 ? "1 token" : `${count} tokens`);

/** The first token that a message has in quotes. */
function quoted(got: string): string {
  const [first] = texts(got);
  return first === undefined ? "A token" : `“${visible(first)}”`;
}

/** What a refusal of a text comes to; null where no rule fits. */
export function plainly({ expected = "", got = "" }: Refusal, subject: Subject): string | null {
  for (const [pattern, say] of RULES) {
    const match = pattern.exec(expected);
    if (match) return say(got, match, subject);
  }
  return null;
}

export interface Unknown {
  words: string[];
  /** How many more there are. */
  more: number;
  /** Whether they are words, or characters. */
  areWords: boolean;
}

/** The words, or characters, that a vocabulary lacks; null where a refusal is about something else. */
export function unknownIn({ expected = "", got = "" }: Refusal): Unknown | null {
  const match = /^(words|characters) of this model's vocabulary$/.exec(expected);
  if (!match) return null;
  return { words: texts(got), more: Number(/ and (\d+) more$/.exec(got)?.[1] ?? 0), areWords: match[1] === "words" };
}

/** What is told of words that a vocabulary of so many lacks. */
export function sayUnknown({ words, more, areWords }: Unknown, vocabulary: number): string {
  const named = words.map((word) => `“${word}”`);
  const list = more > 0 ? `${named.join(", ")} and ${more} more` : named.length > 1 ? `${named.slice(0, -1).join(", ")} and ${named.at(-1)}` : named[0]!;
  const isOne = words.length + more === 1;
  if (!areWords) return `${list} cannot be written in this model’s tokens.`;
  return `${list} ${isOne ? "is" : "are"} not among the ${formatCount(vocabulary)} words of this model.`;
}

/** The texts in quotes in a message of the engine, which writes them as Rust does. */
function texts(message: string): string[] {
  return [...message.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    text!.replaceAll(/\\u\{([0-9a-f]+)\}|\\(.)/g, (_, code?: string, letter?: string) => {
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      return { n: "\n", t: "\t", r: "\r", 0: "\0" }[letter!] ?? letter!;
    }),
  );
}
