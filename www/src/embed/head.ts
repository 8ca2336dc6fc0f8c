// What a figure is about: its title, the model, both prompts, and what both runs say.

import type { LoadedModel } from "../core/model-ref";
import type { AskedPair } from "../core/request";
import { word } from "../core/words";
import { percent } from "../core/percent";
import type { PairPredictions } from "../engine/types";
import { element } from "../lib/dom";
import { formatEffect } from "../lib/format";
import { calledOf } from "../lib/models";
import type { Settings } from "../lib/settings";
import { merged } from "./prompt";

export interface HeadData {
  title: string;
  model: LoadedModel;
  /** Layers and heads; null before a result is there. */
  shape: { layers: number; heads: number } | null;
  pair: AskedPair;
  pairs: number;
  settings: Pick<Settings, "position" | "prependBos">;
  /** What both runs say next; null where that is not known. */
  predictions: PairPredictions | null;
  hasPrompts: boolean;
}

export function create(container: HTMLElement): (data: HeadData) => void {
  const title = element("h3");
  const model = element("span", { class: "label" });
  const prompt = element("p", { class: "prompt", dir: "auto" });
  const says = element("p", { class: "says" });
  container.append(element("div", { class: "heading" }, title, model), prompt, says);
  return ({ title: text, model: of, shape, pair, pairs, settings, predictions, hasPrompts }) => {
    title.textContent = text;
    // Somebody's own files are called what they called them, if anything.
    const name = of.ref.kind === "files" ? of.name : calledOf(of.ref);
    model.textContent = [...(name ? [name] : []), ...(shape ? [`${shape.layers} layers × ${shape.heads} heads`] : [])].join(" · ");
    // A notebook's numbers may come without their prompts.
    prompt.hidden = says.hidden = !hasPrompts || !pair.clean;
    if (prompt.hidden) return;
    const more = pairs > 1 ? [element("span", { class: "label" }, ` and ${pairs - 1} more ${pairs === 2 ? "pair" : "pairs"}`)] : [];
    prompt.replaceChildren(...merged(pair, settings.position, settings.prependBos), ...more);
    says.hidden = predictions === null;
    if (predictions) says.replaceChildren(...saysOf(predictions));
  };
}

/** `clean Mary 68% · +3.42  corrupted John 61% · −2.87  logit of Mary less John` */
function saysOf({ top, logitDiff, answers, distractors }: PairPredictions): (Node | string)[] {
  const run = (name: "clean" | "corrupted") => {
    const [first] = top[name];
    const difference = logitDiff[name];
    return element(
      "span",
      {},
      element("span", { class: `tag ${name}` }, name),
      " ",
      ...(first ? [element("b", {}, word(first)), ` ${percent(first.probability)}`] : []),
      ...(difference === null ? [] : [first ? " · " : "", formatEffect(Number(difference.toFixed(2)))]),
    );
  };
  const [answer, distractor] = [answers.clean, distractors.clean];
  const is = answer.length === 1 && distractor.length === 1 ? `logit of ${word(answer[0]!)} less ${word(distractor[0]!)}` : "logit difference";
  const isKnown = logitDiff.clean !== null || logitDiff.corrupted !== null;
  return [run("clean"), " ", run("corrupted"), ...(isKnown ? [" ", element("span", { class: "label" }, is)] : [])];
}
