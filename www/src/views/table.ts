// All edges as a table: sorted by any column, filtered by what a reader writes.
//
// Only the rows in sight are elements, since there may be tens of thousands. By keyboard the rows are one tab stop:
// arrow keys go from one to the next, Enter chooses.

import { select } from "d3-selection";
import { type EdgeFilter, edgeFilter } from "../core/edge-filter";
import { edgeKey, edgeLabel, isSameEdge, nodeName, nodeOf, PORT_NAMES, shortLabel } from "../core/node";
import { baseOf, byVersion, type Edge, edgeAt, hasBaselines, nameAt, noiseOf, placeOf, places, type Table } from "../core/table";
import type { Look } from "../core/view";
import type { EdgeName } from "../engine/types";
import { element } from "../lib/dom";
import { alignPoint, formatCount, formatEffect, formatValue, metricLabel } from "../lib/format";
import { type Column, COLUMNS, FIRST, type Rows, rowsOf, type Sort } from "./table/rows";
import { countWords } from "./table/words";
import { edgeLines, edgeWords } from "./words";
import { tipOf } from "./tip";

export interface TableData {
  table: Table;
  look: Look;
  /** Effects below this are not shown in the circuit. */
  least: number;
  /** An edge that is pointed at elsewhere. */
  lit?: EdgeName | null;
}

export interface TableEvents {
  onSelect: (edge: EdgeName) => void;
  onHover?: (edge: EdgeName | null) => void;
}

const TITLES: Record<Column, string> = {
  from: "From",
  to: "To",
  port: "Input",
  effect: "Effect",
  value: "Metric",
  stdDev: "± over pairs",
  kind: "Known",
};

const ROW = 28;
/** Rows beyond the window on either side, so that scrolling shows no gap. */
const BEYOND = 12;
/** Browsers make no element higher than this many rows. */
const MOST = 400_000;
/** Where there is nothing to measure. */
const ASSUMED_HEIGHT = 560;
/** Places after the point that numbers have room for: what is beyond is rounding in most metrics. */
const PLACES = 5;

