// The chosen edge: what it is and does, in a sentence, on a scale, and by what its head looks at and the output becomes.
//
// What the run knows is shown at once; what has to be asked of the model follows, and what was there before stays until
// then, marked as busy. Buttons stay the same elements while what they speak of changes, so that the focus stays on them.

import { type ChosenEdge, isSameChoice, toldOf, valueOf } from "../../core/chosen";
import { runsOf } from "../../core/direction";
import { looksOf } from "../../core/looks";
import { movedOf } from "../../core/moved";
import { edgeLabel, nodeName, nodeOf, PORT_NAMES, shortLabel } from "../../core/node";
import type { DetailData, DetailEvents } from "../../core/props";
import { sentenceOf, writtenOf } from "../../core/sentence";
import { baseOf, edgeAt, noiseOf, strongestOf } from "../../core/table";
import type { EdgeDetail, EdgeName } from "../../engine/types";
import { element } from "../../lib/dom";
import { formatEffect } from "../../lib/format";
import * as effectView from "./effect";
import * as looksView from "./looks";
import * as moreView from "./more";
import * as outputsView from "./outputs";
import * as sentenceView from "./sentence";
import * as stepsView from "./steps";

type Chosen = Exclude<DetailData, { state: "none" }>;

export function create(container: HTMLElement, events: DetailEvents): (data: DetailData) => void {
  const empty = element(
    "div",
    { class: "edge-empty" },
    element("h2", { class: "edge-title" }, "Which part talks to which?"),
    element(
      "p",
      { class: "edge-says" },
      "A run takes what one part writes in one of the two prompts, hands it to one reader in the other, and asks how far the answer moves. What the chosen edge does is told here.",
    ),
  );
  const title = element("h2", { class: "edge-title" });
  const mark = element("p", { class: "edge-mark" });
  const roles = element("p", { class: "edge-roles" });
  const says = element("p", { class: "edge-says", "aria-live": "polite", "aria-atomic": "true" });
  const effect = element("div");
  const evidence = evidenceView();
  const walk = walkView(events);
  const moreBody = element("div", { class: "edge-more" });
  const more = moreView.create(moreBody, events.onPair);
  const body = element("div", { class: "edge-body" });
  container.append(body, empty);
  const showSteps = stepsView.create(body, {
    onEdge: ({ from, to }) => events.onView({ from, to }),
    onShow: () => title.scrollIntoView({ block: "start" }),
  });
  body.append(element("div", { class: "edge-head" }, title, mark), roles, says, effect, evidence.element, element("div", { class: "edge-foot" }, more.button, ...walk.buttons), moreBody);
  /** What evidence and “More” show. */
  let shown: ChosenEdge | null = null;
  const showSentence = sentenceView.create(says);
  const showEffect = effectView.create(effect);

  return (data) => {
    empty.hidden = data.state !== "none";
    body.hidden = data.state === "none";
    if (data.state === "none") return;
    const detail = data.state === "there" ? data.detail : null;
    const told = toldOf(data, detail);
    const { edge, table } = data;
    entitle(title, edge);
    showRoles(roles, data);
    mark.textContent = markOf(data, detail);
    const change = told ? told.value - baseOf(table) : 0;
    const isStill = !told || Math.abs(change) < told.noise;
    showSteps({
      chosen: data,
      label: edgeLabel(edge),
      effect: told ? (isStill ? "0" : formatEffect(change, told.noise)) : "",
      way: isStill ? null : change < 0 ? "lowers" : "raises",
    });
    // Read aloud once all of it is there.
    says.setAttribute("aria-busy", String(data.state === "waiting"));
    showSentence(told ? sentenceOf(told) : ["Nothing is known of this edge yet."]);
    effect.hidden = !told;
    if (told) showEffect({ told, written: writtenOf(told) });
    walk.update(data);
    evidence.element.setAttribute("aria-busy", String(data.state === "waiting"));
    // What stands here may be of another edge, pair or run: it keeps its room and goes from sight.
    body.classList.toggle("of-another", data.state === "waiting" && !(shown && isSameChoice(shown, data)));
    if (data.state === "waiting") return;
    shown = data;
    evidence.update(data);
    more.update(data.state === "there" ? { chosen: data, detail: data.detail } : null);
  };
}

function entitle(title: HTMLElement, { from, to }: EdgeName): void {
  const { port } = nodeName(to);
  const ends = `${shortLabel(from)} → ${shortLabel(nodeOf(to))}`;
  title.replaceChildren(ends, ...(port ? [" ", element("small", {}, PORT_NAMES[port])] : []));
}

/** Says that the value is an estimate; or that it is exact here, while the picture still shows an estimate. */
function markOf(data: Chosen, detail: EdgeDetail | null): string {
  const [known, shown] = [edgeAt(data.table, data.edge), valueOf(data, detail)];
  if (!known || !shown || known.isExact) return "";
  return shown.isExact ? `exact here; the estimate was ${formatEffect(known.effect, noiseOf(data.table))}` : "estimate";
}

