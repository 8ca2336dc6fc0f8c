// One edge in detail: what the two heads look at, what the patch adds where, and what becomes of the output.

import type { EdgeDetail, Token } from "../engine/types";
import { element } from "../lib/dom";
import { COMPONENT_NAMES, formatEffect, formatEdge, formatHead, formatShare, formatValue } from "../lib/format";
import type { EdgeId, Head } from "../lib/result";
import { visible } from "../lib/tokens";
import * as barsView from "./bars";
import { figure } from "./figure";
import * as patternView from "./pattern";

export type DetailData =
  | { state: "none" }
  | { state: "waiting"; edge: EdgeId }
  | { state: "failed"; edge: EdgeId; message: string }
  | { state: "there"; edge: EdgeId; detail: EdgeDetail; clean: Token[]; corrupted: Token[]; pairs: number; pair: number };

export interface DetailEvents {
  /** Look at what a head writes, or at what is written into it. */
  onHead: (head: Head, role: "src" | "dst") => void;
  onPair: (pair: number) => void;
}

export function create(container: HTMLElement, events: DetailEvents): (data: DetailData) => void {
  const note = element("p", { class: "note", role: "status" });
  const body = element("div", { class: "detail" });
  container.append(note, body);
  return (data) => {
    note.textContent = {
      none: "Choose a cell, a line of the circuit or a row of the table.",
      waiting: "Looking …",
      failed: data.state === "failed" ? data.message : "",
      there: "",
    }[data.state];
    note.hidden = note.textContent === "";
    body.toggleAttribute("data-stale", data.state === "waiting");
    if (data.state === "waiting") return;
    body.replaceChildren(...(data.state === "there" ? parts(data, events) : []));
  };
}

type There = Extract<DetailData, { state: "there" }>;

function parts(data: There, events: DetailEvents): Node[] {
  const { edge, detail, clean, corrupted } = data;
  const { src, dst, component } = edge;
  const [a, b] = [formatHead(src), formatHead(dst)];
  const name = COMPONENT_NAMES[component];
  const walk = element("div", { class: "tools" });
  for (const [head, role, text] of [
    [src, "dst", `What is written into ${a}`],
    [dst, "src", `What ${b} writes`],
  ] as const) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => events.onHead(head, role));
    walk.append(button);
  }
  if (data.pairs > 1) walk.append(pairChoice(data, events));

  const change = detail.value - detail.metric.corrupted;
  const sentence = element("p", {}, `Metric: corrupted ${formatValue(detail.metric.corrupted)}, patched ${formatValue(detail.value)} (${formatEffect(change)}), clean ${formatValue(detail.metric.clean)}.`);
  const pattern = (title: string, tokens: Token[], values: ArrayLike<number>) => {
    const { element: made, body } = figure(title);
    patternView.create(body)({ title, tokens, pattern: values });
    return made;
  };
  const bars = (title: string, tokens: Token[], values: number[], isSigned: boolean) => {
    const place = element("div");
    barsView.create(place)({ title, tokens, values, isSigned });
    return place;
  };
  const relative = detail.added.map((added, i) => added / (detail.length[i] || 1));
  const isMoved = component !== "v";
  const attributions = detail.src.attribution.clean.length
    ? [
        bars(`Direct logit attribution of ${a}, clean run, by the token it reads`, clean, detail.src.attribution.clean, true),
        bars(`Direct logit attribution of ${b}, clean run, by the token it reads`, clean, detail.dst.attribution.clean, true),
      ]
    : [];
  return [
    element("h3", {}, formatEdge(edge)),
    sentence,
    walk,
    element(
      "div",
      { class: "multiples" },
      pattern(`${a} attends, clean run`, clean, detail.src.pattern.clean),
      pattern(`${b} attends, before the patch`, corrupted, detail.dst.pattern.corrupted),
      isMoved
        ? pattern(`${b} attends, after the patch`, corrupted, detail.patched)
        : element("p", { class: "note" }, `A patched value leaves the attention of ${b} as it was: what it reads there is changed.`),
    ),
    element(
      "div",
      { class: "multiples" },
      bars(`What the patch adds to the ${name} of ${b}, as a share of its length`, corrupted, relative, false),
      ...attributions,
    ),
    moved(detail),
  ];
}

function pairChoice({ pairs, pair }: There, events: DetailEvents): HTMLElement {
  const select = element("select", { "aria-label": "Prompt pair" });
  select.append(...Array.from({ length: pairs }, (_, i) => element("option", { value: i }, `pair ${i + 1}`)));
  select.value = String(pair);
  select.addEventListener("change", () => events.onPair(Number(select.value)));
  return element("label", {}, "Looked at on ", select);
}

function moved({ moved: tokens, tokens: texts }: EdgeDetail): HTMLElement {
  const head = ["Next token", "Probability", "patched", "Logit", "patched"];
  const rows = tokens.map(({ id, logit, probability }, i) => {
    const [before, after] = probability;
    const cells = [formatShare(before), formatShare(after), formatValue(logit[0]), formatValue(logit[1])];
    return element(
      "tr",
      { class: after < before ? "down" : "up" },
      element("th", { scope: "row" }, texts[i] ? visible(texts[i].text) : `id ${id}`),
      ...cells.map((text) => element("td", { class: "number" }, text)),
    );
  });
  return element(
    "div",
    { class: "scrolls", tabindex: 0, role: "group", "aria-label": "The output’s most moved tokens" },
    element(
      "table",
      {},
      element("caption", {}, "The output’s tokens that the patch moves most, in the corrupted run and patched"),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows),
    ),
  );
}