export function create(container: HTMLElement, events: TableEvents): (data: TableData) => void {
  let data: TableData | undefined;
  let sort: Sort = { by: "effect", order: "descending" };
  let filter: EdgeFilter | null = null;
  let rows: Rows = { places: new Uint32Array(), still: 0 };
  /** Which row the keyboard is at. */
  let at = 0;

  const box = element("input", {
    type: "search",
    placeholder: "0.3 > 1.3 key, 9.6, m2, queries",
    "aria-label": "Only edges of",
    spellcheck: "false",
    autocomplete: "off",
  });
  const count = element("p", { class: "note", role: "status" });
  const headings = COLUMNS.map((column) => {
    const button = element("button", { type: "button" }, TITLES[column]);
    button.addEventListener("click", () => {
      const other = sort.order === "ascending" ? "descending" : "ascending";
      sort = { by: column, order: sort.by === column ? other : FIRST[column] };
      at = 0;
      scrolls.scrollTop = 0;
      find();
    });
    return { column, cell: element("th", { scope: "col", class: column }, button) };
  });
  const rank = element("th", { scope: "col", class: "rank" }, "Rank");
  const bar = element("th", { scope: "col", class: "size", "aria-hidden": "true" }, "by square root");
  // As high as the rows that are not in sight.
  const [above, below] = [element("tbody", { "aria-hidden": "true" }), element("tbody", { "aria-hidden": "true" })];
  for (const empty of [above, below]) empty.append(element("tr", {}, element("td", { colspan: COLUMNS.length + 2 })));
  const body = element("tbody");
  const titles = headings.flatMap(({ column, cell }) => (column === "effect" ? [cell, bar] : [cell]));
  const made = element("table", { role: "grid", "aria-label": "Edges" }, element("thead", {}, element("tr", {}, rank, ...titles)), above, body, below);
  const scrolls = element("div", { class: "rows" }, made);
  const tools = element("div", { class: "filter" }, element("label", {}, "Only ", box), count);
  container.append(element("div", { class: "edges" }, tools, scrolls));
  const tip = tipOf(scrolls);

  box.addEventListener("input", () => {
    at = 0;
    scrolls.scrollTop = 0;
    find();
  });
  scrolls.addEventListener("scroll", () => {
    tip.hide();
    show();
  });
  new ResizeObserver(() => {
    if (scrolls.clientHeight > 0) show();
  }).observe(scrolls);

  /** The rows anew. */
  const find = () => {
    if (!data) return;
    const { table } = data;
    filter = edgeFilter(box.value);
    rows = rowsOf(table, filter, sort);
    const hasSpread = table.stdDev.some((value) => !Number.isNaN(value));
    made.classList.toggle("has-spread", hasSpread);
    // A notebook's effects may come without the metric.
    made.classList.toggle("has-value", hasBaselines(table));
    for (const { column, cell } of headings) cell.setAttribute("aria-sort", column === sort.by ? sort.order : "none");
    made.setAttribute("aria-rowcount", String(rows.places.length + 1));
    headings.find(({ column }) => column === "value")?.cell.setAttribute("title", metricLabel(table));
    at = Math.min(at, Math.max(0, rows.places.length - 1));
    count.textContent = countWords({ table, text: box.value.trim(), filter, found: rows.places.length, still: rows.still, most: MOST });
    show();
  };

  /** The rows that are in sight. A row that stays is the same element, so that it keeps the focus. */
  const show = () => {
    if (!data) return;
    const total = Math.min(MOST, rows.places.length);
    const room = scrolls.clientHeight || ASSUMED_HEIGHT;
    const first = Math.max(0, Math.floor(scrolls.scrollTop / ROW) - BEYOND);
    const end = Math.min(total, Math.ceil((scrolls.scrollTop + room) / ROW) + BEYOND);
    const root = container.getRootNode() as Document | ShadowRoot;
    const hadFocus = body.contains(root.activeElement);
    // Scrolled away, it is the row nearest to where it was.
    if (hadFocus) at = Math.max(first, Math.min(end - 1, at));
    const stop = at >= first && at < end ? at : Math.min(end - 1, first + BEYOND);
    space(above, first);
    space(below, Math.max(0, total - end));
    const inSight = Array.from({ length: Math.max(0, end - first) }, (_, i) => ({ index: first + i, edge: edgeOf(first + i)! }));
    const row = select(body)
      .selectAll<HTMLTableRowElement, (typeof inSight)[number]>("tr")
      .data(inSight, ({ edge }) => edgeKey(edge))
      .join("tr")
      .order();
    row.each(function ({ index, edge }) {
      fill(this, index, edge, index === stop);
    });
    if (hadFocus && !body.contains(root.activeElement)) rowAt(at)?.focus({ preventScroll: true });
  };

  const rowAt = (index: number) => body.querySelector<HTMLElement>(`tr[aria-rowindex="${index + 2}"]`);

  const edgeOf = (index: number): Edge | null => {
    const place = rows.places[index];
    return data && place !== undefined ? edgeAt(data.table, nameAt(data.table, place)) : null;
  };

  const fill = (row: HTMLElement, index: number, edge: Edge, isStop: boolean) => {
    const { table, look, least, lit = null } = data!;
    const noise = noiseOf(table);
    const isSelected = isSameEdge(edge, look.edge);
    const { port } = nodeName(edge.to);
    const cells: [string, string | HTMLElement][] = [
      ["rank", formatCount(rankIn(table, edge.place))],
      ["from", shortLabel(edge.from)],
      ["to", shortLabel(nodeOf(edge.to))],
      ["port", port ? PORT_NAMES[port] : ""],
      [`effect ${edge.effect < 0 ? "down" : "up"}`, alignPoint(formatEffect(edge.effect, noise), PLACES)],
      ["size", sizeBar(edge.effect, reachIn(table))],
      ["value", alignPoint(formatValue(edge.value, noise), PLACES)],
      ["stdDev", Number.isNaN(edge.stdDev) ? "" : alignPoint(formatValue(edge.stdDev, noise), PLACES)],
      ["kind", edge.isExact ? "exact" : "estimate"],
    ];
    const attributes = {
      role: "row",
      tabindex: isStop ? "0" : "-1",
      "data-edge": edgeKey(edge),
      "aria-rowindex": String(index + 2),
      "aria-selected": String(isSelected),
      "aria-label": `${edgeLabel(edge)}: ${edgeWords(edge, table)}`,
      class: [isSelected && "selected", isSameEdge(edge, lit) && "lit", Math.abs(edge.effect) < least && "quiet"].filter(Boolean).join(" "),
    };
    for (const [name, value] of Object.entries(attributes)) row.setAttribute(name, value);
    row.replaceChildren(...cells.map(([name, content]) => element("td", { class: name, role: "gridcell" }, content)));
  };

  /** The row that something happened in. */
  const indexOf = (event: Event): number | null => {
    const row = (event.target as Element).closest<HTMLElement>("tr[data-edge]");
    return row ? Number(row.getAttribute("aria-rowindex")) - 2 : null;
  };

  const goTo = (index: number) => {
    at = Math.max(0, Math.min(Math.min(MOST, rows.places.length) - 1, index));
    intoView(at);
    show();
    rowAt(at)?.focus({ preventScroll: true });
  };

  const head = () => made.tHead?.offsetHeight ?? ROW;
  const intoView = (index: number) => {
    const [top, room] = [index * ROW, (scrolls.clientHeight || ASSUMED_HEIGHT) - head()];
    if (top < scrolls.scrollTop) scrolls.scrollTop = top;
    else if (top + ROW > scrolls.scrollTop + room) scrolls.scrollTop = top + ROW - room;
  };

  body.addEventListener("click", (event) => {
    const index = indexOf(event);
    const edge = index === null ? null : edgeOf(index);
    if (index === null || !edge) return;
    at = index;
    events.onSelect(edge);
  });
  body.addEventListener("keydown", (event) => {
    const index = indexOf(event);
    if (index === null) return;
    const page = Math.max(1, Math.floor((scrolls.clientHeight - head()) / ROW) - 1);
    const moves: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: rows.places.length - 1 };
    const next = moves[event.key];
    if (next !== undefined) goTo(next);
    else if (event.key === "Enter" || event.key === " ") {
      const edge = edgeOf(index);
      if (edge) events.onSelect(edge);
    } else return;
    event.preventDefault();
  });
  const hover = (event: Event, isPointer: boolean) => {
    const index = indexOf(event);
    const edge = index === null ? null : edgeOf(index);
    if (!edge || !data) return leave();
    events.onHover?.(edge);
    const content = { title: edgeLabel(edge), lines: edgeLines(edge, data.table) };
    if (isPointer) tip.at(event as PointerEvent, content);
  };
  const leave = () => {
    tip.hide();
    events.onHover?.(null);
  };
  body.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") hover(event, true);
  });
  body.addEventListener("pointerleave", leave);
  body.addEventListener("focusin", (event) => hover(event, false));
  body.addEventListener("focusout", leave);

  let selected: EdgeName | null = null;
  let version = -1;
  return (next) => {
    const before = data;
    data = next;
    const isNew = before?.table !== next.table || version !== next.table.version;
    version = next.table.version;
    if (isNew) find();
    if (!isSameEdge(selected, next.look.edge)) {
      selected = next.look.edge;
      // Chosen elsewhere, it is looked for here.
      const place = selected ? placeOf(next.table, selected) : -1;
      const index = rows.places.indexOf(place);
      if (index >= 0 && index < MOST) {
        at = index;
        intoView(index);
      }
    }
    if (before?.look === next.look && before.least === next.least && !isNew) light(next.lit ?? null);
    else show();
  };

  function light(lit: EdgeName | null): void {
    for (const row of body.querySelectorAll(".lit")) row.classList.remove("lit");
    if (lit) body.querySelector(`tr[data-edge="${edgeKey(lit)}"]`)?.classList.add("lit");
  }
}

