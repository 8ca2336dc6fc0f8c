// The third step: what the receiver does with what it now reads.

import { addedShares, moves, pickedUp, rowOf, shiftOf, telling } from "../core/attention";
import { nodeName, shortLabel } from "../core/node";
import { percent, percents } from "../core/percent";
import { word } from "../core/words";
import type { EdgeDetail } from "../engine/types";
import { placeOfLargest } from "../lib/largest";
import { type Line, quoted, say, strong } from "./part";
import { onPair, part, type Scene, type Step, tokenAt } from "./scene";

export function receiver(scene: Scene): Step {
  const { lead, detail, table } = scene;
  const { node } = nodeName(lead.to);
  const known = detail(lead);
  const name = shortLabel(node);
  return {
    title: node === "logits" ? "What the output makes of it" : `What ${name} does with it`,
    lines: known ? [onPair(scene, reads(scene, known), "the first"), onPair(scene, output(scene, known), "that")] : [],
    missing: known ? null : { from: lead.from, to: lead.to },
    at: "edge",
    view: { from: lead.from, to: lead.to, node: table.senders.includes(node) ? node : null, pair: 0 },
  };
}

/** The receiver's row of attention that tells most, and the position whose write matters there. */
export function placeOf(scene: Scene, detail: EdgeDetail): { row: number; written: number } {
  const { position, lead, base } = scene;
  const { port } = nodeName(lead.to);
  const before = detail.dst?.pattern[base];
  const shares = addedShares(detail);
  const tokens = shares.length;
  if (!before || !port) {
    const row = telling(shares, position);
    return { row, written: row };
  }
  if (port === "v") {
    const row = telling(pickedUp(before, shares), position);
    const carried = rowOf(before, tokens, row).map((share, key) => share * shares[key]!);
    return { row, written: placeOfLargest(carried) };
  }
  const row = telling(moves(before, detail.patched, tokens), position);
  if (port === "q") return { row, written: row };
  const { to, from } = shiftOf(rowOf(before, tokens, row), rowOf(detail.patched, tokens, row));
  return { row, written: to ?? from ?? placeOfLargest(shares) };
}

function reads(scene: Scene, detail: EdgeDetail): Line {
  const { lead, pair, base, other } = scene;
  const { node, port } = nodeName(lead.to);
  const tokens = pair.tokens[base];
  const { row, written } = placeOf(scene, detail);
  const at = (position: number) => tokenAt(tokens, position);
  const before = detail.dst?.pattern[base];
  if (!before || !port) {
    const share = percent(addedShares(detail)[row] ?? 0);
    const reader = node === "logits" ? ["the logits read"] : say`${part(node)} reads`;
    return say`At ${at(row)} the path changes what ${reader}, by ${strong(share)} of its length.`;
  }
  const [was, now] = [rowOf(before, tokens.length, row), rowOf(detail.patched, tokens.length, row)];
  if (port === "v") {
    return say`Where ${part(node)} looks stays the same: at ${at(row)} it gives ${at(written)} ${strong(percent(was[written]!))}. What it copies from there is what the path changes.`;
  }
  const goal = rowOf(detail.dst!.pattern[other], tokens.length, row);
  const { kind, to, from } = shiftOf(was, now);
  const inOther = (position: number) => say`in the ${other} run it gives that ${percent(goal[position]!)}`;
  if (kind === "turn") {
    return say`At ${at(row)}, ${part(node)} looked at ${at(from!)} (${percents(was[from!]!, now[from!]!)[0]}). Patched, it turns to ${at(to!)}: ${strong(percents(was[to!]!, now[to!]!).join(" → "))}; ${inOther(to!)}.`;
  }
  const moved = to ?? from;
  if (kind === "none" || moved === null) {
    return say`Where ${part(node)} looks hardly moves: at ${at(row)}, no token gains or loses as much as 1%.`;
  }
  const verb = to === null ? "less" : "more";
  return say`At ${at(row)}, ${part(node)} looks ${verb} at ${at(moved)} than before: ${strong(percents(was[moved]!, now[moved]!).join(" → "))}; ${inOther(moved)}.`;
}

/** What becomes of the answer at the output, and of the token that moves most the other way. */
function output({ pair: { tokens: asked } }: Scene, { moved, tokens }: EdgeDetail): Line {
  const changes = moved.map(({ id, probability: [before, after] }, i) => {
    const [was, now] = percents(before, after);
    return { id, name: quoted(word(tokens[i] ?? { id, text: "" })), was, now, by: after - before };
  });
  const seen = changes.filter(({ was, now }) => was !== now).toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by));
  const answer = asked.answer.length === 1 ? seen.find(({ id }) => id === asked.answer[0]!.id) : undefined;
  const first = answer ?? seen[0];
  if (!first) return say`At the output no token’s probability moves by as much as can be told.`;
  const against = seen.find(({ by }) => by * first.by < 0);
  const one = say`At the output ${first.name} goes from ${first.was} to ${strong(first.now)}`;
  return against ? say`${one}, ${against.name} from ${against.was} to ${against.now}.` : say`${one}.`;
}
