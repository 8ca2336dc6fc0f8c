// A number for each token, as bars beside them: left of the middle where negative.

import type { Token } from "../engine/types";
import { element } from "../lib/dom";
import { formatEffect, formatValue } from "../lib/format";
import { visible } from "../lib/tokens";

export interface BarsData {
  /** What the numbers are. */
  title: string;
  tokens: Token[];
  values: number[];
  /** Whether there can be negative ones. */
  isSigned: boolean;
  /** Values smaller than this are rounding. */
  least: number;
}

/** A share of the largest below which float32 sums are not told from 0. */
const ROUNDING = 1e-6;

export function create(container: HTMLElement): (data: BarsData) => void {
  const caption = element("caption");
  const body = element("tbody");
  container.append(element("table", { class: "bars" }, caption, body));
  return ({ title, tokens, values, isSigned, least }) => {
    caption.textContent = title;
    const reach = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
    body.replaceChildren(
      ...tokens.map((token, i) => {
        const given = values[i] ?? 0;
        // Beside the others, or beside what is measured, it is rounding.
        const value = Math.abs(given) < Math.max(least, reach * ROUNDING) ? 0 : given;
        const bar = element("span", { class: value < 0 ? "bar down" : "bar up" });
        // A style attribute would be refused by the page's security policy; a property is not.
        bar.style.inlineSize = `${(100 * Math.abs(value)) / reach}%`;
        const ground = element("span", { class: isSigned ? "ground signed" : "ground" }, ...(value === 0 ? [] : [bar]));
        return element(
          "tr",
          {},
          element("th", { scope: "row" }, visible(token.text)),
          element("td", { "aria-hidden": "true" }, ground),
          element("td", { class: "number" }, isSigned ? formatEffect(value) : formatValue(value)),
        );
      }),
    );
  };
}
