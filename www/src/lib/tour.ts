// The walk through the bundled model's induction circuit, and whether this browser has seen it.

import type { Step } from "../views/tour";
import type { View } from "./settings";

const KEY = "pathpatch-tour-seen";

export function hasSeenTour(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}

export function tourIsSeen(): void {
  try {
    localStorage.setItem(KEY, "1");
  } catch {
    // A browser that keeps nothing shows the tour again.
  }
}

/** The steps; each looks at what it speaks of. */
export function bundledTour(look: (change: Partial<View>) => void): [Step, ...Step[]] {
  return [
    {
      title: "A list that repeats",
      text: "The clean prompt says “fox lamp … fox”: a model that has learnt induction says “lamp” next. In the corrupted prompt the first “fox” is a “dragon”, and there is nothing to repeat.",
      at: "#prompts",
    },
    {
      title: "A head that looks one token back",
      text: "Head 0.3 writes onto each token what stood before it. The grids show where that is read: the second one, by the keys of the heads of layer 1. Blue cells bring the clean answer back.",
      at: ".grids.from",
      onShow: () => look({ from: "a0.h3", to: null, port: "k", node: null }),
    },
    {
      title: "The circuit",
      text: "The strongest edges of all, every part in its place: 0.3 feeds the keys of the heads above it. Point at a part to see its edges alone, at a line to find it in the grids and in the table; the slider shows more.",
      at: ".circuit-part",
    },
    {
      title: "Why it works",
      text: "In detail: 0.3 attends to the token before. Before the patch the head above it does not find the token after “fox”; after the patch it attends there, and the probability of “lamp” rises.",
      at: "#detail",
    },
    {
      title: "Your turn",
      text: "Change the prompts, choose another head, take the figure along, or load GPT-2 itself: it is kept in this browser after the first download.",
      at: "#models",
    },
  ];
}
