// What both runs say next: their likeliest tokens as bars. A press on one makes it the answer, or the distractor.

import type { Both, PairPredictions, Prediction } from "../engine/types";
import { element } from "../lib/dom";
import { likelihood, sayOf } from "../lib/said";
import { visible } from "../lib/tokens";
import * as popup from "./question/popup";

export interface SaysData {
  /** Of the pair that is looked at; null where there is none yet. */
  predictions: PairPredictions | null;
  /** Whether the form asks something else by now. */
  isOld: boolean;
  /** What is told in its place where it is not there, and not about to come. */
  unsaid: string | null;
  /** Whether the metric takes sets of tokens. */
  takesSets: boolean;
}

export interface SaysEvents {
  /** A token takes the place of the answer, or of the distractor; or joins them. */
  onAnswer: (field: "answer" | "distractor", text: string, isMore: boolean) => void;
}

type Side = keyof Both<unknown>;
const SIDES: Side[] = ["clean", "corrupted"];
/** Rows that have their room before anything is known. */
const ROWS = 5;

export function create(container: HTMLElement, events: SaysEvents): (data: SaysData) => void {
  const fold = element("button", { type: "button", class: "fold-says", "aria-expanded": "false", "aria-controls": "says-lists" });
  const lists = { clean: element("ol"), corrupted: element("ol") };
  const rest = { clean: element("p", { class: "rest" }), corrupted: element("p", { class: "rest" }) };
  const columns = SIDES.map((side) =>
    element("div", {}, element("h2", { id: `says-${side}` }, element("span", { class: `tag ${side}` }, side), " says next"), lists[side], rest[side]),
  );
  const body = element("div", { id: "says-lists", class: "says-lists" }, ...columns);
  for (const side of SIDES) lists[side].setAttribute("aria-labelledby", `says-${side}`);
  const instead = element("p", { class: "note" });
  container.append(fold, body, instead);
  fold.addEventListener("click", () => {
    const isOpen = container.classList.toggle("open");
    fold.setAttribute("aria-expanded", String(isOpen));
  });

  let shown: SaysData | undefined;
  const buttons = () => [...body.querySelectorAll<HTMLButtonElement>("button")];
  const stopAt = (chosen: HTMLButtonElement) => {
    for (const button of buttons()) button.tabIndex = button === chosen ? 0 : -1;
  };
  // One stop of the Tab key: down and up within a list, to the side from one to the other.
  body.addEventListener("keydown", (event) => {
    const button = event.target as HTMLButtonElement;
    const { side, row } = button.dataset;
    if (side === undefined) return;
    const at = Number(row);
    const within = (name: string | undefined, to: number) =>
      buttons().find((other) => other.dataset.side === name && Number(other.dataset.row) === to);
    const other = side === "clean" ? "corrupted" : "clean";
    const ways: Record<string, [string, number]> = { ArrowDown: [side, at + 1], ArrowUp: [side, at - 1], ArrowLeft: [other, at], ArrowRight: [other, at] };
    const way = ways[event.key];
    const next = way && within(...way);
    if (!next) return;
    event.preventDefault();
    stopAt(next);
    next.focus();
  });
  body.addEventListener("click", ({ target }) => {
    const button = (target as HTMLElement).closest<HTMLButtonElement>("button");
    if (!button) return;
    stopAt(button);
    offer(button);
  });

  /** What can be made of a token. */
  function offer(button: HTMLButtonElement): void {
    const of = shown?.predictions;
    const side = button.dataset.side as Side;
    const token = of && [...of.top[side], ...of.answers[side], ...of.distractors[side]].find(({ id }) => id === Number(button.dataset.id));
    if (!token) return;
    const name = `“${visible(token.text)}”`;
    const item = (words: string, field: "answer" | "distractor", isMore: boolean): popup.Item => ({ name: words, act: () => events.onAnswer(field, token.text, isMore) });
    const more = shown?.takesSets ? [item("Add it to the answers", "answer", true), item("Add it to the distractors", "distractor", true)] : [];
    const items = [item("Make it the answer", "answer", false), item("Make it the distractor", "distractor", false), ...more];
    // A bar in an answer stands between the tokens of a set.
    const isText = token.text !== "" && !/[\ufffd|]/.test(token.text);
    popup.open(button, name, [isText ? { heading: name, items } : { heading: name, items: [], none: "It is no text that an answer can be written in." }]);
  }

  return (data) => {
    shown = data;
    const { predictions, isOld, unsaid } = data;
    instead.hidden = unsaid === null;
    instead.textContent = unsaid;
    fold.hidden = body.hidden = unsaid !== null;
    container.classList.toggle("old", isOld);
    const focused = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("#says-lists button")?.dataset;
    for (const side of SIDES) {
      const top = (predictions?.top[side] ?? []).slice(0, ROWS);
      const asked = { answers: predictions?.answers[side] ?? [], distractors: predictions?.distractors[side] ?? [] };
      const rows = top.map((token, i) => row(token, side, i, asked));
      while (rows.length < ROWS) rows.push(element("li", { class: "none", "aria-hidden": "true" }, "–"));
      lists[side].replaceChildren(...rows);
      rest[side].replaceChildren(...elsewhere(top, asked, side));
    }
    const best = (side: Side) => predictions?.top[side][0];
    const [ours, theirs] = [best("clean"), best("corrupted")];
    fold.replaceChildren(
      "Says next: ",
      ...(ours && theirs
        ? [element("b", {}, sayOf(ours)), ` ${likelihood(ours.probability)} clean, `, element("b", {}, sayOf(theirs)), ` ${likelihood(theirs.probability)} corrupted`]
        : ["–"]),
    );
    const all = buttons();
    const stays = focused && all.find(({ dataset }) => dataset.side === focused.side && dataset.row === focused.row);
    const stop = stays ?? all[0];
    if (stop) stopAt(stop);
    stays?.focus();
  };
}

