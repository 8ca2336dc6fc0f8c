// A number for each token, as bars beside them: left of the middle where negative.

import { wordAt } from "../../core/words";
import type { Token } from "../../engine/types";
import { element } from "../../lib/dom";

export interface BarsData {
  /** What the numbers are. */
  title: string;
  tokens: readonly Token[];
  values: readonly number[];
  /** Whether there can be negative ones. */
  isSigned: boolean;
  /** Values smaller than this are rounding. */
  least: number;
  format: (value: number) => string;
}

/** A share of the largest below which float32 sums are not told from 0. */
const ROUNDING = 1e-6;
/** Rows that are all shown; of more, those with the largest values. */
const MOST_ROWS = 24;

export function create(container: HTMLElement): (data: BarsData) => void {
  const caption = element("caption");
  const body = element("tbody");
  const left = element("p", { class: "note" });
  container.append(element("table", { class: "bars" }, caption, body), left);
  return ({ title, tokens, values, isSigned, least, format }) => {
    caption.textContent = title;
    const reach = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
    // Beside the others, or beside what is measured, it is rounding.
    const told = values.map((value) => (Math.abs(value) < Math.max(least, reach * ROUNDING) ? 0 : value));
    const bySize = told.map((_, i) => i).sort((a, b) => Math.abs(told[b]!) - Math.abs(told[a]!));
    const kept = bySize.slice(0, MOST_ROWS).sort((a, b) => a - b);
    body.replaceChildren(
      ...kept.map((i) => {
        const value = told[i]!;
        const bar = element("span", { class: value < 0 ? "bar down" : "bar up" });
        // A style attribute would be refused by the page's security policy; a property is not.
        bar.style.inlineSize = `${(100 * Math.abs(value)) / reach}%`;
        const ground = element("span", { class: isSigned ? "ground signed" : "ground" }, ...(value === 0 ? [] : [bar]));
        return element(
          "tr",
          {},
          element("th", { scope: "row", dir: "auto" }, wordAt(tokens, i)),
          element("td", { "aria-hidden": "true" }, ground),
          element("td", { class: "number" }, format(value)),
        );
      }),
    );
    const rest = bySize.slice(MOST_ROWS);
    left.hidden = rest.length === 0;
    left.textContent = `The other ${rest.length} tokens have ${format(Math.abs(told[rest[0] ?? 0] ?? 0))} or less.`;
  };
}
