// The strongest edges as a table: sorted by any column, filtered by head and component.

import type { Component } from "../engine/types";
import { element } from "../lib/dom";
import { COMPONENT_NAMES, formatEffect, formatHead, formatValue } from "../lib/format";
import { type Edge, type EdgeId, edgeKey, isSameEdge } from "../lib/result";

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

interface Column {
  id: string;
  title: string;
  text: (edge: Edge) => string;
  compare: (a: Edge, b: Edge) => number;
}

const byHead = (end: "src" | "dst") => (a: Edge, b: Edge) =>
  a[end].layer - b[end].layer || a[end].head - b[end].head;

const COLUMNS: Column[] = [
  { id: "src", title: "Source", text: ({ src }) => formatHead(src), compare: byHead("src") },
  { id: "dst", title: "Destination", text: ({ dst }) => formatHead(dst), compare: byHead("dst") },
  {
    id: "component",
    title: "Into its",
    text: ({ component }) => COMPONENT_NAMES[component],
    compare: (a, b) => a.component.localeCompare(b.component),
  },
  {
    id: "effect",
    title: "Effect",
    text: ({ effect }) => formatEffect(effect),
    compare: (a, b) => Math.abs(b.effect) - Math.abs(a.effect),
  },
  { id: "value", title: "Metric", text: ({ value }) => formatValue(value), compare: (a, b) => b.value - a.value },
  {
    id: "spread",
    title: "± over pairs",
    text: ({ spread }) => (Number.isNaN(spread) ? "" : formatValue(spread)),
    compare: (a, b) => (b.spread || 0) - (a.spread || 0),
  },
  {
    id: "kind",
    title: "Known",
    text: ({ isExact }) => (isExact ? "exactly" : "by estimate"),
    compare: (a, b) => Number(b.isExact) - Number(a.isExact),
  },
];

/** Rows at first, and with each press of the button. */
const PAGE = 20;

export function create(container: HTMLElement, events: TableEvents): (data: TableData) => void {
  let data: TableData = { edges: [], selected: null, hasSpread: false };
  let sort = { id: "effect", isReversed: false };
  let component: Component | "" = "";
  let head = "";
  let rowsShown = PAGE;

  const filter = element("input", { type: "search", placeholder: "such as 9.9", "aria-label": "Only edges of this head" });
  filter.addEventListener("input", () => {
    head = filter.value.trim();
    show();
  });
  const into = element("select", { "aria-label": "Only edges into this component" });
  into.append(element("option", { value: "" }, "query, key and value"));
  into.append(...Object.entries(COMPONENT_NAMES).map(([value, name]) => element("option", { value }, name)));
  into.addEventListener("change", () => {
    component = into.value as Component | "";
    show();
  });
  const headings = COLUMNS.map((column) => {
    const button = element("button", { type: "button" }, column.title);
    button.addEventListener("click", () => {
      sort = { id: column.id, isReversed: sort.id === column.id && !sort.isReversed };
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
    const isShown = (edge: Edge) =>
      (component === "" || edge.component === component) &&
      (head === "" || formatHead(edge.src) === head || formatHead(edge.dst) === head);
    const found = data.edges.filter(isShown);
    const sorted = sort.id === "effect" ? found : found.toSorted(compare);
    const rows = (sort.isReversed ? sorted.toReversed() : sorted).slice(0, rowsShown);
    for (const { column, cell } of headings) {
      cell.hidden = column.id === "spread" && !data.hasSpread;
      const order = sort.isReversed ? "ascending" : "descending";
      cell.setAttribute("aria-sort", column.id === sort.id ? order : "none");
    }
    const isHere = body.contains(document.activeElement);
    const focused = isHere ? (document.activeElement?.closest("tr")?.dataset.edge ?? "") : "";
    body.replaceChildren(...rows.map(rowOf));
    if (focused) body.querySelector<HTMLElement>(`tr[data-edge="${focused}"] button`)?.focus();
    count.textContent = `${rows.length} of ${found.length} edges`;
    more.hidden = rows.length === found.length;
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
