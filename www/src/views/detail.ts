// One edge in detail: what the two heads look at, what the patch adds where, and what becomes of the output.
//
// Buttons and choices stay the same elements while what they speak of changes, so that the focus stays on them.

import type { HeadEdgeDetail, Token } from "../engine/types";
import { headName } from "../core/node";
import type * as props from "../core/props";
import { element } from "../lib/dom";
import { COMPONENT_NAMES, formatEdge, formatEffect, formatHead, formatShare, formatValue } from "../lib/format";
import type { EdgeId, Head } from "../lib/result";
import { visible } from "../lib/tokens";
import * as barsView from "./bars";
import { figure } from "./figure";
import { edgeId } from "./heads";
import * as patternView from "./pattern";

type DetailData =
  | { state: "none" }
  | { state: "waiting"; edge: EdgeId }
  | { state: "failed"; edge: EdgeId; message: string }
  | { state: "there"; edge: EdgeId; detail: HeadEdgeDetail; clean: Token[]; corrupted: Token[]; pairs: number; pair: number };

interface DetailEvents {
  /** Look at what a head writes, or at what is written into it. */
  onHead: (head: Head, role: "src" | "dst") => void;
  onPair: (pair: number) => void;
}

/** An edge between heads; of any other there is nothing to show. */
export function create(container: HTMLElement, { onView, onPair }: props.DetailEvents): (data: props.DetailData) => void {
  const onHead = (head: Head, role: "src" | "dst") => {
    const node = headName(head.layer, head.head);
    onView(role === "src" ? { from: node, to: null } : { from: null, to: node });
  };
  const show = createHeads(container, { onHead, onPair });
  return (data) => {
    const edge = data.state === "none" ? null : edgeId(data.edge);
    if (!edge || data.state === "none") show({ state: "none" });
    else if (data.state !== "there") show({ ...data, edge });
    else if (data.detail.src && data.detail.dst) show({ ...data, edge, detail: { ...data.detail, src: data.detail.src, dst: data.detail.dst } });
  };
}

function createHeads(container: HTMLElement, events: DetailEvents): (data: DetailData) => void {
  const note = element("p", { class: "note", role: "status" });
  const title = element("h3");
  const sentence = element("p");
  const into = element("button", { type: "button" });
  const from = element("button", { type: "button" });
  const pair = element("select");
  const pairs = element("label", {}, "Prompt pair ", pair);
  const rest = element("div");
  const body = element("div", { class: "detail" }, title, sentence, element("div", { class: "tools" }, into, from, pairs), rest);
  container.append(note, body);

  let shown: EdgeId | undefined;
  into.addEventListener("click", () => shown && events.onHead(shown.src, "dst"));
  from.addEventListener("click", () => shown && events.onHead(shown.dst, "src"));
  pair.addEventListener("change", () => events.onPair(Number(pair.value)));

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
    body.hidden = data.state !== "there";
    if (data.state !== "there") return;
    const { edge, detail } = data;
    shown = edge;
    title.textContent = formatEdge(edge);
    const change = detail.value - detail.metric.corrupted;
    sentence.textContent = `Metric: corrupted ${formatValue(detail.metric.corrupted)}, patched ${formatValue(detail.value)} (${formatEffect(change)}), clean ${formatValue(detail.metric.clean)}.`;
    into.textContent = `What is written into ${formatHead(edge.src)}`;
    // Nothing is written into the first layer's heads by others.
    into.disabled = edge.src.layer === 0;
    from.textContent = `What ${formatHead(edge.dst)} writes`;
    pairs.hidden = data.pairs === 1;
    if (pair.length !== data.pairs) {
      pair.replaceChildren(...Array.from({ length: data.pairs }, (_, i) => element("option", { value: i }, `pair ${i + 1}`)));
    }
    pair.value = String(data.pair);
    rest.replaceChildren(...drawings(data));
  };
}

type There = Extract<DetailData, { state: "there" }>;

function drawings({ edge, detail, clean, corrupted }: There): Node[] {
  const { src, dst, component } = edge;
  const [a, b] = [formatHead(src), formatHead(dst)];
  const name = COMPONENT_NAMES[component];
  const pattern = (title: string, tokens: Token[], values: ArrayLike<number>) => {
    const { element: made, body } = figure(title, () => `${formatEdge(edge)} ${title}`);
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

function moved({ moved: tokens, tokens: texts }: HeadEdgeDetail): HTMLElement {
  const head = ["Next token", "Probability", "Probability, patched", "Logit", "Logit, patched"];
  const rows = tokens.map(({ id, logit, probability }, i) => {
    const [before, after] = probability;
    const cells = [formatShare(before), formatShare(after), formatValue(logit[0]), formatValue(logit[1])];
    return element(
      "tr",
      { class: after < before ? "down" : "up" },
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
      element("caption", {}, "The output’s tokens that the patch moves most, in the corrupted run and patched"),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows),
    ),
  );
}
