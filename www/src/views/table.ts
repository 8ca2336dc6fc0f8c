// All edges as a table: sorted by any column, filtered by nodes and by the kind of either end.
//
// A first press of a heading sorts as one reads that column: names in the model's order, numbers from the largest.

import { edgeFilter } from "../core/edge-filter";
import { edgeKey, edgeLabel, isSameEdge, nodeName, PORT_NAMES, PORTS, shortLabel } from "../core/node";
import type { Edge } from "../core/table";
import type { EdgeName } from "../engine/types";
import { element } from "../lib/dom";
import { formatCount, formatEffect, formatValue } from "../lib/format";

export interface TableData {
  /** Strongest first. */
  edges: Edge[];
  selected: EdgeName | null;
  /** Whether there are several pairs, over which effects have a standard deviation. */
  hasStdDev: boolean;
}

export interface TableEvents {
  onSelect: (edge: EdgeName) => void;
  onHover: (edge: EdgeName | null) => void;
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

/** From the input up: a layer's heads, its MLP, and the logits after all. */
function byNode(a: string, b: string): number {
  const [x, y] = [nodeName(a), nodeName(b)];
  const height = ({ kind, layer }: typeof x) => (kind === "input" ? -1 : (layer ?? Number.MAX_SAFE_INTEGER));
  return height(x) - height(y) || Number(x.kind === "mlp") - Number(y.kind === "mlp") || (x.head ?? 0) - (y.head ?? 0);
}

const portOf = ({ to }: Edge) => nodeName(to).port;
const portRank = (edge: Edge) => PORTS.findIndex((port) => port === portOf(edge));

const COLUMNS: Column[] = [
  { id: "from", title: "From", first: "ascending", text: ({ from }) => shortLabel(from), compare: (a, b) => byNode(a.from, b.from) },
  { id: "to", title: "To", first: "ascending", text: ({ to }) => shortLabel(nodeName(to).node), compare: (a, b) => byNode(a.to, b.to) },
  {
    id: "port",
    title: "Input",
    first: "ascending",
    text: (edge) => {
      const port = portOf(edge);
      return port ? PORT_NAMES[port] : "";
    },
    compare: (a, b) => portRank(a) - portRank(b),
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
    id: "std-dev",
    title: "± over pairs",
    first: "descending",
    text: ({ stdDev }) => (Number.isNaN(stdDev) ? "" : formatValue(stdDev)),
    compare: (a, b) => (a.stdDev || 0) - (b.stdDev || 0),
  },
  {
    id: "kind",
    title: "Known",
    first: "ascending",
    text: ({ isExact }) => (isExact ? "exact" : "estimate"),
    compare: (a, b) => Number(b.isExact) - Number(a.isExact),
  },
];

/** The kinds of senders, and of receivers, to choose among. */
const SENDERS: Record<string, string> = { "": "anything", input: "the input", head: "heads", mlp: "MLPs" };
const RECEIVERS: Record<string, string> = {
  "": "anything",
  head: "heads",
  q: "queries",
  k: "keys",
  v: "values",
  mlp: "MLPs",
  logits: "the logits",
};

/** Rows at first, and with each press of the button. */
const PAGE = 20;

export function create(container: HTMLElement, events: TableEvents): (data: TableData) => void {
  let data: TableData = { edges: [], selected: null, hasStdDev: false };
  let sort: { id: string; order: Order } = { id: "effect", order: "descending" };
  let text = "";
  let rowsShown = PAGE;

  const filter = element("input", {
    type: "search",
    placeholder: "9.6, a9.h6, 9., m3 or 0.3 1.3",
    "aria-label": "Node: only edges of this node",
  });
  filter.addEventListener("input", () => {
    text = filter.value.trim();
    show();
  });
  const chooser = (label: string, options: Record<string, string>) => {
    const select = element("select", { "aria-label": label });
    select.append(...Object.entries(options).map(([value, name]) => element("option", { value }, name)));
    select.addEventListener("change", () => show());
    return select;
  };
  const from = chooser("From: only edges from", SENDERS);
  const into = chooser("Into: only edges into", RECEIVERS);
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
    element("div", { class: "tools" }, element("label", {}, "Node ", filter), element("label", {}, "From ", from), element("label", {}, "Into ", into)),
    element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Table of edges" }, table),
    element("div", { class: "tools" }, count, more),
  );

  const show = () => {
    const { compare } = COLUMNS.find(({ id }) => id === sort.id) ?? COLUMNS[0]!;
    const fits = edgeFilter(text);
    const isShown = (edge: Edge) => {
      const to = nodeName(edge.to);
      const isFrom = from.value === "" || nodeName(edge.from).kind === from.value;
      const isInto = into.value === "" || to.kind === into.value || to.port === into.value;
      return isFrom && isInto && (!fits || fits(edge));
    };
    const found = data.edges.filter(isShown);
    const sign = sort.order === "ascending" ? 1 : -1;
    const isAsItCame = sort.id === "effect" && sort.order === "descending";
    const sorted = isAsItCame ? found : found.toSorted((a, b) => sign * compare(a, b));
    const rows = sorted.slice(0, rowsShown);
    for (const { column, cell } of headings) {
      cell.hidden = column.id === "std-dev" && !data.hasStdDev;
      cell.setAttribute("aria-sort", column.id === sort.id ? sort.order : "none");
    }
    const isHere = body.contains(document.activeElement);
    const focused = isHere ? (document.activeElement?.closest("tr")?.dataset.edge ?? "") : "";
    body.replaceChildren(...rows.map(rowOf));
    if (focused) body.querySelector<HTMLElement>(`tr[data-edge="${focused}"] button`)?.focus();
    count.textContent = says(found.length, rows.length, fits === null && text !== "");
    more.hidden = rows.length === found.length;
  };

  const says = (found: number, shown: number, isUnread: boolean): string => {
    if (isUnread) return `No node is called ${text}: write 9.6, a9.h6, m3, input or logits, or 9. for a whole layer’s heads.`;
    if (found > 0) return `${shown} of ${formatCount(found)} edges that move the metric`;
    if (data.edges.length === 0) return "No edge moves the metric by more than rounding, or than what is hidden above, as far as is known.";
    return "No edge fits this filter: clear it, or hide fewer small effects.";
  };

  const rowOf = (edge: Edge): HTMLElement => {
    const isSelected = isSameEdge(edge, data.selected);
    const cells = COLUMNS.filter(({ id }) => id !== "std-dev" || data.hasStdDev).map(({ id, text: textOf }) => {
      if (id !== "from") return element("td", {}, textOf(edge));
      const button = element("button", { type: "button", "aria-pressed": String(isSelected), "aria-label": edgeLabel(edge) }, textOf(edge));
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
