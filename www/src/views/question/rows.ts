// A batch as a table: a row for each pair, its cells to be edited in place, and what both runs make of it.
//
// A row is chosen by a press; a cell is edited by a second press, by Enter, F2, or by typing. Pasted tables become rows.

import type { RowNote } from "../../core/notes";
import type { Metric, PairPredictions } from "../../engine/types";
import { element } from "../../lib/dom";
import { isNoContrast, valueIn, writeValue } from "../../lib/measured";
import { FIELDS, type Pair, PairsError } from "../../lib/pairs";
import { isTable, pastedPairs } from "../../lib/paste";
import { visible } from "../../lib/tokens";
import { alignWords, tellingWords } from "../../lib/words";
import { mend } from "./notes";

export interface RowsData {
  pairs: readonly Pair[];
  /** The pair that is looked at. */
  pair: number;
  notes: readonly RowNote[];
  /** What both runs make of each pair, by a metric; old where it is of the rows as they were. */
  metric: Metric;
  predictions: readonly PairPredictions[];
  isOld: boolean;
}

export interface RowsEvents {
  onPair: (pair: number) => void;
  onCell: (row: number, field: keyof Pair, value: string) => void;
  onRows: (after: number, pairs: Pair[]) => void;
  /** Rows from elsewhere. */
  onPasted: (after: number, pairs: Pair[]) => void;
  onRemove: (row: number) => void;
}

const HEADS: Record<keyof Pair, string> = { clean: "Clean prompt", corrupted: "Corrupted prompt", answer: "Answer", distractor: "Distractor" };
/** Rows that are drawn; more are run all the same. */
const MOST_ROWS = 300;

