// What else there is to know of an edge on one pair: by position, the output's logits, whole patterns of attention. Drawn
// only once it is opened.

import { addedShares } from "../../core/attention";
import type { ChosenEdge } from "../../core/chosen";
import { edgeLabel, label, nodeName, nodeOf, PORT_NAMES, shortLabel } from "../../core/node";
import { percent } from "../../core/percent";
import { runsOf } from "../../core/direction";
import { noiseOf } from "../../core/table";
import { isStart, word } from "../../core/words";
import type { EdgeDetail, Token } from "../../engine/types";
import { element } from "../../lib/dom";
import { formatEffect, formatShare, formatValue } from "../../lib/format";
import { shortened } from "../../lib/tokens";
import { figure } from "../figure";
import * as barsView from "./bars";
import * as patternView from "./pattern";

export interface MoreData {
  chosen: ChosenEdge;
  detail: EdgeDetail;
}

/** A button that opens what is in the container, and what fills it. */
export function create(container: HTMLElement, onPair: (pair: number) => void): { button: HTMLElement; update: (data: MoreData | null) => void } {
  // Filled in later than the rest, which stays as it is.
  const positions = element("div");
  const rest = element("div");
  const choice = element("select", { "aria-label": "Prompt pair" });
  const pair = element("div", { class: "edge-pair" }, "On ", choice);
  choice.addEventListener("change", () => onPair(Number(choice.value)));
  container.append(pair, rest);
  container.id = "edge-more";
  container.hidden = true;
  const button = element("button", { type: "button", class: "edge-link edge-open", "aria-expanded": "false", "aria-controls": container.id }, "More");
  let data: MoreData | null = null;
  let drawn: EdgeDetail["moved"] | undefined;
  let named = "";
  let isOpen = false;
  const show = () => {
    button.hidden = data === null;
    button.setAttribute("aria-expanded", String(isOpen));
    container.hidden = data === null || !isOpen;
    if (!data || !isOpen) return;
    const { pairs, pair: shown } = data.chosen;
    pair.hidden = pairs.length === 1;
    const names = pairs.map(({ clean }, i) => `pair ${i + 1}: ${shortened(textOf(clean), LETTERS)}`);
    // Another run may have as many pairs.
    if (names.join("\n") !== named) {
      named = names.join("\n");
      choice.replaceChildren(...names.map((name, i) => element("option", { value: i }, name)));
    }
    choice.value = String(shown);
    positions.replaceChildren(...byPosition(data));
    if (drawn === data.detail.moved) return;
    drawn = data.detail.moved;
    rest.replaceChildren(...drawings(data, positions));
  };
  button.addEventListener("click", () => {
    isOpen = !isOpen;
    show();
  });
  const update = (given: MoreData | null) => {
    data = given;
    show();
  };
  return { button, update };
}

/** Letters of a prompt that tell it from others. */
const LETTERS = 48;

/** A prompt as it was written, or nearly. */
const textOf = (tokens: readonly Token[]): string =>
  tokens.flatMap((token, i) => (isStart(tokens, i) ? [] : [word(token)])).join(" ");