/** Make a body as high as so many rows. */
function space(body: HTMLTableSectionElement, rows: number): void {
  body.hidden = rows === 0;
  body.rows[0]!.style.height = `${rows * ROW}px`;
}

/** At which place an edge is by the size of its effect, from 1. */
const ranks = byVersion((table) => {
  const all = new Uint32Array(table.values.length);
  places(table).forEach((place, i) => {
    all[place] = i + 1;
  });
  return all;
});
const rankIn = (table: Table, place: number): number => ranks(table)[place]!;

/** The largest effects below and above 0 of all rows, by square roots. */
const reachIn = byVersion((table): { down: number; up: number } => {
  const base = baseOf(table);
  let [down, up] = [0, 0];
  for (const place of places(table)) {
    const effect = table.values[place]! - base;
    if (effect > 0) up ||= Math.sqrt(effect);
    else down ||= Math.sqrt(-effect);
    if (up > 0 && down > 0) break;
  }
  return { down, up };
});

/** An effect as a bar from 0, as on the scale. */
function sizeBar(effect: number, { down, up }: { down: number; up: number }): HTMLElement {
  const whole = down + up || 1;
  const size = Math.sqrt(Math.abs(effect));
  const made = element("i", { class: effect < 0 ? "down" : "up" });
  made.style.insetInlineStart = `${(100 * (effect < 0 ? down - size : down)) / whole}%`;
  made.style.inlineSize = `${(100 * size) / whole}%`;
  return element("span", { class: "size-bar" }, made);
}
