// Tokens as they stand in their prompt: with the space that is before each, and the bytes of those that are not text.

import type { Token } from "../engine/types";
import { visible } from "./tokens";

/** A token in its place. */
export interface Placed {
  readonly id: number;
  /** The token's own text, space in front included. */
  readonly token: string;
  /** The white space before it, whether it is the token's own or stands between two. */
  readonly before: string;
  /** What is read of it: what is not seen is made visible, bytes that are not text are in hex. */
  readonly text: string;
  /** Whether it is bytes that are not text. */
  readonly isBytes: boolean;
  /** Whether it goes on a word that the token before began. */
  readonly isWithin: boolean;
  /** Whether it is the beginning-of-text token, which no prompt says. */
  readonly isStart: boolean;
}

/** What stands for bytes that are not text. */
const NO_TEXT = "\ufffd";

/** The tokens of a prompt in their places; `hasStart` says that a beginning-of-text token may be the first. */
export function placed(tokens: readonly Token[], prompt: string, hasStart: boolean): Placed[] {
  const first = tokens[0];
  const isAdded = hasStart && first !== undefined && !prompt.startsWith(first.text);
  const texts = located(isAdded ? tokens.slice(1) : tokens, prompt);
  if (isAdded) texts.unshift({ before: "", text: first.text });
  return tokens.map(({ id, text: token }, i) => {
    const { before, text } = texts[i]!;
    const isStart = hasStart && i === 0;
    const isWithin = i > 0 && !(hasStart && i === 1) && before === "" && endsWord(texts[i - 1]!.text) && beginsWord(text);
    return { id, token, before, text: visible(text), isBytes: token.includes(NO_TEXT), isWithin, isStart };
  });
}

const endsWord = (text: string): boolean => /[\p{L}\p{M}\p{N}>]$/u.test(text);
const beginsWord = (text: string): boolean => /^[\p{L}\p{M}\p{N}<]/u.test(text);

interface Located {
  before: string;
  text: string;
}

/** Each token where the prompt has it; where a tokenizer has changed the text, by the spaces of the tokens alone. */
function located(tokens: readonly Token[], prompt: string): Located[] {
  const found: Located[] = [];
  let at = 0;
  while (found.length < tokens.length) {
    const token = tokens[found.length]!.text;
    if (token.includes(NO_TEXT)) {
      const [pieces, end] = asBytes(tokens, found.length, prompt, at);
      if (!pieces) return bySpaces(tokens);
      found.push(...pieces);
      at = end;
      continue;
    }
    const gap = prompt.startsWith(token, at) ? 0 : spaceAt(prompt, at).length;
    const begin = at + gap;
    if (prompt.slice(begin, begin + token.length).toLowerCase() !== token.toLowerCase()) return bySpaces(tokens);
    found.push(split(prompt.slice(at, begin) + token));
    at = begin + token.length;
  }
  return found;
}

const spaceAt = (text: string, at: number): string => /^\s*/.exec(text.slice(at))![0];

/** White space in front, and the rest; a token of white space alone is its own text. */
function split(text: string): Located {
  const space = spaceAt(text, 0);
  return space.length === text.length ? { before: "", text } : { before: space, text: text.slice(space.length) };
}

function bySpaces(tokens: readonly Token[]): Located[] {
  const haveSpaces = tokens.some(({ text }) => /^\s/.test(text));
  return tokens.map(({ text }, i) => {
    const shown = text.replaceAll(NO_TEXT, "<?>");
    return haveSpaces || i === 0 ? split(shown) : { before: " ", text: shown };
  });
}

/** Tokens from `first` on that are parts of letters, by the letters' bytes in the prompt; and where they end there. */
function asBytes(tokens: readonly Token[], first: number, prompt: string, at: number): [Located[] | null, number] {
  let after = first;
  while (after < tokens.length && tokens[after]!.text.includes(NO_TEXT)) after += 1;
  const texts = tokens.slice(first, after).map(({ text }) => text);
  const next = tokens[after];
  const isHere = (place: number) => !next || prompt.startsWith(next.text, place) || prompt.startsWith(next.text, place + spaceAt(prompt, place).length);
  // The next token's text may stand in these letters, too: the first place where the bytes come out is theirs.
  for (let end = next ? at + 1 : prompt.length; end <= prompt.length; end += 1) {
    if (!isHere(end)) continue;
    const parts = divided(new TextEncoder().encode(prompt.slice(at, end)), texts);
    if (parts) return [parts.map(hex), end];
  }
  return [null, at];
}

/** The bytes in as many parts as there are texts, each of which reads as its text. */
function divided(bytes: Uint8Array, texts: string[]): Uint8Array[] | null {
  /** From where on, and for which text, there is no way. */
  const dead = new Set<string>();
  const from = (begin: number, i: number): Uint8Array[] | null => {
    const text = texts[i];
    if (text === undefined) return begin === bytes.length ? [] : null;
    if (dead.has(`${begin} ${i}`)) return null;
    // A text has no more bytes than its letters can have.
    const most = Math.min(bytes.length - begin - (texts.length - i - 1), 4 * text.length);
    for (let length = most; length > 0; length -= 1) {
      const part = bytes.subarray(begin, begin + length);
      const others = read(part) === text ? from(begin + length, i + 1) : null;
      if (others) return [part, ...others];
    }
    dead.add(`${begin} ${i}`);
    return null;
  };
  return from(0, 0);
}

const read = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** Text as text, and every other byte as its number. */
function hex(bytes: Uint8Array): Located {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const letter = [1, 2, 3, 4].map((length) => bytes.subarray(at, at + length)).find((part) => !read(part).includes(NO_TEXT));
    text += letter ? read(letter) : `<${bytes[at]!.toString(16).toUpperCase().padStart(2, "0")}>`;
    at += letter?.length ?? 1;
  }
  return split(text);
}