function drawings({ chosen, detail }: MoreData, positions: HTMLElement): Node[] {
  const { edge, table, pairs, pair } = chosen;
  const { base, other } = runsOf(table);
  const tokens = pairs[pair]!;
  const [a, b] = [shortLabel(edge.from), shortLabel(nodeOf(edge.to))];
  const { port, kind } = nodeName(edge.to);
  const where = kind === "head" && port ? `the ${PORT_NAMES[port]} of ${b}` : `what ${kind === "logits" ? "the output" : label(edge.to)} reads`;
  const { src, dst } = detail;
  const attributions = [
    ...(src?.attribution.clean.length ? [{ name: a, values: src.attribution.clean }] : []),
    ...(dst?.attribution.clean.length ? [{ name: b, values: dst.attribution.clean }] : []),
  ];
  // The run in which the sender writes what goes in; zero is written in none.
  const written = table.patch === "zero" ? base : other;
  const patterns = [
    ...(src ? [pattern(edgeLabel(edge), `${a} attends, ${written} run`, tokens[written], src.pattern[written])] : []),
    ...(dst ? [pattern(edgeLabel(edge), `${b} attends, before the patch`, tokens[base], dst.pattern[base])] : []),
    ...(dst && port !== "v" ? [pattern(edgeLabel(edge), `${b} attends, after the patch`, tokens[base], detail.patched)] : []),
  ];
  const unmoved = element("p", { class: "note" }, `A patched value leaves the attention of ${b} as it was: what it reads there is changed.`);
  return [
    positions,
    bars(`What the patch adds to ${where}, as a share of its length`, tokens[base], addedShares(detail), false, 0, formatShare),
    ...attributions.map(({ name, values }) =>
      bars(`Direct logit attribution of ${name}, clean run, by the token it reads`, tokens.clean, values, true, 0, (value) => formatEffect(value)),
    ),
    logits(detail, base),
    ...(patterns.length ? [element("p", { class: "note" }, "Each row is a token that looks, each column one that is looked at.")] : []),
    ...patterns,
    ...(dst && port === "v" ? [unmoved] : []),
  ];
}

function pattern(edge: string, title: string, tokens: readonly Token[], values: ArrayLike<number>): HTMLElement {
  const { element: made, body, entitle } = figure();
  entitle(title, `${edge} ${title}`);
  patternView.create(body)({ title, tokens, pattern: values });
  return made;
}

function bars(
  title: string,
  tokens: readonly Token[],
  values: readonly number[],
  isSigned: boolean,
  least: number,
  format: (value: number) => string,
): HTMLElement {
  const place = element("div");
  barsView.create(place)({ title, tokens, values, isSigned, least, format });
  return place;
}

/** What each position does by itself, and what they do not add up to. */
function byPosition({ chosen: { table, pairs, pair }, detail }: MoreData): Node[] {
  const { value, metric, byPosition: effects } = detail;
  if (!effects) return [element("p", { class: "note" }, "Patching each position alone …")];
  const { base } = runsOf(table);
  const noise = noiseOf({ ...table, cleanMetric: metric.clean, corruptedMetric: metric.corrupted });
  const larger = (effect: number) => (Math.abs(effect) < noise ? 0 : effect);
  const whole = larger(value - metric[base]);
  const sum = effects.reduce((total, effect) => total + larger(effect), 0);
  const left = whole - sum;
  const rest = Math.abs(left) < noise ? "They add up." : `The remainder of ${formatEffect(left, noise)} is what positions do to each other.`;
  const remainder = `Together ${formatEffect(sum, noise)}; the whole edge has ${formatEffect(whole, noise)}. ${rest}`;
  return [
    bars("The effect of patching each position alone", pairs[pair]![base], effects, true, noise, (effect) => formatEffect(effect, noise)),
    element("p", { class: "note remainder" }, remainder),
  ];
}

function logits({ moved, tokens }: EdgeDetail, base: "clean" | "corrupted"): HTMLElement {
  const head = ["Next token", "Probability", "patched", "Logit", "patched"];
  const rows = moved.map(({ id, logit, probability }, i) => {
    const numbers = [...probability.map((share) => percent(share)), ...logit.map((one) => formatValue(one))];
    const name = word(tokens[i] ?? { id, text: "" });
    return element(
      "tr",
      {},
      element("th", { scope: "row", dir: "auto" }, name),
      ...numbers.map((text) => element("td", { class: "number" }, text)),
    );
  });
  return element(
    "div",
    { class: "scrolls", tabindex: 0, role: "group", "aria-label": "The output’s most moved tokens" },
    element(
      "table",
      { class: "logits" },
      element("caption", {}, `The tokens that the patch moves most, in the ${base} run and patched`),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows),
    ),
  );
}
