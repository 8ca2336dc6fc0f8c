// What a pair of prompts tests, seen from the prompts themselves: so it is still told when a reader has changed a name.

import type { AskedPair } from "../core/request";
import { word } from "../core/words";
import type { Token } from "../engine/types";

export type Task =
  /** The last word comes twice; the answer is what followed it the first time, and that first time is what differs. */
  | { kind: "induction"; repeated: string; answer: string; instead: string }
  /** Two names, one of them twice; which one is what differs, and the other one is the answer. */
  | { kind: "indirect-object"; other: string; twice: string }
  /** A number that differs; the answers are those above it. */
  | { kind: "greater-than"; number: string; instead: string }
  | { kind: "other"; changes: { clean: string; corrupted: string }[] };

/** The task of a pair, where the metric reads at `position`. */
export function taskOf({ tokens: { clean, corrupted, answer, distractor } }: AskedPair, position: number): Task {
  const differing = clean.flatMap((token, i) => (token.id === corrupted[i]?.id ? [] : [i]));
  const changes = differing.map((i) => ({ clean: word(clean[i]!), corrupted: word(corrupted[i]!) }));
  const [at] = differing;
  if (at === undefined || differing.length > 1 || answer.length === 0) return { kind: "other", changes };
  const [{ clean: was, corrupted: instead }] = changes as [(typeof changes)[0]];
  const first = word(answer[0]!);
  const last = clean[position];
  if (answer.length === 1 && last && at < position && word(last) === was && clean[at + 1] && word(clean[at + 1]!) === first) {
    return { kind: "induction", repeated: was, answer: first, instead };
  }
  // The other kinds ask what comes after the whole prompt.
  if (position < clean.length - 1) return { kind: "other", changes };
  const isBefore = (name: string) => clean.slice(0, at).some((token) => word(token) === name);
  const [against] = distractor;
  if (answer.length === 1 && against && first === instead && word(against) === was && isBefore(was) && isBefore(instead)) {
    return { kind: "indirect-object", other: instead, twice: was };
  }
  if (isNumber(was) && isNumber(instead) && answer.length > 1 && areAbove(answer, Number(was)) && Number(instead) < Number(was)) {
    return { kind: "greater-than", number: was, instead };
  }
  return { kind: "other", changes };
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);

const areAbove = (tokens: readonly Token[], number: number): boolean =>
  tokens.every((token) => isNumber(word(token)) && Number(word(token)) > number);
