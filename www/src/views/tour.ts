// A walk through a run. A callout stands beside what it speaks of and follows it; on a narrow screen it is a sheet at the
// foot, and what it speaks of is scrolled into view above it. Nothing behind it is blocked.

import type { EdgeName } from "../engine/types";
import { element, ONE_COLUMN } from "../lib/dom";
import type { Line, Part } from "../story/part";
import type { Target } from "../story/scene";
import { type Box, place, scrollFor, type Side } from "./tour/place";
import { boxAround, drawnOf, find, seenInWindow, seenOf } from "./tour/spot";

export interface TourData {
  /** From 0. */
  step: number;
  steps: number;
  title: string;
  lines: readonly Line[];
  at: Target;
  /** The edge that it tells of, which stays in sight. */
  edge: EdgeName | null;
}

export interface TourEvents {
  /** Another step; null once the reader has left. */
  onStep: (step: number | null) => void;
}

/** Sides to stand on, the best first: below what is read, and over the picture beside a part of it. */
const ABOUT_A_LINE: readonly Side[] = ["below", "right", "left", "above"];
const ABOUT_A_PLACE: readonly Side[] = ["left", "right", "below", "above"];
/** Between a target and its outline, at its sides and above and below: a word that slants reaches out of its column. */
const AROUND = { across: 7, down: 3 };
/** What is out of sight of a part by less is no reason to scroll. */
const LEAST_SCROLL = 8;

export function create(container: HTMLElement, { onStep }: TourEvents): (data: TourData | null) => void {
  const title = element("h2", { id: "tour-title", tabindex: -1 });
  const count = element("p", { class: "count" });
  const said = element("div", { class: "said", "aria-live": "polite" });
  const back = element("button", { type: "button" }, "Back");
  const next = element("button", { type: "button", class: "primary" }, "Next");
  const close = element("button", { type: "button", class: "close", "aria-label": "Close the tour" }, "✕");
  const callout = element(
    "section",
    { class: "callout", role: "dialog", "aria-modal": "false", "aria-labelledby": "tour-title" },
    element("div", { class: "head" }, count, close),
    title,
    said,
    element("div", { class: "walk" }, back, next),
  );
  const light = element("div", { class: "spotlight", "aria-hidden": "true" });

  let shown: TourData | null = null;
  let cameFrom: Element | null = null;
  let isToReveal = false;
  let frame = 0;

  const move = (by: number) => {
    if (!shown || shown.step + by < 0) return;
    onStep(shown.step + by < shown.steps ? shown.step + by : null);
  };
  back.addEventListener("click", () => move(-1));
  next.addEventListener("click", () => move(1));
  close.addEventListener("click", () => onStep(null));
  callout.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") move(1);
    else if (event.key === "ArrowLeft") move(-1);
    else if (event.key === "Escape") onStep(null);
    else return;
    event.preventDefault();
  });

  /** Keep beside the target: it moves with scrolling, with the window, and when values come. */
  const follow = () => {
    frame = requestAnimationFrame(follow);
    const targets = shown ? find(shown.at) : [];
    const box = boxAround(targets);
    const isNarrow = matchMedia(ONE_COLUMN).matches;
    if (box && isToReveal) {
      isToReveal = false;
      reveal(targets, isNarrow ? callout : null);
    }
    setBox(light, box && { left: box.left - AROUND.across, top: box.top - AROUND.down, width: box.width + 2 * AROUND.across, height: box.height + 2 * AROUND.down });
    callout.classList.toggle("sheet", isNarrow);
    if (isNarrow) {
      callout.style.translate = "";
      delete callout.dataset.side;
      return;
    }
    const window = { width: innerWidth, height: innerHeight };
    const size = { width: callout.offsetWidth, height: callout.offsetHeight };
    const sides = shown?.at === "question" ? ABOUT_A_LINE : ABOUT_A_PLACE;
    const kept = shown?.edge ? drawnOf(shown.edge).map(seenOf) : [];
    const at = place(box ?? { left: window.width, top: window.height, width: 0, height: 0 }, size, window, sides, kept);
    callout.style.translate = `${Math.round(at.left)}px ${Math.round(at.top)}px`;
    callout.style.setProperty("--pointer", `${Math.round(at.pointer)}px`);
    callout.dataset.side = (box && at.side) || "none";
  };

  const open = () => {
    cameFrom = document.activeElement;
    container.replaceChildren(light, callout);
    document.documentElement.dataset.tour = "";
    frame = requestAnimationFrame(follow);
  };
  const leave = () => {
    cancelAnimationFrame(frame);
    container.replaceChildren();
    delete document.documentElement.dataset.tour;
    const isThere = cameFrom instanceof HTMLElement && cameFrom !== document.body && cameFrom.checkVisibility();
    const to = isThere ? (cameFrom as HTMLElement) : document.getElementById("picture");
    to?.focus({ preventScroll: true });
  };

  return (data) => {
    const before = shown;
    shown = data;
    if (!data) {
      if (before) leave();
      return;
    }
    if (!before) open();
    count.textContent = `Step ${data.step + 1} of ${data.steps}`;
    if (title.textContent !== data.title) title.textContent = data.title;
    // A live region says what is put into it, and not again what stays.
    if (JSON.stringify(before?.lines) !== JSON.stringify(data.lines)) said.replaceChildren(...data.lines.map(paragraph));
    back.disabled = data.step === 0;
    next.textContent = data.step === data.steps - 1 ? "Done" : "Next";
    if (before?.step !== data.step) {
      isToReveal = true;
      callout.scrollTop = 0;
      title.focus({ preventScroll: true });
    }
  };
}

const paragraph = (line: Line): HTMLElement => element("p", {}, ...line.map(piece));

function piece(part: Part): Node | string {
  if (typeof part === "string") return part;
  return "word" in part ? element("em", {}, part.word) : element("strong", {}, part.strong);
}

function setBox(of: HTMLElement, box: Box | null): void {
  of.hidden = box === null;
  if (!box) return;
  of.style.translate = `${Math.round(box.left)}px ${Math.round(box.top)}px`;
  of.style.width = `${Math.round(box.width)}px`;
  of.style.height = `${Math.round(box.height)}px`;
}

/** Scroll what is spoken of into view: into the room above the sheet, where there is one. */
function reveal(targets: readonly Element[], sheet: HTMLElement | null): void {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  const isCut = (target: Element) => {
    const all = target.getBoundingClientRect();
    // A narrow page is scrolled below, into the room that the sheet leaves.
    const seen = sheet ? seenOf(target) : seenInWindow(target);
    return Math.max(all.width - seen.width, all.height - seen.height) > LEAST_SCROLL;
  };
  for (const target of targets.filter(isCut)) target.scrollIntoView({ block: "nearest", inline: "nearest", behavior: sheet ? "instant" : behavior });
  const box = sheet && boxAround(targets);
  if (box) scrollBy({ top: scrollFor(box, innerHeight - sheet.offsetHeight), behavior });
}