export function create(container: HTMLElement, events: RowsEvents): (data: RowsData) => void {
  const body = element("tbody");
  const foot = element("tfoot");
  const heads = ["Pair", ...FIELDS.map((field) => HEADS[field]), "clean", "corrupted"];
  const head = element("thead", {}, element("tr", {}, ...heads.map((name, i) => element("th", { scope: "col", class: i > 4 ? "number" : "" }, i > 4 ? element("span", { class: `tag ${name}` }, name) : i === 0 ? element("span", { class: "unseen" }, name) : name))));
  const table = element("table", { class: "rows", role: "grid", "aria-label": "Pairs of prompts" }, head, body, foot);
  const scroller = element("div", { class: "rows-scroll" }, table);
  const add = element("button", { type: "button" }, "Add a row");
  const remove = element("button", { type: "button" }, "Remove this row");
  const paste = element("textarea", { id: "paste", rows: 2, spellcheck: "false", "aria-describedby": "paste-error paste-hint" });
  const take = element("button", { type: "button" }, "Add these rows");
  const error = element("p", { class: "error", id: "paste-error", role: "alert" });
  const hint = "Lines “clean | corrupted | answer | distractor”, or rows from a spreadsheet, CSV, JSON or JSONL. Between bars with spaces, and in tables without any, an answer gets the space that its prompt calls for.";
  const details = element(
    "details",
    { class: "paste" },
    element("summary", {}, "Paste rows"),
    element("label", { for: "paste", class: "unseen" }, "Rows to add"),
    paste,
    error,
    element("p", { class: "hint", id: "paste-hint" }, hint),
    take,
  );
  const noted = element("ul", { class: "row-notes" });
  container.append(scroller, element("div", { role: "alert" }, noted), element("div", { class: "row-tools" }, add, remove), details);
  let shown: RowsData | undefined;
  /** The cell that the Tab key stops at. */
  let stop: { row: number; field: keyof Pair } = { row: 0, field: "clean" };
  let isEditing = false;
  let noteWords = "[]";

  const cellAt = (row: number, field: keyof Pair) => body.querySelector<HTMLElement>(`[data-row="${row}"] [data-cell="${field}"]`);
  const spotOf = (target: EventTarget | null) => {
    const cell = (target as HTMLElement).closest<HTMLElement>("[data-cell]");
    const row = cell?.closest<HTMLElement>("[data-row]");
    return cell && row ? { cell, row: Number(row.dataset.row), field: cell.dataset.cell as keyof Pair } : null;
  };
  const stopAt = (row: number, field: keyof Pair, isFocused: boolean) => {
    cellAt(stop.row, stop.field)?.setAttribute("tabindex", "-1");
    stop = { row, field };
    const cell = cellAt(row, field);
    cell?.setAttribute("tabindex", "0");
    if (isFocused) cell?.focus();
  };

  function edit({ row, field }: typeof stop, typed?: string): void {
    const cell = cellAt(row, field);
    const before = shown?.pairs[row]?.[field];
    if (!cell || before === undefined) return;
    const input = element("input", { "aria-label": `${HEADS[field]} of pair ${row + 1}`, spellcheck: "false" });
    input.value = typed ?? before;
    let isDone = false;
    const done = (isKept: boolean, isBack: boolean) => {
      if (isDone) return;
      isDone = true;
      isEditing = false;
      const { value } = input;
      if (isKept && value !== before) events.onCell(row, field, value);
      else if (shown) draw(shown);
      if (isBack) stopAt(row, field, true);
    };
    input.addEventListener("blur", () => done(true, false));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      done(event.key === "Enter", true);
    });
    isEditing = true;
    cell.replaceChildren(input);
    input.focus();
    if (typed === undefined) input.select();
  }

  const insert = (text: string) => {
    try {
      events.onPasted(stop.row, pastedPairs(text));
      error.textContent = "";
      return true;
    } catch (refused) {
      if (!(refused instanceof PairsError)) throw refused;
      error.textContent = refused.message;
      details.open = true;
      paste.value = text;
      return false;
    }
  };

  body.addEventListener("click", ({ target }) => {
    const spot = spotOf(target);
    if (!spot || isEditing) return;
    stopAt(spot.row, spot.field, true);
    if (wasThere) edit(spot);
    else events.onPair(spot.row);
  });
  /** Whether the cell had the focus before it was pressed: the press that gives it is the first. */
  let wasThere = false;
  body.addEventListener("pointerdown", ({ target }) => {
    wasThere = spotOf(target)?.cell === document.activeElement;
  });
  body.addEventListener("keydown", (event) => {
    const spot = spotOf(event.target);
    if (!spot || isEditing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { row, field } = spot;
    const column = FIELDS.indexOf(field);
    const last = Math.min(shown?.pairs.length ?? 0, MOST_ROWS) - 1;
    const moves: Record<string, [number, number]> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      Home: [row, 0],
      End: [row, FIELDS.length - 1],
    };
    const to = moves[event.key];
    if (to) {
      event.preventDefault();
      const next = FIELDS[to[1]];
      if (next && to[0] >= 0 && to[0] <= last) stopAt(to[0], next, true);
    } else if (event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      if (shown?.pair !== row) events.onPair(row);
      edit(spot);
    } else if (event.key === " " && shown?.pair !== row) {
      event.preventDefault();
      events.onPair(row);
    } else if (event.key.length === 1 && event.key !== " ") {
      event.preventDefault();
      edit(spot, event.key);
    }
  });
  container.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (event.target === paste || (!isTable(text) && !text.includes("|"))) return;
    event.preventDefault();
    insert(text);
  });
  take.addEventListener("click", () => {
    if (insert(paste.value)) paste.value = "";
  });
  add.addEventListener("click", () => {
    const like = shown?.pairs[stop.row] ?? { clean: "", corrupted: "", answer: "", distractor: "" };
    const row = shown && shown.pairs.length > 0 ? stop.row + 1 : 0;
    events.onRows(stop.row, [{ ...like }]);
    stopAt(row, "clean", true);
  });
  remove.addEventListener("click", () => events.onRemove(stop.row));

  /** What is unchanged is not read out again, and its buttons keep the focus. */
  function showNotes(notes: readonly RowNote[]): void {
    const words = JSON.stringify(notes);
    if (words === noteWords) return;
    noteWords = words;
    noted.replaceChildren(
      ...notes.map((note) =>
        element("li", {}, `Row ${note.pair + 1}, ${HEADS[note.field].toLowerCase()}: ${note.text} `, ...(note.mends ?? []).flatMap(({ name, value }) => [mend(name, () => events.onCell(note.pair, note.field, value)), " "])),
      ),
    );
  }

  function draw(data: RowsData): void {
    shown = data;
    if (isEditing) return;
    const { pairs, pair, notes, metric, predictions } = data;
    table.classList.toggle("old", data.isOld);
    const wasInRows = body.contains(document.activeElement);
    const wasInNotes = noted.contains(document.activeElement);
    const rows = pairs.slice(0, MOST_ROWS);
    body.replaceChildren(...rows.map((one, i) => rowOf(one, i, data)));
    const more = pairs.length - rows.length;
    foot.replaceChildren(
      ...(more > 0 ? [element("tr", {}, element("td", { colspan: 7 }, `and ${more} more pairs, which run all the same`))] : []),
      ...(pairs.length > 1 ? [meansOf(metric, predictions)] : []),
    );
    showNotes(notes);
    const hadFocus = wasInRows || (wasInNotes && !noted.contains(document.activeElement));
    remove.disabled = pairs.length === 0;
    stopAt(Math.max(0, Math.min(hadFocus ? stop.row : pair, rows.length - 1)), stop.field, hadFocus);
    body.querySelector(`[data-row="${pair}"]`)?.scrollIntoView({ block: "nearest" });
  }
  return draw;
}

