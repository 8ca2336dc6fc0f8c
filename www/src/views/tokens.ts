// A pair's tokens, one above the other: differences are marked, and gaps where the prompts are not of one length.

import type { Token } from "../engine/types";
import { element } from "../lib/dom";
import { align, type Column, explainLengths, visible } from "../lib/tokens";

export interface TokensData {
  clean: Token[];
  corrupted: Token[];
}

export function create(container: HTMLElement): (data: TokensData) => void {
  const body = element("tbody");
  const table = element("table", { class: "tokens" }, element("caption", {}, "Tokens, one column per position"), body);
  const scrolls = { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Tokens of both prompts" };
  const note = element("p", { class: "note" });
  container.append(element("div", scrolls, table), note);
  return ({ clean, corrupted }) => {
    const columns = align(clean, corrupted);
    container.hidden = columns.length === 0;
    body.replaceChildren(
      row("clean", columns, (column) => column.clean),
      row("corrupted", columns, (column) => column.corrupted),
    );
    const isUneven = clean.length !== corrupted.length && clean.length > 0 && corrupted.length > 0;
    note.textContent = isUneven
      ? `${clean.length} against ${corrupted.length} tokens: ${explainLengths(columns)}. Choose words with the same number of tokens.`
      : clean.length === 0 || corrupted.length === 0
        ? ""
        : `${columns.length} ${columns.length === 1 ? "token" : "tokens"}, ${columns.filter(({ differs }) => differs).length} of them different.`;
  };
}

function row(name: string, columns: Column[], of: (column: Column) => Token | null): HTMLElement {
  const cells = columns.map((column, i) => {
    const token = of(column);
    if (!token) return element("td", { class: "gap" }, element("mark", { title: `position ${i}: nothing here` }, "∅"));
    const title = `position ${i}, id ${token.id}${column.differs ? ", differs" : ""}`;
    const text = visible(token.text);
    return element("td", { title, dir: "auto" }, column.differs ? element("mark", {}, text) : text);
  });
  return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
}
