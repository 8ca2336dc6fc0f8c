// Two prompts of unequal length word by word: of how many tokens each word is, where they are out of step, and what
// mends it.

import type { Token } from "../../engine/types";
import { element } from "../../lib/dom";
import { merged, type TokenPair } from "../../lib/merged";
import type { Pair } from "../../lib/pairs";
import { placed } from "../../lib/placed";
import { alignWords, coreOf, replaceInPair, withoutWord, withWord, type WordRow, wordsOf } from "../../lib/words";
import { mend } from "./notes";

export interface AlignerData extends TokenPair {
  pair: Pair;
  prependBos: boolean;
}

export interface AlignerEvents {
  onMend: (pair: Pair) => void;
  /** Tokens of the vocabulary that begin so. */
  complete: (start: string, limit?: number) => Promise<Token[]>;
}

/** Words that are shown on each side of those out of step. */
const AROUND = 3;
/** Words that are offered in place of one of several tokens, and tokens that they are taken from. */
const MOST_OFFERED = 3;
const MOST_LOOKED_AT = 100;

export function create(container: HTMLElement, { onMend, complete }: AlignerEvents): (data: AlignerData | null) => void {
  const table = element("table", { class: "aligner" });
  const mends = element("p", { class: "mends", role: "status" });
  container.append(element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Both prompts word by word" }, table), mends);
  let shown = "";
  let asked = 0;

  return (data) => {
    container.hidden = data === null;
    const words = JSON.stringify(data);
    if (!data || words === shown) return;
    shown = words;
    const { pair, tokens, prependBos } = data;
    const sides = (["clean", "corrupted"] as const).map((key) => wordsOf(placed(tokens[key], data[key], prependBos)));
    const rows = alignWords(sides[0]!, sides[1]!);
    const [shortest, cut] = around(rows);
    table.replaceChildren(
      element("caption", {}, "Words of both prompts, and the tokens of each"),
      line("clean", shortest, ({ clean }) => clean),
      line("corrupted", shortest, ({ corrupted }) => corrupted),
    );
    table.classList.toggle("cut", cut);
    const first = rows.findIndex(({ isEven }) => !isEven);
    const mine = ++asked;
    mends.replaceChildren();
    if (first < 0) return;
    void offers(rows, first, pair, hasSpaces(data), complete).then((all) => {
      if (mine !== asked) return;
      mends.replaceChildren(...all.flatMap(({ name, pair: mended }) => [mend(name, () => onMend(mended)), " "]));
    });
  };
}

/** Whether tokens carry the space before their word. */
const hasSpaces = (data: TokenPair): boolean => merged(data, false).some(({ clean }) => /^\s\S/.test(clean?.token ?? ""));

/** The rows near those out of step; all of few. */
function around(rows: readonly WordRow[]): [(WordRow | null)[], boolean] {
  const isNear = (i: number) => rows.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(({ isEven, clean, corrupted }) => !isEven || clean?.text !== corrupted?.text);
  const kept = rows.map((row, i) => (isNear(i) ? row : null));
  // One sign for each stretch that is left out.
  const shown = kept.filter((row, i) => row !== null || kept[i - 1] !== null);
  return [shown, shown.some((row) => row === null)];
}

function line(name: string, rows: readonly (WordRow | null)[], of: (row: WordRow) => WordRow["clean"]): HTMLElement {
  const cells = rows.map((row) => {
    if (!row) return element("td", { class: "gap" }, "…");
    const word = of(row);
    const cell = element("td", { dir: "auto" }, word ? word.text : "∅", element("span", { class: "count" }, word ? String(word.tokens) : "0"));
    cell.classList.toggle("uneven", !row.isEven);
    const tokens = word ? `${word.tokens} ${word.tokens === 1 ? "token" : "tokens"}` : "nothing here";
    cell.title = `${word?.text ?? ""} ${tokens}${row.isEven ? "" : ", out of step"}`.trim();
    return cell;
  });
  return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
}

interface Offer {
  name: string;
  pair: Pair;
}

/** What would bring the first words out of step back into it. */
async function offers(rows: readonly WordRow[], at: number, pair: Pair, isSpaced: boolean, complete: AlignerEvents["complete"]): Promise<Offer[]> {
  const { clean, corrupted } = rows[at]!;
  const before = (key: "clean" | "corrupted") => rows.slice(0, at).filter((row) => row[key]).length;
  if (!clean || !corrupted) {
    const [has, lacks, { text }] = clean ? (["clean", "corrupted", clean] as const) : (["corrupted", "clean", corrupted!] as const);
    const without = withoutWord(pair[has], before(has), text);
    const leave = without === null ? [] : [{ name: `Leave out “${text}”`, pair: { ...pair, [has]: without } }];
    return [...leave, { name: `Write “${text}” in the ${lacks} prompt, too`, pair: { ...pair, [lacks]: withWord(pair[lacks], before(lacks), text) } }];
  }
  const [ours, theirs] = [coreOf(clean.text), coreOf(corrupted.text)];
  if (ours === "" || theirs === "") return [];
  const [long, short] = clean.tokens > corrupted.tokens ? [ours, theirs] : [theirs, ours];
  const alike = replaceInPair(pair, long, short);
  const made: Offer[] = alike.clean === alike.corrupted ? [] : [{ name: `“${long}” → “${short}”`, pair: alike }];
  if (Math.min(clean.tokens, corrupted.tokens) === 1) {
    for (const word of await singleTokens(long, short, isSpaced, complete)) made.push({ name: `“${long}” → “${word}”`, pair: replaceInPair(pair, long, word) });
  }
  return made;
}

/** Words of one token that begin as a long one does, as far as there are any. */
async function singleTokens(long: string, short: string, isSpaced: boolean, complete: AlignerEvents["complete"]): Promise<string[]> {
  const isLikely = (word: string) => /^\p{L}{3,}$/u.test(word) && word !== long && word !== short && isCapital(word) === isCapital(long);
  for (let letters = Math.min(3, long.length); letters > 0; letters -= 1) {
    const start = [...long].slice(0, letters).join("");
    const found = await complete(isSpaced ? ` ${start}` : start, MOST_LOOKED_AT);
    const words = [...new Set(found.map(({ text }) => text.trim()).filter(isLikely))];
    // Long tokens are whole words, where short ones may be beginnings.
    const farFrom = (word: string) => Math.abs(word.length - long.length);
    if (words.length > 0) return words.sort((a, b) => farFrom(a) - farFrom(b)).slice(0, MOST_OFFERED);
  }
  return [];
}

const isCapital = (word: string): boolean => word !== word.toLowerCase();