/** What both ends are known to be; nothing on prompts of which no source speaks. */
function showRoles(place: HTMLElement, { roles, edge: { from, to } }: Chosen): void {
  // Where some edges have roles all have the line, so that nothing moves.
  place.hidden = roles === null;
  if (!roles) return;
  const [sender, receiver] = [roles.of.get(from), roles.of.get(nodeOf(to))];
  const kind = (name: string) => ({ input: "token embedding", head: "head", mlp: "MLP", logits: "output" })[nodeName(name).kind];
  if (!sender && !receiver) {
    place.replaceChildren("\u00a0");
    return;
  }
  const ends = `${sender?.name ?? kind(from)} → ${receiver?.name ?? kind(to)} · `;
  place.replaceChildren(ends, element("a", { href: roles.source.url, target: "_blank", rel: "noopener" }, roles.source.text));
}

/** Where its head looks, and what changes at the output, on one pair. */
function evidenceView() {
  const note = element("p", { class: "note" });
  const [looksTitle, looksOn] = [element("h3"), element("span")];
  const looksPlace = element("div");
  const looks = element("section", { class: "edge-looks" }, looksTitle, looksPlace);
  const outputsTitle = element("h3", {}, "What changes at the output");
  const legend = element("span", { class: "edge-legend", "aria-hidden": "true" });
  const outputsPlace = element("div");
  const outputs = element("section", { class: "edge-outputs" }, outputsTitle, outputsPlace);
  const made = element("div", { class: "edge-evidence" }, note, looks, outputs);
  const showLooks = looksView.create(looksPlace);
  const showOutputs = outputsView.create(outputsPlace);

  const update = (data: Exclude<Chosen, { state: "waiting" }>) => {
    const { pairs, table } = data;
    note.textContent = { failed: data.state === "failed" ? data.message : "", alone: data.state === "alone" ? aloneWords(data.why) : "", there: "" }[data.state];
    note.hidden = data.state === "there";
    looks.hidden = outputs.hidden = data.state !== "there";
    if (data.state !== "there") return;
    const { detail } = data;
    const { base, other } = runsOf(table);
    const found = looksOf(data.edge, table, detail, pairs[data.pair]!, data.position);
    looksPlace.hidden = found === null;
    if (found) showLooks(found);
    looksOn.textContent = found ? found.about : "no head is on this path";
    looksTitle.replaceChildren(found ? found.title : "What the output reads", looksOn);
    legend.replaceChildren(
      ...[`before ${base}`, "after", `tick ${other}`].flatMap((kind) => [element("i", { class: `outputs-dot ${kind}` }), kind.startsWith("tick") ? other : kind.split(" ")[0]!]),
    );
    outputsTitle.replaceChildren("What changes at the output", legend);
    showOutputs({ rows: movedOf(data, detail), base, other });
  };
  return { element: made, update };
}

/** Why a result's model cannot be asked. */
const ALONE = {
  absent: "Its model is not loaded",
  "other-version": "It was made with another version of the model than the one that is loaded",
};
const aloneWords = (why: keyof typeof ALONE): string =>
  `${ALONE[why]}, so nothing more is known of this edge: where heads look and what changes at the output has to be asked of the model.`;

/** On to the strongest edge at either end. */
function walkView({ onView }: DetailEvents) {
  const into = element("button", { type: "button", class: "edge-link" });
  const from = element("button", { type: "button", class: "edge-link" });
  let shown: EdgeName | null = null;
  const isOff = (button: HTMLElement) => button.getAttribute("aria-disabled") === "true";
  // Each leads to the other end of a further edge, which is left to the result.
  into.addEventListener("click", () => {
    if (shown && !isOff(into)) onView({ to: shown.from, from: null });
  });
  from.addEventListener("click", () => {
    if (shown && !isOff(from)) onView({ from: nodeOf(shown.to), to: null });
  });
  const say = (button: HTMLElement, isKnown: boolean, end: string | null, words: string, unknown: string) => {
    // The embedding reads nothing, and the logits are the end. A button that the focus is on keeps it all the same.
    button.setAttribute("aria-disabled", String(end !== null || !isKnown));
    button.textContent = end ?? (isKnown ? words : unknown);
  };
  const update = ({ edge, table }: Chosen) => {
    shown = edge;
    const [a, b] = [shortLabel(edge.from), shortLabel(nodeOf(edge.to))];
    const noise = noiseOf(table);
    const isThere = (fits: { from?: string; to?: string }) => {
      const best = strongestOf(table, fits);
      return best !== null && Math.abs(best.effect) >= noise;
    };
    const start = edge.from === "input" ? "Nothing is written into the input" : null;
    say(into, start === null && isThere({ to: edge.from }), start, `What is written into ${a}`, `Nothing known is written into ${a}`);
    const end = edge.to === "logits" ? "Nothing reads the output" : null;
    say(from, end === null && isThere({ from: nodeOf(edge.to) }), end, `What ${b} writes`, `Nothing known reads what ${b} writes`);
  };
  return { buttons: [into, from], update };
}
