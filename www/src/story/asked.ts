// The first step: what the prompts test, and whether the model does it.

import { percent, percents } from "../core/percent";
import { hasBaselines } from "../core/table";
import { nameOfSet, word } from "../core/words";
import type { Metric, PatchKind, Prediction, Token } from "../engine/types";
import { formatValue } from "../lib/format";
import { type Line, quoted, say, strong } from "./part";
import { listed, onPair, type Scene, type Step, tokenAt } from "./scene";
import type { Task } from "./task";

/** In running text. */
const NAMES: Record<Metric, string> = {
  "logit-diff": "logit of the answer less that of the distractor",
  "normalized-logit-diff": "logit of the answer less that of the distractor",
  "log-prob": "log-probability of the answer",
  prob: "probability of the answer",
  "prob-diff": "probability of the answers less that of the distractors",
  kl: "divergence from the clean run",
};
/** Changed words that are named. */
const MOST_CHANGES = 3;

export function asked(scene: Scene): Step {
  return {
    title: hasTokens(scene) ? titleOf(scene.task) : "A result from elsewhere",
    lines: [hasTokens(scene) ? tests(scene) : say`The prompts are not part of this result.`, says(scene), measured(scene)].filter((line) => line.length > 0),
    missing: null,
    at: "question",
    view: { from: null, to: null, port: null, node: null, pair: 0 },
  };
}

const hasTokens = ({ pair }: Scene): boolean => pair.tokens.clean.length > 0;

function titleOf(task: Task): string {
  switch (task.kind) {
    case "induction":
      return "A word that comes back";
    case "indirect-object":
      return "Two names, one of them twice";
    case "greater-than":
      return "A number to go above";
    case "other":
      return "Two prompts, and what differs";
  }
}

function tests(scene: Scene): Line {
  const { task } = scene;
  switch (task.kind) {
    case "induction": {
      const [repeated, answer, instead] = [task.repeated, task.answer, task.instead].map(quoted) as [Line[0], Line[0], Line[0]];
      return say`${repeated} comes twice. ${answer} followed it the first time, so whoever copies says ${answer} again. In the corrupted prompt ${instead} stands in its first place, and nothing says what comes next.`;
    }
    case "indirect-object":
      return say`${quoted(task.twice)} comes twice, so the answer is the other one, ${quoted(task.other)}. In the corrupted prompt ${quoted(task.other)} comes twice, and the answer turns round.`;
    case "greater-than":
      return say`What comes next should be above ${quoted(task.number)}. In the corrupted prompt it says ${quoted(task.instead)}, so that lower numbers are right as well.`;
    case "other":
      return changed(task.changes, scene.table.patch);
  }
}

function changed(changes: { clean: string; corrupted: string }[], patch: PatchKind): Line {
  if (changes.length === 0) return patch === "resample" ? say`The two prompts are the same: there is nothing that a path could carry over.` : say`The two prompts are the same.`;
  const named = changes.slice(0, MOST_CHANGES).map(({ clean, corrupted }) => say`${quoted(corrupted)} for ${quoted(clean)}`);
  const more = changes.length - named.length;
  return say`The corrupted prompt has ${listed(more > 0 ? [...named, [`${more} more changes`]] : named)}.`;
}

/** What both runs say next; nothing where that is not known. */
function says(scene: Scene): Line {
  const { predictions, position, pair: { tokens } } = scene;
  if (!predictions) return [];
  const { top, answers } = predictions;
  const [first, instead] = [top.clean[0], top.corrupted[0]];
  if (!first || !instead || answers.clean.length === 0) return [];
  const cut: Line = position < tokens.clean.length - 1 ? say` up to ${tokenAt(tokens.clean, position)}` : [];
  const after = onPair(scene, say`After the clean prompt${cut}`, "the first");
  const total = (all: Prediction[]) => all.reduce((sum, { probability }) => sum + probability, 0);
  const shares = percents(total(answers.clean), total(answers.corrupted)) as [string, string];
  if (answers.clean.length > 1) {
    const set = nameOfSet(tokens.answer, tokens.clean, "answer");
    const name: Line = "phrase" in set ? [set.phrase] : listed(set.words.map((text) => [quoted(text)]));
    return say`${after} the model gives ${strong(shares[0])} to ${name} together, after the corrupted one ${strong(shares[1])}.`;
  }
  const [answer] = answers.clean as [Prediction];
  const next = quoted(word(answer));
  const clean =
    first.id === answer.id
      ? say`${after} the model says ${next} first, with ${strong(shares[0])}`
      : say`${after} the model says ${quoted(word(first))} first (${percent(first.probability)}); ${next} has ${strong(shares[0])}`;
  const corrupted =
    instead.id === answer.id
      ? say`after the corrupted one too, with ${strong(shares[1])}`
      : say`after the corrupted one ${quoted(word(instead))} (${percent(instead.probability)}), and ${next} has ${strong(shares[1])}`;
  return say`${clean}; ${corrupted}.`;
}

/** By what a path is measured; a normalised difference is told in logits where they are known of every pair. */
function measured({ table, answers, distractors, logitDiff, noise, pairs }: Scene): Line {
  const { metric, metricName, cleanMetric, corruptedMetric } = table;
  const name: Line = metricName === undefined ? nameOf(metric, answers, distractors) : [`${metricName},`];
  if (!hasBaselines(table)) return say`A path is measured by how far it moves the ${name} of which the two runs’ own values are not known.`;
  const mean = pairs > 1 ? ` the mean over ${pairs} pairs,` : "";
  if (Math.abs(cleanMetric - corruptedMetric) <= noise) {
    return say`What is measured, the ${name}${mean} is ${strong(formatValue(cleanMetric, noise))} in both runs: no path has anything to bring back.`;
  }
  const isNormalized = metric === "normalized-logit-diff" && metricName === undefined;
  const ends = isNormalized && logitDiff ? logitDiff : { clean: cleanMetric, corrupted: corruptedMetric };
  const values = [ends.clean, ends.corrupted].map((value) => strong(formatValue(value, noise)));
  if (isNormalized && !logitDiff) {
    return say`A path is measured by how far it moves the ${name}${mean} on a scale that is ${values[0]!} in the clean run and ${values[1]!} in the corrupted one.`;
  }
  const scale = isNormalized ? " On the scale of the picture that is 1 and 0." : "";
  return say`A path is measured by how far it moves the ${name}${mean} which is ${values[0]!} in the clean run and ${values[1]!} in the corrupted one.${scale}`;
}

/** What is measured, with its tokens where there is one of each and all pairs have the same. */
function nameOf(metric: Metric, answers: readonly Token[] | null, distractors: readonly Token[] | null): Line {
  const [one, other] = [answers, distractors].map((set) => (set?.length === 1 ? quoted(word(set[0]!)) : null));
  if (one && other && (metric === "logit-diff" || metric === "normalized-logit-diff")) return say`logit of ${one} less that of ${other},`;
  if (one && metric === "prob") return say`probability of ${one},`;
  if (one && metric === "log-prob") return say`log-probability of ${one},`;
  return [`${NAMES[metric]},`];
}
