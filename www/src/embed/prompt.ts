// Both prompts as one line of text: what they share once, what differs one above the other. The clean run's words are
// solid, the corrupted run's hollow; the token that the metric reads at is underlined.

import type { AskedPair } from "../core/request";
import { element } from "../lib/dom";
import { stretches } from "../lib/fold";
import { placed } from "../lib/placed";

/** A piece of both prompts. */
interface Piece {
  /** What stands before it. */
  space: string;
  clean: string;
  corrupted: string;
  isRead: boolean;
}

/** One line, or both prompts each by itself where they do not go side by side. */
export function merged(pair: AskedPair, position: number | null, prependBos: boolean): (Node | string)[] {
  const pieces = pair.tokens.clean.length ? byToken(pair, position, prependBos) : byWord(pair);
  if (!pieces) return [line("clean", pair.clean), line("corrupted", pair.corrupted)];
  return folded(pieces).flatMap((piece) => [piece.space, drawn(piece)]);
}

const line = (run: "clean" | "corrupted", text: string): HTMLElement => element("span", { class: "prompt-line", dir: "auto" }, element("span", { class: `tag ${run}` }, run), ` ${text}`);

function byToken({ clean, corrupted, tokens }: AskedPair, position: number | null, prependBos: boolean): Piece[] | null {
  if (tokens.clean.length !== tokens.corrupted.length) return null;
  const [ours, theirs] = [placed(tokens.clean, clean, prependBos), placed(tokens.corrupted, corrupted, prependBos)];
  const read = position === null ? ours.length - 1 : position < 0 ? ours.length + position : position;
  return ours.flatMap((token, i) => {
    // No prompt says where it begins.
    if (token.isStart && i !== read) return [];
    return [{ space: i === 0 || ours[i - 1]?.isStart ? "" : token.before, clean: token.text, corrupted: theirs[i]!.text, isRead: i === read }];
  });
}

/** Before a model has read them; null where the prompts are not of as many words. */
function byWord({ clean, corrupted }: AskedPair): Piece[] | null {
  const [ours, theirs] = [clean, corrupted].map((text) => text.trim().split(/\s+/)) as [string[], string[]];
  if (ours.length !== theirs.length) return null;
  return ours.map((text, i) => ({ space: i === 0 ? "" : " ", clean: text, corrupted: theirs[i]!, isRead: false }));
}

/** A long prompt in short: pieces that are left out stand as dots. */
function folded(pieces: Piece[]): Piece[] {
  const differing = pieces.flatMap(({ clean, corrupted }, i) => (clean === corrupted ? [] : [i]));
  const read = pieces.findIndex(({ isRead }) => isRead);
  return stretches(pieces.length, differing, read < 0 ? pieces.length - 1 : read).flatMap(({ from, to, isShown }) =>
    isShown ? pieces.slice(from, to + 1) : [{ space: " ", clean: "…", corrupted: "…", isRead: false }],
  );
}

function drawn({ clean, corrupted, isRead }: Piece): Node {
  if (clean !== corrupted) {
    const each = [
      element("span", { class: "tag clean" }, element("span", { class: "unseen" }, "clean "), clean),
      element("span", { class: "tag corrupted" }, element("span", { class: "unseen" }, ", corrupted "), corrupted),
    ];
    return element("span", { class: isRead ? "differs read" : "differs" }, ...each);
  }
  return isRead ? element("span", { class: "read" }, clean) : document.createTextNode(clean);
}
