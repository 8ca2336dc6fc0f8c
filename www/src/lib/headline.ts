// What a figure is called where its author has not named it: the question that its prompts ask.

import { inQuotes, type Pair } from "./pairs";

export function headline({ answer, distractor }: Pick<Pair, "answer" | "distractor">): string {
  const [said, instead] = [inQuotes(answer), inQuotes(distractor)];
  if (said && instead) return `What makes it say ${said} rather than ${instead}`;
  return said ? `What makes it say ${said}` : "What carries the difference between two prompts";
}

/** For several pairs: what all of them ask, and nothing that only one of them asks. */
export function headlineOf(pairs: readonly Pick<Pair, "answer" | "distractor">[]): string {
  const shared = (key: "answer" | "distractor") => (pairs.every((pair) => pair[key] === pairs[0]![key]) ? pairs[0]![key] : "");
  return headline({ answer: shared("answer"), distractor: shared("distractor") });
}
