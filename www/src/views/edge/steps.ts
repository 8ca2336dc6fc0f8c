// Steppers through the edges by their strength. On a narrow page they are a bar at the foot of the window, with the edge
// and its effect between them.

import type { EdgeName } from "../../engine/types";
import type { ChosenEdge } from "../../core/chosen";
import { stepFrom } from "../../core/chosen";
import { element } from "../../lib/dom";
import { formatCount } from "../../lib/format";

export interface StepsData {
  chosen: Pick<ChosenEdge, "table" | "rank">;
  label: string;
  effect: string;
  /** Null where nothing moves. */
  way: "raises" | "lowers" | null;
}

export interface StepsEvents {
  onEdge: (edge: EdgeName) => void;
  /** Bring the explanation into sight. */
  onShow: () => void;
}

export function create(container: HTMLElement, { onEdge, onShow }: StepsEvents): (data: StepsData) => void {
  const stronger = element("button", { type: "button", "aria-label": "Next stronger edge" }, "‹");
  const weaker = element("button", { type: "button", "aria-label": "Next weaker edge" }, "›");
  const name = element("b");
  const size = element("b", { class: "edge-steps-size" });
  const show = element("button", { type: "button", class: "edge-steps-show" }, name, size);
  const rank = element("span", { class: "rank" });
  container.append(element("div", { class: "edge-steps", role: "group", "aria-label": "Edges by strength" }, stronger, show, weaker, rank));
  let chosen: StepsData["chosen"] | undefined;
  const step = (by: 1 | -1) => {
    const next = chosen && stepFrom(chosen, by);
    if (next) onEdge(next);
  };
  stronger.addEventListener("click", () => step(-1));
  weaker.addEventListener("click", () => step(1));
  show.addEventListener("click", onShow);
  return (data) => {
    ({ chosen } = data);
    name.textContent = data.label;
    size.textContent = data.effect;
    size.className = `edge-steps-size ${data.way ?? ""}`;
    rank.textContent = rankWords(data.chosen.rank);
    // They keep the focus at the ends.
    stronger.setAttribute("aria-disabled", String(stepFrom(data.chosen, -1) === null));
    weaker.setAttribute("aria-disabled", String(stepFrom(data.chosen, 1) === null));
  };
}

function rankWords(rank: ChosenEdge["rank"]): string {
  if (!rank) return "Nothing is known of it yet";
  const at = formatCount(rank.at);
  return rank.at <= rank.of ? `${at} of ${formatCount(rank.of)} shown, by strength` : `number ${at} by strength, weaker than those shown`;
}
