// The strongest edges as a table: sorted by any column, filtered by heads and component.
//
// A first press of a heading sorts as one reads that column: names from the first, numbers from the largest.

import type { Component } from "../engine/types";
import { element } from "../lib/dom";
import { COMPONENT_NAMES, formatCount, formatEffect, formatHead, formatValue } from "../lib/format";
import { headFilter } from "../lib/head-filter";
import { COMPONENTS, type Edge, type EdgeId, edgeKey, isSameEdge } from "../lib/result";

export interface TableData {
  /** Strongest first. */
  edges: Edge[];
  selected: EdgeId | null;
  /** Whether there are several pairs, over which effects spread. */
  hasSpread: boolean;
}

export interface TableEvents {
  onSelect: (edge: EdgeId) => void;
  onHover: (edge: EdgeId | null) => void;
}

type Order = "ascending" | "descending";

interface Column {
  id: string;
  title: string;
  /** What the first press sorts by. */
  first: Order;
  text: (edge: Edge) => string;
  /** Ascending. */
  compare: (a: Edge, b: Edge) => number;
}

const byHead = (end: "src" | "dst") => (a: Edge, b: Edge) =>
  a[end].layer - b[end].layer || a[end].head - b[end].head;

const COLUMNS: Column[] = [
  { id: "src", title: "Source", first: "ascending", text: ({ src }) => formatHead(src), compare: byHead("src") },
  { id: "dst", title: "Destination", first: "ascending", text: ({ dst }) => formatHead(dst), compare: byHead("dst") },
  {
    id: "component",
    title: "Input",
    first: "ascending",
    text: ({ component }) => COMPONENT_NAMES[component],
    compare: (a, b) => COMPONENTS.indexOf(a.component) - COMPONENTS.indexOf(b.component),
  },
  {
    id: "effect",
    title: "Effect, by size",
    first: "descending",
    text: ({ effect }) => formatEffect(effect),
    compare: (a, b) => Math.abs(a.effect) - Math.abs(b.effect),
  },
  {
    id: "value",
    title: "Metric",
    first: "descending",
    text: ({ value }) => formatValue(value),
    compare: (a, b) => a.value - b.value,
  },
  {
    id: "spread",
    title: "± over pairs",
    first: "descending",
    text: ({ spread }) => (Number.isNaN(spread) ? "" : formatValue(spread)),
    compare: (a, b) => (a.spread || 0) - (b.spread || 0),
  },
  {
    id: "kind",
    title: "Known",
    first: "ascending",
    text: ({ isExact }) => (isExact ? "exact" : "estimate"),
    compare: (a, b) => Number(b.isExact) - Number(a.isExact),
  },
];

/** Rows at first, and with each press of the button. */
const PAGE = 20;

export function create(container: HTMLElement, events: TableEvents): (data: TableData) => void {
  let data: TableData = { edges: [], selected: null, hasSpread: false };
  let sort: { id: string; order: Order } = { id: "effect", order: "descending" };
  let component: Component | "" = "";
  let head = "";
  let rowsShown = PAGE;

  const filter = element("input", { type: "search", placeholder: "9.6, L9H6, 9. or 0.3 1.3", "aria-label": "Head: only edges of this head" });
  filter.addEventListener("input", () => {
    head = filter.value.trim();
    show();
  });
  const into = element("select", { "aria-label": "Into: only edges into this component" });
  into.append(element("option", { value: "" }, "query, key and value"));
  into.append(...Object.entries(COMPONENT_NAMES).map(([value, name]) => element("option", { value }, name)));
  into.addEventListener("change", () => {
    component = into.value as Component | "";
    show();
  });
  const headings = COLUMNS.map((column) => {
    const button = element("button", { type: "button" }, column.title);
    button.addEventListener("click", () => {
      const isAgain = sort.id === column.id;
      const other = sort.order === "ascending" ? "descending" : "ascending";
      sort = { id: column.id, order: isAgain ? other : column.first };
      show();
    });
    return { column, cell: element("th", { scope: "col" }, button) };
  });
  const body = element("tbody");
  const count = element("p", { class: "note", role: "status" });
  const more = element("button", { type: "button" }, "More rows");
  more.addEventListener("click", () => {
    rowsShown += PAGE;
    show();
  });
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...headings.map(({ cell }) => cell))), body);
  container.append(
    element("div", { class: "tools" }, element("label", {}, "Head ", filter), element("label", {}, "Into ", into)),
    element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Table of edges" }, table),
    element("div", { class: "tools" }, count, more),
  );

  const show = () => {
    const { compare } = COLUMNS.find(({ id }) => id === sort.id) ?? COLUMNS[0]!;
    const fits = headFilter(head);
    const isShown = (edge: Edge) => (component === "" || edge.component === component) && (!fits || fits(edge));
    const found = data.edges.filter(isShown);
    const sign = sort.order === "ascending" ? 1 : -1;
    const isAsItCame = sort.id === "effect" && sort.order === "descending";
    const sorted = isAsItCame ? found : found.toSorted((a, b) => sign * compare(a, b));
    const rows = sorted.slice(0, rowsShown);
    for (const { column, cell } of headings) {
      cell.hidden = column.id === "spread" && !data.hasSpread;
      cell.setAttribute("aria-sort", column.id === sort.id ? sort.order : "none");
    }
    const isHere = body.contains(document.activeElement);
    const focused = isHere ? (document.activeElement?.closest("tr")?.dataset.edge ?? "") : "";
    body.replaceChildren(...rows.map(rowOf));
    if (focused) body.querySelector<HTMLElement>(`tr[data-edge="${focused}"] button`)?.focus();
    count.textContent = says(found.length, rows.length, fits === null && head !== "");
    more.hidden = rows.length === found.length;
  };

  const says = (found: number, shown: number, isUnread: boolean): string => {
    if (isUnread) return `No head is called ${head}: write 9.6, L9H6, or 9. for a whole layer.`;
    if (found > 0) return `${shown} of ${formatCount(found)} edges`;
    if (data.edges.length === 0) return "No edge moves the metric by more than rounding, or than what is hidden above.";
    return "No edge fits this filter: clear it, or hide fewer small effects.";
  };

  const rowOf = (edge: Edge): HTMLElement => {
    const isSelected = isSameEdge(edge, data.selected);
    const cells = COLUMNS.filter(({ id }) => id !== "spread" || data.hasSpread).map(({ id, text }) => {
      if (id !== "src") return element("td", {}, text(edge));
      const button = element("button", { type: "button", "aria-pressed": String(isSelected) }, text(edge));
      return element("td", {}, button);
    });
    const row = element("tr", { "data-edge": edgeKey(edge), class: isSelected ? "selected" : "" }, ...cells);
    row.addEventListener("click", () => events.onSelect(edge));
    row.addEventListener("pointerenter", () => events.onHover(edge));
    row.addEventListener("pointerleave", () => events.onHover(null));
    row.addEventListener("focusin", () => events.onHover(edge));
    row.addEventListener("focusout", () => events.onHover(null));
    return row;
  };

  return (changed) => {
    data = changed;
    show();
  };
}
