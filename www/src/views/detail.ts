// One edge in detail: what either end does, what the patch adds at each position, what each position moves by itself,
// and what becomes of the output.
//
// Buttons and choices stay the same elements while what they speak of changes, so that the focus stays on them.

import { edgeLabel, label, nodeName, nodeOf, PORT_NAMES, shortLabel } from "../core/node";
import type { DetailData, DetailEvents } from "../core/props";
import type { EdgeDetail, EdgeName, Token } from "../engine/types";
import { element } from "../lib/dom";
import { formatEffect, formatShare, formatValue } from "../lib/format";
import { visible } from "../lib/tokens";
import * as barsView from "./bars";
import { figure } from "./figure";
import * as patternView from "./pattern";
import { baseRun, otherRun } from "./words";

export function create(container: HTMLElement, events: DetailEvents): (data: DetailData) => void {
  const note = element("p", { class: "note", role: "status" });
  const title = element("h3");
  const sentence = element("p");
  const into = element("button", { type: "button" });
  const from = element("button", { type: "button" });
  const pair = element("select");
  const pairs = element("label", {}, "Prompt pair ", pair);
  const rest = element("div");
  // Filled in later than the rest, which stays as it is.
  const positions = element("div");
  const body = element("div", { class: "detail" }, title, sentence, element("div", { class: "tools" }, into, from, pairs), rest);
  container.append(note, body);

  let shown: EdgeName | undefined;
  let drawn: EdgeDetail["moved"] | undefined;
  // Each leads to the other end of a further edge, which is left to the result.
  into.addEventListener("click", () => {
    if (shown && shown.from !== "input") events.onView({ to: shown.from, from: null });
  });
  from.addEventListener("click", () => {
    if (shown && shown.to !== "logits") events.onView({ from: nodeOf(shown.to), to: null });
  });
  pair.addEventListener("change", () => events.onPair(Number(pair.value)));

  return (data) => {
    note.textContent = {
      none: "Choose a line or a part of the circuit, a cell of a grid or a row of the table.",
      waiting: "Looking …",
      failed: data.state === "failed" ? data.message : "",
      there: "",
    }[data.state];
    note.hidden = note.textContent === "";
    body.toggleAttribute("data-stale", data.state === "waiting");
    if (data.state === "waiting") return;
    body.hidden = data.state !== "there";
    if (data.state !== "there") return;
    const { edge } = data;
    shown = edge;
    title.textContent = edgeLabel(edge);
    sentence.textContent = inWords(data);
    into.textContent = `What is written into ${shortLabel(edge.from)}`;
    // The embedding reads nothing, and the logits are the end. A button that the focus is on keeps it all the same.
    into.setAttribute("aria-disabled", String(edge.from === "input"));
    from.textContent = edge.to === "logits" ? "What it writes" : `What ${shortLabel(nodeOf(edge.to))} writes`;
    from.setAttribute("aria-disabled", String(edge.to === "logits"));
    pairs.hidden = data.pairs === 1;
    if (pair.length !== data.pairs) {
      pair.replaceChildren(...Array.from({ length: data.pairs }, (_, i) => element("option", { value: i }, `pair ${i + 1}`)));
    }
    pair.value = String(data.pair);
    positions.replaceChildren(...byPosition(data));
    if (drawn === data.detail.moved) return;
    drawn = data.detail.moved;
    rest.replaceChildren(...drawings(data, positions));
  };
}

type There = Extract<DetailData, { state: "there" }>;

/** The three values of the metric, in the order in which a patch goes from one run towards the other. */
function inWords({ detail: { metric, value }, table: { direction } }: There): string {
  const [base, other] = [baseRun(direction), otherRun(direction)];
  const change = value - metric[base];
  return `Metric: ${base} ${formatValue(metric[base])}, patched ${formatValue(value)} (${formatEffect(change)}), ${other} ${formatValue(metric[other])}.`;
}

