// What a figure is about: its title, the model, both prompts, and what both runs say.

import type { LoadedModel } from "../core/model-ref";
import type { AskedPair } from "../core/request";
import type { PairPredictions, Token } from "../engine/types";
import { element } from "../lib/dom";
import { measured } from "../lib/measured";
import { calledOf } from "../lib/models";
import { likelihood, sayOf } from "../lib/said";
import type { Settings } from "../lib/settings";
import * as tokensView from "../views/tokens";

export interface HeadData {
  title: string;
  model: LoadedModel;
  /** Layers and heads; null before a result is there. */
  shape: { layers: number; heads: number } | null;
  pair: AskedPair;
  pairs: number;
  settings: Pick<Settings, "position" | "prependBos" | "metric">;
  /** What both runs say next; null where that is not known. */
  predictions: PairPredictions | null;
  hasPrompts: boolean;
}

export function create(container: HTMLElement): (data: HeadData) => void {
  const title = element("h2");
  const model = element("span", { class: "label" });
  const prompt = element("div");
  const more = element("p", { class: "label" });
  const says = element("p", { class: "says" });
  container.append(element("div", { class: "heading" }, title, model), prompt, more, says);
  const showPrompt = tokensView.create(prompt);
  return ({ title: text, model: of, shape, pair, pairs, settings, predictions, hasPrompts }) => {
    title.textContent = text;
    // Somebody's own files are called what they called them, if anything.
    const name = of.ref.kind === "files" ? of.name : calledOf(of.ref);
    model.textContent = [...(name ? [name] : []), ...(shape ? [`${shape.layers} layers × ${shape.heads} heads`] : [])].join(" · ");
    // A notebook's numbers may come without their prompts.
    prompt.hidden = !hasPrompts || !pair.clean;
    more.hidden = prompt.hidden || pairs === 1;
    says.hidden = prompt.hidden || predictions === null;
    if (prompt.hidden) return;
    showPrompt(promptOf(pair, settings));
    more.textContent = `and ${pairs - 1} more ${pairs === 2 ? "pair" : "pairs"} of prompts`;
    if (predictions) says.replaceChildren(...saysOf(predictions, pair, settings.metric));
  };
}

/** Before a model has read them, words stand for tokens; where the metric reads is then known only of the last one. */
function promptOf(pair: AskedPair, { position, prependBos }: HeadData["settings"]): tokensView.TokensData {
  const { clean, corrupted, tokens } = pair;
  if (tokens.clean.length > 0) return { clean, corrupted, tokens, prependBos, position };
  const ids = new Map<string, number>();
  const wordsOf = (text: string): Token[] =>
    (text.trim().match(/\s*\S+/g) ?? []).map((word) => {
      const id = ids.get(word) ?? ids.size;
      ids.set(word, id);
      return { id, text: word };
    });
  const words = { clean: wordsOf(clean), corrupted: wordsOf(corrupted) };
  return { clean: clean.trim(), corrupted: corrupted.trim(), tokens: words, prependBos: false, position: position === null ? null : words.clean.length };
}

/** `clean Mary 68% · +3.42  corrupted John 61% · −2.87  logit of Mary less that of John` */
function saysOf(predictions: PairPredictions, pair: AskedPair, metric: Settings["metric"]): (Node | string)[] {
  const values = measured(metric, pair, predictions);
  const run = (name: "clean" | "corrupted") => {
    const [first] = predictions.top[name];
    const most = first ? [element("b", {}, sayOf(first)), ` ${likelihood(first.probability)} · `] : [];
    return element("span", {}, element("span", { class: `tag ${name}` }, name), " ", ...most, values[name]);
  };
  const of = values.of.map((part) => (typeof part === "string" ? part : element("i", {}, part.own)));
  return [run("clean"), " ", run("corrupted"), " ", element("span", { class: "label" }, ...of)];
}
