// The second step: the path between two parts that moves the metric most, or the one of a single sender.

import { nodeName, nodeOf, PORT_NAMES, shortLabel } from "../core/node";
import { percent } from "../core/percent";
import { countsOf, type Edge, edgesOf, hasBaselines, strongestOf } from "../core/table";
import type { EdgeName } from "../engine/types";
import { formatCount, formatValue } from "../lib/format";
import { type Line, say, strong } from "./part";
import { effectOf, listed, part, path, type Scene, type Step } from "./scene";

export function strongest(scene: Scene): Step {
  const { lead, sender } = scene;
  const most = sender === null ? "The strongest path between two parts" : `The strongest path out of ${shortLabel(sender)}`;
  return {
    title: `${most}: ${shortLabel(lead.from)} → ${shortLabel(lead.to)}`,
    lines: (isNothing(scene) ? [nothing(scene)] : [what(scene), does(scene), called(scene), others(scene)]).filter((line) => line.length > 0),
    missing: null,
    at: lead,
    view: { from: lead.from, to: lead.to, node: null, pair: 0 },
  };
}

const isNothing = ({ lead, noise }: Scene): boolean => Math.abs(lead.effect) <= noise;

function nothing(scene: Scene): Line {
  const { lead, table, sender, isWhole } = scene;
  const rounding = say`${path(lead)}, moves the metric by no more than rounding`;
  if (sender !== null) return say`No path out of ${part(sender)} does anything by itself: the strongest, ${rounding}.`;
  const { edges, unknown } = countsOf(table);
  const known = isWhole ? "" : "known ";
  return say`No ${known}path does anything here: the strongest of ${formatCount(edges - unknown)}, ${rounding}.`;
}

/** What is changed, and that nothing else is. */
function what({ lead: { from, to }, table: { patch }, base, other }: Scene): Line {
  const { node, port } = nodeName(to);
  const reads = port ? say`${part(node)} reads it by its ${PORT_NAMES[port]}` : say`${node === "logits" ? "the logits read it" : say`${part(node)} reads it`}`;
  const put = { resample: `is taken from the ${other} run`, mean: "is replaced by its mean over the pairs", zero: "is set to zero" }[patch];
  return say`Only what ${part(from)} writes, and only as ${reads}, ${put}. All else stays as in the ${base} run.`;
}

/** How far that moves the metric, as a share of what lies between both runs where that means something. */
function does({ lead, table, noise, base }: Scene): Line {
  if (!hasBaselines(table)) return say`That moves the metric by ${effectOf(lead, noise)}.`;
  const { cleanMetric, corruptedMetric, patch, direction } = table;
  const before = direction === "denoise" ? corruptedMetric : cleanMetric;
  // From 0 the value says it.
  const by = Math.abs(before) <= noise && lead.isExact ? [] : say` (${effectOf(lead, noise)})`;
  const moves = say`The metric goes from ${formatValue(before, noise)} to ${strong(formatValue(lead.value, noise))}${by}`;
  const between = direction === "denoise" ? cleanMetric - corruptedMetric : corruptedMetric - cleanMetric;
  if (patch !== "resample" || Math.abs(between) <= noise) return say`${moves}.`;
  const share = lead.effect / between;
  const all = `of what lies between the two runs ${base === "corrupted" ? "comes back" : "is lost"}`;
  if (share < 0) return say`${moves}: away from the other run, not towards it.`;
  if (share > 1) return say`${moves}: more than the whole way to the other run.`;
  return say`${moves}: ${strong(percent(share))} ${all} by this path alone.`;
}

/** What a source calls both ends, or, where it tells of another path, how strong that is here. */
function called({ lead, roles, table, noise }: Scene): Line {
  if (!roles) return [];
  const who = roles.source.text.replace(/^./, (first) => first.toUpperCase());
  const named = [lead.from, nodeOf(lead.to)].flatMap((name) => {
    const role = roles.of.get(name);
    return role ? [say`${part(name)} ${article(role.name)} ${role.name}`] : [];
  });
  const told = named.length > 0 ? say`${who} ${/\bal\./.test(who) ? "call" : "calls"} ${listed(named)}.` : [];
  const is = (name: string, role: string) => roles.of.get(nodeOf(name))?.name === role;
  const isKnownPath = ({ from, to }: EdgeName) => is(from, SENDERS) && is(to, RECEIVERS) && nodeName(to).port === "q";
  const known = isKnownPath(lead) ? undefined : edgesOf(table).find(isKnownPath);
  if (!known) return told;
  const whose = told.length > 0 ? "they describe" : `${who} describe`;
  return say`${told}${told.length > 0 ? " " : ""}The strongest of the paths that ${whose}, from ${SENDERS}s into the queries of ${RECEIVERS}s, is ${path(known)} here: ${effectOf(known, noise)}.`;
}

/** The path at the heart of the circuit of Wang et al. (2022). */
const SENDERS = "S-inhibition head";
const RECEIVERS = "name mover";

const article = (name: string): string => (/^(?:[aeiou]|S-|MLP)/i.test(name) ? "an" : "a");

/** That it is not the strongest of all, where it is not: it is that of one sender, of a run that goes on, or between two parts. */
function others({ table, lead, noise }: Scene): Line {
  const first = strongestOf(table, {});
  if (!first || isSame(first, lead) || Math.abs(first.effect) <= noise) return [];
  const kind = first.from === "input" ? "begins at the input" : first.to === "logits" ? "ends at the logits" : "lies between two other parts";
  return say`A path that ${kind} moves it more: ${path(first)}, ${effectOf(first, noise)}.`;
}

const isSame = (a: Edge, b: Edge): boolean => a.place === b.place;
