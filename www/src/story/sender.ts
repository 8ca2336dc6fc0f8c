// The fourth step: what the sender looks at itself, and what feeds it.

import { rowOf } from "../core/attention";
import { nodeName, shortLabel } from "../core/node";
import { percent } from "../core/percent";
import { incoming } from "../core/table";
import { word } from "../core/words";
import type { EdgeDetail, Token } from "../engine/types";
import { placeOfLargest } from "../lib/largest";
import { type Line, quoted, say, strong } from "./part";
import { placeOf } from "./receiver";
import { effectOf, listed, onPair, part, path, pathsIn, type Scene, type Step, tokenAt } from "./scene";

/** Paths into the sender that are named. */
const MOST_FEEDERS = 3;
/** A share of the strongest one: weaker paths are not named beside it. */
const LEAST_SHARE = 0.1;

export function sender(scene: Scene): Step {
  const { lead, table, detail, noise } = scene;
  const [feeder] = incoming(table, lead.from);
  const hasFeeder = feeder !== undefined && Math.abs(feeder.effect) > noise;
  const known = detail(lead);
  const isHead = nodeName(lead.from).kind === "head";
  return {
    title: `What feeds ${shortLabel(lead.from)}`,
    lines: [...(known && isHead ? [onPair(scene, looks(scene, known), "the first")] : []), feeds(scene)].filter((line) => line.length > 0),
    missing: isHead && !known ? { from: lead.from, to: lead.to } : null,
    at: hasFeeder ? feeder : lead,
    view: hasFeeder ? { from: feeder.from, to: feeder.to, node: lead.from, pair: 0 } : { from: lead.from, to: lead.to, node: lead.from, pair: 0 },
  };
}

/** Where the sender looks from the place whose write matters, in the run that is copied from. */
function looks(scene: Scene, detail: EdgeDetail): Line {
  const { lead, pair, other, base } = scene;
  const pattern = detail.src?.pattern;
  if (!pattern) return [];
  const [from, to] = [pair.tokens[other], pair.tokens[base]];
  const { written } = placeOf(scene, detail);
  const row = rowOf(pattern[other], from.length, written);
  const seen = placeOfLargest(row);
  const there = say`At ${tokenAt(from, written)}, ${part(lead.from)} looks most at ${tokenAt(from, seen)}${relation(from, written, seen)}: ${strong(percent(row[seen]!))}.`;
  const unpatched = rowOf(pattern[base], to.length, written);
  const seenThen = placeOfLargest(unpatched);
  if (seenThen !== seen) {
    return say`${there} In the ${base} run it looks most at ${tokenAt(to, seenThen)} there (${percent(unpatched[seenThen]!)}).`;
  }
  if (from[seen]!.id === to[seen]!.id) return there;
  return say`${there} In the ${base} run ${quoted(word(to[seen]!))} stands there, so it writes something else.`;
}

/** What the token that is looked at is to the one that looks. */
function relation(tokens: readonly Token[], from: number, seen: number): string {
  const same = (a: number, b: number) => tokens[a] !== undefined && tokens[b] !== undefined && word(tokens[a]) === word(tokens[b]);
  if (seen === from) return ", itself";
  if (seen === from - 1) return ", the token before";
  if (same(seen, from)) return ", the same word before";
  if (seen > 0 && same(seen - 1, from)) return ", which followed the same word before";
  return "";
}

function feeds(scene: Scene): Line {
  const { lead, table, noise, isWhole } = scene;
  if (lead.from === "input") return say`The input is the token embedding: it is where the prompts differ, and nothing feeds it.`;
  const all = incoming(table, lead.from);
  const only = isWhole ? "path" : "known path";
  const least = Math.max(noise, LEAST_SHARE * Math.abs(all[0]?.effect ?? 0));
  const felt = all.filter(({ effect }) => Math.abs(effect) > least).slice(0, MOST_FEEDERS);
  if (felt.length === 0) {
    if (all.length === 0) return say`Nothing is known of the paths into ${part(lead.from)}.`;
    const into = say`into ${part(lead.from)}`;
    const none = all.length === 1 ? say`The only ${only} ${into} does nothing alone` : say`None of the ${pathsIn(scene, all.length)} ${into} does anything alone`;
    return isWhole ? say`${none}: what changes in it comes by several at once.` : say`${none}.`;
  }
  const named = felt.map((edge) => say`${path(edge)} (${effectOf(edge, noise)})`);
  if (all.length === 1) return say`The only ${only} into it is ${listed(named)}.`;
  return say`Among the ${pathsIn(scene, all.length)} into it, ${felt.length === 1 ? "one does most" : "these do most"}: ${listed(named)}.`;
}
