// What changes at the output: tokens whose probability moves, and those that are asked for, before, after and in the other
// run.

import { LEAST_MOVED, type OutputRow } from "../../core/moved";
import { percent, percents } from "../../core/percent";
import { element } from "../../lib/dom";

export interface OutputsData {
  rows: OutputRow[];
  base: "clean" | "corrupted";
  other: "clean" | "corrupted";
}

/** Ends of the scale that read well. */
const ENDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

export function create(container: HTMLElement): (data: OutputsData) => void {
  const body = element("tbody");
  const head = element("tr");
  const columns = element("colgroup", {}, ...["token", "track", "shares"].map((name) => element("col", { class: `outputs-${name}` })));
  const still = element("p", { class: "note" }, "No token’s probability moves by a tenth of a point.");
  const scale = element("span", { class: "outputs-end", "aria-hidden": "true" });
  container.append(element("table", { class: "outputs" }, columns, element("thead", { class: "unseen" }, head), body), scale, still);
  return ({ rows, base, other }) => {
    const most = Math.max(0, ...rows.flatMap(({ before, after, other: third }) => [before, after, third ?? 0]));
    const end = ENDS.find((each) => most <= each) ?? 1;
    const th = (text: string) => element("th", { scope: "col" }, text);
    head.replaceChildren(th("Next token"), element("td"), th(`Probability in the ${base} run → with the patch`));
    body.replaceChildren(
      ...rows.map((row) => {
        const { text, isAsked, before, after, other: third } = row;
        const x = (share: number) => `${(100 * share) / end}%`;
        const link = element("i", { class: "outputs-link" });
        link.style.left = x(Math.min(before, after));
        link.style.width = x(Math.abs(after - before));
        const dots = [
          ...(third === null ? [] : [dot(`tick ${other}`, x(third))]),
          link,
          dot(`before ${base}`, x(before)),
          dot("after", x(after)),
        ];
        return element(
          "tr",
          {},
          element("th", { scope: "row", class: isAsked ? "strong" : "", dir: "auto" }, text),
          element("td", { "aria-hidden": "true", class: "outputs-line" }, element("div", {}, ...dots)),
          element("td", { class: "number" }, ...sharesOf(row), element("span", { class: "unseen" }, third === null ? "" : `, ${percent(third)} in the ${other} run`)),
        );
      }),
    );
    scale.textContent = rows.length > 0 && end < 1 ? `to ${percent(end)}` : "";
    still.hidden = rows.some(({ before, after, within }) => Math.abs(after - before) >= LEAST_MOVED || (within ?? 0) >= LEAST_MOVED);
  };
}

/** `98% → 82%`, or how far it may have moved where that alone is known. */
function sharesOf({ before, after, within }: OutputRow): (Node | string)[] {
  const [a, b] = percents(before, after);
  if (within !== null && within >= LEAST_MOVED) return within > before ? ["stays below ", element("b", {}, percent(before + within))] : [element("b", {}, a), ` ± ${percent(within)}`];
  return a === b || Math.abs(after - before) < LEAST_MOVED ? ["stays at ", element("b", {}, a)] : [`${a} → `, element("b", {}, b)];
}

function dot(kind: string, left: string): HTMLElement {
  const made = element("i", { class: `outputs-dot ${kind}` });
  made.style.left = left;
  return made;
}
