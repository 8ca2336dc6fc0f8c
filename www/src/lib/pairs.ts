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

/** What is wrong with the pairs, and in which line, as the reader is told. */
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
  // A template that nobody has cut slots into yet is the pair that it was.
  if (!isLines && !hasSlots(prompts) && prompts.fillings.trim() === "") return [partsOf(prompts)];
  const lines = linesIn(isLines ? prompts.lines : prompts.fillings);
  if (lines.length > MOST_PAIRS) throw new PairsError(`There are ${lines.length} pairs; a run takes at most ${MOST_PAIRS}.`);
  let left = MOST_CHARACTERS;
  const spend = (characters: number) => {
    left -= characters;
    if (left < 0) throw new PairsError(`The pairs are longer than the ${MOST_CHARACTERS} characters that a run takes.`);
  };
  const [first, ...rest] = lines.map(({ line, number }) => (isLines ? fromLine(line, number) : fill(prompts, line, number, spend)));
  if (!first) throw new PairsError(isLines ? "There is no pair yet." : "Write at least one line of fill-ins, such as A=Mary, B=John.");
  return [first, ...rest];
}

/** Whether a template has places to fill in, such as `{A}`. */
export const hasSlots = (template: Pair): boolean => FIELDS.some((field) => /\{\w+\}/.test(template[field]));

/** The lines of a text that say something, with their numbers. */
export const linesIn = (text: string): { line: string; number: number }[] =>
  text
    .split("\n")
    .map((line, i) => ({ line: line.replace(/\r$/, ""), number: i + 1 }))
    .filter(({ line }) => line.trim() !== "");

/**
 * The pairs as lines, from which `pairsOf` makes them again: between bars; between tabs where a part has bars of its
 * own; as JSON where it has line ends or tabs, or would be taken for JSON.
 */
export function linesOf(pairs: readonly Pair[]): string {
  const line = (pair: Pair) => {
    const parts = FIELDS.map((field) => pair[field]);
    if (parts.some((part) => /[\n\r\t]/.test(part)) || IS_JSON.test(pair.clean)) return JSON.stringify(partsOf(pair));
    const hasBars = parts.some((part) => part.includes("|"));
    // A part that begins or ends with a space would make of a bare bar one between spaces.
    return parts.join(hasBars || parts.join("|").includes(" | ") ? "\t" : "|");
  };
  return pairs.map(line).join("\n");
}

/** How an object begins; a template's slot has no quote. */
const IS_JSON = /^\s*\{\s*["}]/;

const partsOf = ({ clean, corrupted, answer, distractor }: Pair): Pair => ({ clean, corrupted, answer, distractor });

/**
 * `clean | corrupted | answer | distractor`: bars with a space on each side, or bare ones, or tabs; or a JSON object.
 * Between spaced bars a space of the answer's own cannot be told from the bar's: it gets the one that the prompt calls
 * for.
 */
export function fromLine(line: string, number: number): Pair {
  if (IS_JSON.test(line)) return fromJson(line, number);
  const separator = line.includes("\t") ? "\t" : line.includes(" | ") ? " | " : "|";
  return fromParts(line.split(separator), number, separator === " | ");
}

/** A line's parts as a pair; `isSpaced` where the space of an answer has to be found out. */
export function fromParts(parts: string[], number: number, isSpaced: boolean): Pair {
  if (parts.length < 2 || parts.length > 4) {
    const got = parts.length === 1 ? "one part" : `${parts.length} parts`;
    throw new PairsError(`Line ${number} has ${got}: write clean | corrupted | answer | distractor.`);
  }
  const [clean = "", corrupted = "", answer = "", distractor = ""] = parts;
  if (!isSpaced) return { clean, corrupted, answer, distractor };
  const next = (token: string) => spaced(clean.trimEnd(), token.trim());
  return { clean: clean.trim(), corrupted: corrupted.trim(), answer: next(answer), distractor: next(distractor) };
}

/** A pair of the command line's files, `{"clean": …}`; ids of tokens are refused, since they are not text. */
function fromJson(line: string, number: number): Pair {
  let read: unknown;
  try {
    read = JSON.parse(line.trim().replace(/,$/, ""));
  } catch {
    throw new PairsError(`Line ${number} begins like JSON, but cannot be read as JSON: ${inShort(line.trim())}`);
  }
  return fromObject(read, number);
}

export function fromObject(read: unknown, number: number): Pair {
  const from = (typeof read === "object" && read !== null ? read : {}) as Record<string, unknown>;
  const text = (field: keyof Pair, isNeeded: boolean): string => {
    const value = Object.hasOwn(from, field) ? from[field] : undefined;
    if (typeof value === "string") return value;
    const isSet = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
    if (isSet && !isNeeded) return value.join("|");
    if ((value === undefined || value === null) && !isNeeded) return "";
    throw new PairsError(`Line ${number} has no text as its “${field}”.`);
  };
  return { clean: text("clean", true), corrupted: text("corrupted", true), answer: text("answer", false), distractor: text("distractor", false) };
}

/** An answer with the space that stands between it and its prompt; in a set, each of its tokens. */
export const spaced = (prompt: string, answer: string): string =>
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

export const inShort = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const SLOT = /\{(\w+)\}/g;

/** The template with a line's values, whose characters are told to `spend` before there are more of them. */
function fill(template: Pair, line: string, number: number, spend: (characters: number) => void): Pair {
  const values = new Map<string, string>();
  for (const part of line.split(",")) {
    const at = part.indexOf("=");
    if (at < 0) throw new PairsError(`Line ${number}: “${inShort(part.trim())}” does not say which slot it fills. Write A=Mary, B=John.`);
    values.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const used = new Set<string>();
  const filled = (text: string) =>
    text.replaceAll(SLOT, (_, slot: string) => {
      const value = values.get(slot);
      if (value === undefined) throw new PairsError(`Line ${number} has nothing for {${inShort(slot)}}.`);
      used.add(slot);
      spend(value.length);
      return value;
    });
  const [clean, corrupted, answer, distractor] = FIELDS.map((field) => {
    spend(template[field].length);
    return filled(template[field]);
  });
  const unused = [...values.keys()].find((slot) => !used.has(slot));
  if (unused !== undefined) throw new PairsError(`Line ${number} fills {${inShort(unused)}}, which is not in the template.`);
  return { clean: clean!, corrupted: corrupted!, answer: answer!, distractor: distractor! };
}