function rowOf(pair: Pair, i: number, { pair: at, notes, metric, predictions }: RowsData): HTMLElement {
  const of = predictions[i];
  const isFlat = of !== undefined && isNoContrast(metric, of);
  const marked = markedWords(pair);
  const cells = FIELDS.map((field) => {
    const content = field === "clean" || field === "corrupted" ? marked[field] : [visible(pair[field])];
    const cell = element("td", { role: "gridcell", tabindex: -1, "data-cell": field, dir: "auto", title: pair[field] }, ...content);
    cell.classList.toggle("wrong", notes.some((note) => note.pair === i && note.field === field));
    return cell;
  });
  const values = (["clean", "corrupted"] as const).map((run) => element("td", { class: "number" }, writeValue(metric, of ? valueIn(metric, of, run) : null)));
  const name = element("th", { scope: "row" }, String(i + 1));
  const row = element("tr", { "data-row": i, "aria-selected": String(i === at) }, name, ...cells, ...values);
  if (isFlat) {
    row.classList.add("flat");
    const why = "The corrupted run does no worse than the clean one: this pair does not tell them apart.";
    values[1]!.append(element("span", { class: "flag", title: why, "aria-label": why, role: "img" }, " ⚑"));
  }
  return row;
}

/** Both prompts with the words marked in which they differ; what both share is not seen where there is much of it. */
function markedWords({ clean, corrupted }: Pair): Record<"clean" | "corrupted", (Node | string)[]> {
  const words = (text: string) => text.split(/\s+/).map((word) => ({ text: word, tokens: 1 }));
  const rows = alignWords(words(clean), words(corrupted));
  const isTelling = tellingWords(rows);
  const side = (of: "clean" | "corrupted") =>
    rows.flatMap((row, i) => {
      const word = row[of];
      if (!word) return [];
      if (row.clean?.text !== row.corrupted?.text) return [element("mark", {}, word.text), " "];
      if (isTelling[i]) return [`${word.text} `];
      return [...(i === 0 || isTelling[i - 1] ? [element("span", { class: "left-out", "aria-hidden": "true" })] : []), element("span", { class: "unseen" }, `${word.text} `)];
    });
  return { clean: side("clean"), corrupted: side("corrupted") };
}

/** The mean over the pairs, where every one of them is known. */
function meansOf(metric: Metric, predictions: readonly PairPredictions[]): HTMLElement {
  const mean = (run: "clean" | "corrupted") => {
    const values = predictions.map((of) => valueIn(metric, of, run));
    const known = values.filter((value) => value !== null);
    return known.length === 0 || known.length < values.length ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return element("tr", {}, element("td", { colspan: 5 }, "Mean"), ...(["clean", "corrupted"] as const).map((run) => element("td", { class: "number" }, writeValue(metric, mean(run)))));
}