function drawings(data: There, positions: HTMLElement): Node[] {
  const { edge, detail, table } = data;
  const base = baseRun(table.direction);
  const { clean } = data;
  const read = data[base];
  // The run in which the sender writes what goes in; zero is written in none.
  const written = table.patch === "zero" ? base : otherRun(table.direction);
  const [a, b] = [shortLabel(edge.from), shortLabel(nodeOf(edge.to))];
  const { port, kind } = nodeName(edge.to);
  const pattern = (text: string, tokens: Token[], values: ArrayLike<number>) => {
    const { element: made, body, entitle } = figure();
    entitle(text, `${edgeLabel(edge)} ${text}`);
    patternView.create(body)({ title: text, tokens, pattern: values });
    return made;
  };
  const { src, dst } = detail;
  const unmoved = `A patched value leaves the attention of ${b} as it was: what it reads there is changed.`;
  const patterns = [
    ...(src ? [pattern(`${a} attends, ${written} run`, data[written], src.pattern[written])] : []),
    ...(dst ? [pattern(`${b} attends, before the patch`, read, dst.pattern[base])] : []),
    ...(dst && port !== "v" ? [pattern(`${b} attends, after the patch`, read, detail.patched)] : []),
    ...(dst && port === "v" ? [element("p", { class: "note" }, unmoved)] : []),
  ];
  const relative = detail.added.map((added, i) => added / (detail.length[i] || 1));
  const where = kind === "head" && port ? `the ${PORT_NAMES[port]} of ${b}` : `what ${kind === "logits" ? "the logits read" : `${label(edge.to)} reads`}`;
  const attributions = [
    ...(src?.attribution.clean.length ? [{ name: a, values: src.attribution.clean }] : []),
    ...(dst?.attribution.clean.length ? [{ name: b, values: dst.attribution.clean }] : []),
  ];
  return [
    ...(patterns.length ? [element("div", { class: "multiples" }, ...patterns)] : []),
    element(
      "div",
      { class: "multiples" },
      bars(`What the patch adds to ${where}, as a share of its length`, read, relative, false),
      positions,
      ...attributions.map(({ name, values }) =>
        bars(`Direct logit attribution of ${name}, clean run, by the token it reads`, clean, values, true),
      ),
    ),
    moved(detail, base),
  ];
}

function bars(text: string, tokens: Token[], values: number[], isSigned: boolean, least = 0): HTMLElement {
  const place = element("div");
  barsView.create(place)({ title: text, tokens, values, isSigned, least });
  return place;
}

/** What each position does by itself, and what they do not add up to. */
function byPosition(data: There): Node[] {
  const { value, metric, byPosition: effects } = data.detail;
  if (!effects) return [element("p", { class: "note" }, "Patching each position alone …")];
  const base = baseRun(data.table.direction);
  const { noise } = data;
  const larger = (effect: number) => (Math.abs(effect) < noise ? 0 : effect);
  const whole = larger(value - metric[base]);
  const sum = effects.reduce((total, effect) => total + larger(effect), 0);
  const left = whole - sum;
  const rest = Math.abs(left) < noise ? "They add up." : `The remainder of ${formatEffect(left)} is what positions do to each other.`;
  const remainder = `Together ${formatEffect(sum)}; the whole edge has ${formatEffect(whole)}. ${rest}`;
  return [
    bars("The effect of patching each position alone", data[base], effects, true, noise),
    element("p", { class: "note remainder" }, remainder),
  ];
}

function moved({ moved: tokens, tokens: texts }: EdgeDetail, base: "clean" | "corrupted"): HTMLElement {
  const head = ["Next token", "Probability", "Probability, patched", "Logit", "Logit, patched"];
  const rows = tokens.map(({ id, logit, probability }, i) => {
    const [before, after] = probability;
    const shares = [formatShare(before), formatShare(after)];
    const cells = [...shares, formatValue(logit[0]), formatValue(logit[1])];
    const way = shares[0] === shares[1] ? "" : after < before ? "down" : "up";
    return element(
      "tr",
      { class: way },
      element("th", { scope: "row", dir: "auto" }, texts[i] ? visible(texts[i].text) : `id ${id}`),
      ...cells.map((text) => element("td", { class: "number" }, text)),
    );
  });
  return element(
    "div",
    { class: "scrolls", tabindex: 0, role: "group", "aria-label": "The output’s most moved tokens" },
    element(
      "table",
      {},
      element("caption", {}, `The output’s tokens that the patch moves most, in the ${base} run and patched`),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows),
    ),
  );
}
