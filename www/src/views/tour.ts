// A walk through the bundled model's circuit, a step at a time. Its card keeps to an edge of the window, so that
// nothing moves when it comes or goes; the page scrolls only when a step is asked for.

import { element } from "../lib/dom";

export interface Step {
  title: string;
  text: string;
  /** What to look at. */
  at: string;
  /** Done when the step is reached. */
  onShow?: () => void;
}

/** Show the steps from the first; `onEnd` once the reader has left. */
export function start(container: HTMLElement, steps: [Step, ...Step[]], onEnd: () => void): void {
  let now = 0;
  const title = element("h2");
  const text = element("p");
  const count = element("span", { class: "note" });
  const back = element("button", { type: "button" }, "Back");
  const next = element("button", { type: "button", class: "primary" }, "Next");
  const leave = element("button", { type: "button" }, "Leave the tour");
  const words = element("div", { "aria-live": "polite" }, title, text);
  const tour = element("section", { class: "tour", "aria-label": "Tour" }, words, element("div", { class: "tools" }, back, next, leave, count));
  container.replaceChildren(tour);

  const unlight = () => {
    for (const lit of document.querySelectorAll(".toured")) lit.classList.remove("toured");
  };
  const end = () => {
    unlight();
    container.replaceChildren();
    document.getElementById("show-around")?.focus({ preventScroll: true });
    onEnd();
  };
  const show = () => {
    const step = steps[now] ?? steps[0];
    unlight();
    title.textContent = step.title;
    text.textContent = step.text;
    count.textContent = `${now + 1} of ${steps.length}`;
    back.disabled = now === 0;
    next.textContent = now === steps.length - 1 ? "Done" : "Next";
    step.onShow?.();
    const at = document.querySelector(step.at);
    at?.classList.add("toured");
    return at;
  };
  // Smooth or not, as the reader's system asks: the style sheet says.
  const go = () => show()?.scrollIntoView({ block: "start" });
  back.addEventListener("click", () => {
    now -= 1;
    go();
  });
  next.addEventListener("click", () => {
    now += 1;
    if (now === steps.length) end();
    else go();
  });
  leave.addEventListener("click", end);
  show();
}
