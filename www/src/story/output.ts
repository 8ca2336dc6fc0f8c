// The last step: what reaches the logits, and what to try.

import { nodeName } from "../core/node";
import { type Edge, edgeAt, incoming, outgoing } from "../core/table";
import { type Line, quoted, say } from "./part";
import { effectOf, part, path, pathsIn, type Scene, type Step } from "./scene";
import type { Task } from "./task";

export function output(scene: Scene): Step {
  const { table, lead, noise, task } = scene;
  const isFelt = (edge: Edge | null | undefined): edge is Edge => !!edge && Math.abs(edge.effect) > noise;
  const { node } = nodeName(lead.to);
  const own = node === "logits" ? lead : edgeAt(table, { from: node, to: "logits" });
  const [first] = incoming(table, "logits");
  const shown = isFelt(own) ? own : isFelt(first) ? first : lead;
  const lines = [
    node === "logits" ? [] : isFelt(own) ? direct(scene, own) : through(scene, node, own),
    isFelt(first) && first.place !== own?.place ? say`The strongest of ${scene.isWhole ? "all" : "the known"} paths into the logits is ${path(first)}: ${effectOf(first, noise)}.` : [],
    say`Try next: ${next(task)}`,
  ];
  return {
    title: "What reaches the output",
    lines: lines.filter((line) => line.length > 0),
    missing: null,
    at: shown,
    view: { from: shown.from, to: shown.to, node: null, pair: 0 },
  };
}

/** What the receiver writes to the logits itself. */
function direct(scene: Scene, own: Edge): Line {
  const { table, noise } = scene;
  const all = incoming(table, "logits");
  const rank = all.findIndex(({ place }) => place === own.place) + 1;
  const paths = `${pathsIn(scene, all.length)} into them`;
  const among = rank === 1 ? `more than any other of ${paths}` : `number ${rank} of ${paths} by size`;
  return say`${part(own.from)} writes to the logits itself. Patched alone, ${path(own)} moves the metric by ${effectOf(own, noise)}, ${among}.`;
}

/** Where what the receiver writes goes, when it does not reach the logits by itself, or when that is not known. */
function through({ table, noise }: Scene, node: string, own: Edge | null): Line {
  const [onward] = outgoing(table, node);
  if (!own) {
    if (!onward || Math.abs(onward.effect) <= noise) return [];
    return say`The strongest known path out of ${part(node)} is ${path(onward)}: ${effectOf(onward, noise)}.`;
  }
  const alone = say`By itself ${part(node)} moves the logits by no more than rounding.`;
  if (!onward || Math.abs(onward.effect) <= noise) return alone;
  return say`${alone} Others pass it on: ${path(onward)} does most, ${effectOf(onward, noise)}.`;
}

function next(task: Task): Line {
  switch (task.kind) {
    case "induction":
      return say`put another word in place of ${quoted(task.answer)}, in both prompts and as the answer. Do the same paths carry it?`;
    case "indirect-object":
      return say`give ${quoted(task.other)} and ${quoted(task.twice)} other names, in both prompts and as the answers. Do the same paths carry it?`;
    case "greater-than":
      return say`another number in place of ${quoted(task.number)}, with those above it as the answers. Do the same paths carry it?`;
    case "other":
      return say`change another word in both prompts. Do the same paths carry it?`;
  }
}