interface Asked {
  answers: Prediction[];
  distractors: Prediction[];
}

/** What a token is to the metric. */
function partOf(id: number, { answers, distractors }: Asked): "answer" | "distractor" | null {
  if (answers.some((token) => token.id === id)) return "answer";
  return distractors.some((token) => token.id === id) ? "distractor" : null;
}

function row(token: Prediction, side: Side, i: number, asked: Asked): HTMLElement {
  const share = likelihood(token.probability);
  const part = partOf(token.id, asked);
  const label = `${sayOf(token)}, ${share}${part ? `, the ${part}` : ""}`;
  const bar = element("span", { class: `meter ${side}` });
  bar.style.setProperty("--share", String(token.probability));
  const name = element("span", { class: "name", dir: "auto" }, sayOf(token));
  const button = element(
    "button",
    { type: "button", tabindex: -1, "aria-haspopup": "menu", "aria-label": label, title: `${visible(token.text)}, id ${token.id}`, "data-side": side, "data-row": i, "data-id": token.id },
    name,
    element("span", { class: "track" }, bar),
    element("span", { class: "share" }, share),
  );
  button.classList.toggle("part", part !== null);
  return element("li", {}, button);
}

/** Answer and distractor where they are not among the likeliest; of a set, the share of all. */
function elsewhere(top: readonly Prediction[], { answers, distractors }: Asked, side: Side): HTMLElement[] {
  const said = (tokens: readonly Prediction[], name: string): HTMLElement[] => {
    const [only] = tokens;
    if (!only) return [];
    if (tokens.length > 1) {
      const all = tokens.reduce((sum, { probability }) => sum + probability, 0);
      return [element("span", {}, element("b", {}, `${tokens.length} ${name}s`), ` ${likelihood(all)}`)];
    }
    if (top.some(({ id }) => id === only.id)) return [];
    const label = `${sayOf(only)}, ${likelihood(only.probability)}, the ${name}, less likely than those above`;
    const words = [element("b", {}, sayOf(only)), ` ${likelihood(only.probability)}`];
    return [element("button", { type: "button", tabindex: -1, "aria-haspopup": "menu", "aria-label": label, title: label, "data-side": side, "data-row": 5 + Number(name === "distractor"), "data-id": only.id }, ...words)];
  };
  return [...said(answers, "answer"), ...said(distractors, "distractor")];
}
