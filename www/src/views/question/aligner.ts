// Two prompts of unequal length word by word: of how many tokens each word is, where they are out of step, and what
// mends it.

import type { Token } from "../../engine/types";
import { element } from "../../lib/dom";
import { merged, type TokenPair } from "../../lib/merged";
import type { Pair } from "../../lib/pairs";
import { placed } from "../../lib/placed";
import { alignWords, coreOf, replaceInPair, replaceWord, type WordRow, wordsOf } from "../../lib/words";
import { mend } from "./notes";

export interface AlignerData extends TokenPair {
  pair: Pair;
  prependBos: boolean;
}

export interface AlignerEvents {
  onMend: (pair: Pair) => void;
  /** Tokens of the vocabulary that begin so. */
  complete: (start: string) => Promise<Token[]>;
}

/** Words that are shown on each side of those out of step. */
const AROUND = 3;
/** Words that are offered in place of one of several tokens. */
const MOST_OFFERED = 4;

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
    const first = rows.find(({ isEven }) => !isEven);
    const mine = ++asked;
    mends.replaceChildren();
    if (!first) return;
    void offers(first, pair, hasSpaces(data), complete).then((all) => {
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
async function offers({ clean, corrupted }: WordRow, pair: Pair, isSpaced: boolean, complete: AlignerEvents["complete"]): Promise<Offer[]> {
  const [ours, theirs] = [coreOf(clean?.text ?? ""), coreOf(corrupted?.text ?? "")];
  if (!clean || !corrupted) {
    const [field, word] = clean ? (["clean", clean.text] as const) : (["corrupted", corrupted!.text] as const);
    const without = replaceWord(pair[field], coreOf(word), "").replaceAll(/ {2,}/g, " ").trim();
    return coreOf(word) === "" || without === pair[field] ? [] : [{ name: `Leave out “${word}”`, pair: { ...pair, [field]: without } }];
  }
  if (ours === "" || theirs === "") return [];
  const [long, short] = clean.tokens > corrupted.tokens ? [ours, theirs] : [theirs, ours];
  const made: Offer[] = [];
  if (Math.min(clean.tokens, corrupted.tokens) === 1) {
    for (const word of await singleTokens(long, short, isSpaced, complete)) made.push({ name: `“${long}” → “${word}”`, pair: replaceInPair(pair, long, word) });
  }
  // The one difference goes, if it is not the only one.
  if (made.length === 0) {
    const corruptedToo = replaceWord(pair.corrupted, theirs, ours);
    if (corruptedToo !== pair.clean) made.push({ name: `Write “${ours}” in both`, pair: { ...pair, corrupted: corruptedToo } });
  }
  return made;
}

/** Words of one token that begin as a long one does, as far as there are any. */
async function singleTokens(long: string, short: string, isSpaced: boolean, complete: AlignerEvents["complete"]): Promise<string[]> {
  const isLikely = (word: string) => /^\p{L}{3,}$/u.test(word) && word !== long && word !== short && isCapital(word) === isCapital(long);
  for (let letters = Math.min(3, long.length); letters > 0; letters -= 1) {
    const start = [...long].slice(0, letters).join("");
    const found = await complete(isSpaced ? ` ${start}` : start);
    const words = found.map(({ text }) => text.trim()).filter(isLikely);
    if (words.length > 0) return [...new Set(words)].slice(0, MOST_OFFERED);
  }
  return [];
}

const isCapital = (word: string): boolean => word !== word.toLowerCase();
