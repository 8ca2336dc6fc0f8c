// From what the form holds to pairs of prompts: one pair, pasted lines, or a template with slots.

/** A pair as people write it. */
export interface Pair {
  clean: string;
  corrupted: string;
  answer: string;
  distractor: string;
}

export const FIELDS = ["clean", "corrupted", "answer", "distractor"] as const;

export type Mode = "one" | "lines" | "template";

/** What the form holds of prompts. */
export interface Prompts extends Pair {
  mode: Mode;
  /** For pasted lines: a pair each, its parts between bars or tabs. */
  lines: string;
  /** For a template: a pair each, `A=Mary, B=John`. */
  fillings: string;
}

/** Where a line is wrong, and how. */
export class PairsError extends Error {
  override name = "PairsError";
}

/** Pairs of one run, and characters of all of them: a template's slots multiply what a short link says. */
const MOST_PAIRS = 10_000;
const MOST_CHARACTERS = 4_000_000;

/** The pairs that are meant. Throws a `PairsError` that names the line. */
export function pairsOf(prompts: Prompts): [Pair, ...Pair[]] {
  if (prompts.mode === "one") return [partsOf(prompts)];
  const isLines = prompts.mode === "lines";
  const hasSlots = FIELDS.some((field) => /\{\w+\}/.test(prompts[field]));
  // A template that nobody has cut slots into yet is the pair that it was.
  if (!isLines && !hasSlots && prompts.fillings.trim() === "") return [partsOf(prompts)];
  const lines = (isLines ? prompts.lines : prompts.fillings)
    .split("\n")
    .map((line, i) => ({ line, name: `line ${i + 1}` }))
    .filter(({ line }) => line.trim() !== "");
  if (lines.length > MOST_PAIRS) throw new PairsError(`expected at most ${MOST_PAIRS} pairs, got ${lines.length}`);
  let left = MOST_CHARACTERS;
  const spend = (characters: number) => {
    left -= characters;
    if (left < 0) throw new PairsError(`expected pairs of at most ${MOST_CHARACTERS} characters, got more`);
  };
  const [first, ...rest] = lines.map(({ line, name }) => (isLines ? fromLine(line, name) : fill(prompts, line, name, spend)));
  if (!first) {
    const line = isLines ? "clean | corrupted | answer | distractor" : "A=Mary, B=John";
    throw new PairsError(`expected at least one line such as ${line}, got none`);
  }
  return [first, ...rest];
}

/** The pairs as lines, from which `pairsOf` makes them again: between tabs where a part has bars of its own. */
export function linesOf(pairs: Pair[]): string {
  const line = (pair: Pair) => {
    const parts = FIELDS.map((field) => pair[field]);
    return parts.join(parts.some((part) => part.includes("|")) ? "\t" : "|");
  };
  return pairs.map(line).join("\n");
}

const partsOf = ({ clean, corrupted, answer, distractor }: Pair): Pair => ({ clean, corrupted, answer, distractor });

/**
 * `clean | corrupted | answer | distractor`: bars with a space on each side, or bare ones, or tabs. Between spaced
 * bars a space of the answer's own cannot be told from the bar's: it gets the one that the prompt calls for.
 */
function fromLine(line: string, name: string): Pair {
  const separator = line.includes("\t") ? "\t" : line.includes(" | ") ? " | " : "|";
  const parts = line.split(separator);
  if (parts.length < 2 || parts.length > 4) {
    const got = parts.length === 1 ? "1 part" : `${parts.length} parts`;
    throw new PairsError(`${name}: expected clean | corrupted | answer | distractor, got ${got}`);
  }
  const [clean = "", corrupted = "", answer = "", distractor = ""] = parts;
  if (separator !== " | ") return { clean, corrupted, answer, distractor };
  const next = (token: string) => spaced(clean.trimEnd(), token.trimEnd());
  return { clean: clean.trim(), corrupted: corrupted.trim(), answer: next(answer), distractor: next(distractor) };
}

/** An answer with the space that stands between it and its prompt; in a set, each of its tokens. */
const spaced = (prompt: string, answer: string): string =>
  answer.split("|").map((token) => spacedToken(prompt, token)).join("|");

/** The space goes before a word, but not within a number. */
function spacedToken(prompt: string, token: string): string {
  const isWord = /^[\p{L}\p{N}]/u.test(token);
  const isWithin = /\p{N}$/u.test(prompt) && /^\p{N}/u.test(token);
  const isOpen = /[([{“‘«"'/-]$/.test(prompt);
  return isWord && !isWithin && !isOpen ? ` ${token}` : token;
}

/** An answer in quotes; a set as it is read aloud: `a|b` is “a” or “b”, `42..99` is “42” to “99”. */
export function inQuotes(answer: string): string {
  const text = answer.trim();
  const parts = text.split("|").map((part) => part.trim());
  if (parts.length > 1 && parts.every((part) => part !== "")) return parts.map(inQuotes).join(" or ");
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first !== undefined) return `“${first}” to “${last}”`;
  return text && `“${text}”`;
}

const inShort = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const SLOT = /\{(\w+)\}/g;

/** The template with a line's values, whose characters are told to `spend` before there are more of them. */
function fill(template: Pair, line: string, name: string, spend: (characters: number) => void): Pair {
  const values = new Map<string, string>();
  for (const part of line.split(",")) {
    const at = part.indexOf("=");
    if (at < 0) throw new PairsError(`${name}: expected slots such as A=Mary, B=John, got ${inShort(part.trim())}`);
    values.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const used = new Set<string>();
  const filled = (text: string) =>
    text.replaceAll(SLOT, (_, slot: string) => {
      const value = values.get(slot);
      if (value === undefined) throw new PairsError(`${name}: expected a value for {${inShort(slot)}}, got ${inShort(line.trim())}`);
      used.add(slot);
      spend(value.length);
      return value;
    });
  const [clean, corrupted, answer, distractor] = FIELDS.map((field) => {
    spend(template[field].length);
    return filled(template[field]);
  });
  const unused = [...values.keys()].find((slot) => !used.has(slot));
  if (unused !== undefined) throw new PairsError(`${name}: expected {${inShort(unused)}} in the template, got none`);
  return { clean: clean!, corrupted: corrupted!, answer: answer!, distractor: distractor! };
}
