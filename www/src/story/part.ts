// Running text of which some pieces stand out: words of the prompts, and numbers and names that matter.

export type Part = string | { readonly word: string } | { readonly strong: string };

/** A paragraph. */
export type Line = readonly Part[];

/** A word of a prompt. */
export const quoted = (text: string): Part => ({ word: text });

/** What matters in a sentence. */
export const strong = (text: string): Part => ({ strong: text });

/** A paragraph with its pieces in place: say`${strong("0.3")} looks at ${quoted("fox")}.` */
export function say(texts: TemplateStringsArray, ...pieces: (Part | Line)[]): Line {
  return texts.flatMap((text, i) => {
    const piece = pieces[i];
    return [text, ...(piece === undefined ? [] : Array.isArray(piece) ? (piece as Line) : [piece as Part])];
  }).filter((part) => part !== "");
}

/** The text alone. */
export const plain = (line: Line): string =>
  line.map((part) => (typeof part === "string" ? part : "word" in part ? part.word : part.strong)).join("");
