// The prompts to be changed, in place: one pair, a batch, or a template; and below, how it is measured.

import type { Notes, RowNote } from "../../core/notes";
import type { PairTokens } from "../../core/request";
import type { Metric, PairPredictions, Token } from "../../engine/types";
import { pairsIn, switched, withCell, withoutRow, withRows } from "../../lib/batch";
import { element, labelled } from "../../lib/dom";
import { FIELDS, linesIn, type Mode, type Pair } from "../../lib/pairs";
import { presetOf } from "../../lib/presets";
import type { Settings } from "../../lib/settings";
import { swapNames } from "../../lib/words";
import * as segmentsView from "../segments";
import * as alignerView from "./aligner";
import * as completion from "./completion";
import * as measureView from "./measure";
import * as notesView from "./notes";
import * as rowsView from "./rows";

export interface EditorData {
  settings: Settings;
  /** The pairs that were read last, and their tokens. */
  pairs: readonly Pair[];
  tokens: readonly PairTokens[];
  /** The pair that is looked at. */
  pair: number;
  errors: Notes;
  rows: readonly RowNote[];
  /** What is worth knowing, though it runs. */
  warnings: Notes;
  /** What both runs of each pair say, by the metric of then; `isPredicted` where it is of this question. */
  predictions: readonly PairPredictions[];
  predictedAs: Metric;
  isPredicted: boolean;
  /** Whether the vocabulary is of whole words, so that those of a prompt can be completed. */
  isOfWords: boolean;
}

export interface EditorEvents {
  /** Something was typed; more may follow. */
  onInput: (change: Partial<Settings>) => void;
  /** Something was chosen. */
  onChoice: (change: Partial<Settings>) => void;
  onPair: (pair: number) => void;
  complete: (start: string, limit?: number) => Promise<Token[]>;
}

/** Rows without the page's own example, where that is the only one: it came along from "One pair", and nobody wrote it. */
const ownRows = (rows: readonly Pair[]): readonly Pair[] => (rows.length === 1 && presetOf(rows[0]!) ? [] : rows);

const MODES: { id: Mode; name: string; hint: string }[] = [
  { id: "one", name: "One pair", hint: "Two prompts" },
  { id: "lines", name: "Batch", hint: "Many pairs, of which means are taken" },
  { id: "template", name: "Template", hint: "Prompts with places to fill in, a pair for each line of fill-ins" },
];
const LABELS: Record<keyof Pair, string> = { clean: "Clean prompt", corrupted: "Corrupted prompt", answer: "Answer", distractor: "Distractor" };

export function create(panel: HTMLElement, events: EditorEvents & { onClose: () => void }): (data: EditorData) => void {
  const { onInput, onChoice, complete } = events;
  let shown: EditorData | undefined;
  const isOfWords = () => shown?.isOfWords ?? false;

  const modes = element("div");
  const showModes = segmentsView.create<Mode>(modes, "How prompts are given", "buttons", (mode) => {
    if (!shown || mode === shown.settings.mode) return;
    const { change, pair } = switched(shown.settings, mode, shown.pair);
    onChoice(change);
    events.onPair(pair);
  });
  const close = element("button", { type: "button", class: "close-editor" }, "Done");
  close.addEventListener("click", events.onClose);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    events.onClose();
  });

  const fields = Object.fromEntries(FIELDS.map((field) => [field, fieldOf(field)])) as Record<keyof Pair, ReturnType<typeof fieldOf>>;
  function fieldOf(id: keyof Pair) {
    const isPrompt = id === "clean" || id === "corrupted";
    const attributes = { id, spellcheck: "false", autocomplete: "off", autocapitalize: "off", dir: "auto", "aria-describedby": `${id}-error ${id}-warning` };
    const input = isPrompt ? element("textarea", { ...attributes, rows: 2 }) : element("input", attributes);
    input.addEventListener("input", () => onInput({ [id]: input.value }));
    const find = isPrompt ? completion.wordCompletions(complete, isOfWords) : completion.answerCompletions(complete, isOfWords);
    const completing = completion.create(input, { find, onChoose: (value) => onInput({ [id]: value }) });
    const notes = notesView.create(id, (value) => onChoice({ [id]: value }), () => input);
    return { input, notes, place: element("div", {}, labelled(id, LABELS[id], completing), notes.place) };
  }

  const swap = element("button", { type: "button" }, "Swap clean and corrupted");
  swap.addEventListener("click", () => {
    if (!shown) return;
    const { clean, corrupted, answer, distractor } = shown.settings;
    onChoice({ clean: corrupted, corrupted: clean, answer: distractor, distractor: answer });
  });
  const names = element("button", { type: "button", "aria-describedby": "names-why" }, "Make the corrupted prompt: swap names");
  const why = element("span", { id: "names-why", class: "hint" });
  names.addEventListener("click", () => {
    const made = shown && swapNames(shown.settings);
    if (made && "corrupted" in made) onChoice({ corrupted: made.corrupted });
  });
  const pairTools = element("div", { class: "pair-tools" }, swap, names, why);
  const aligner = element("div", { class: "aligner-place" });
  aligner.hidden = true;
  const showAligner = alignerView.create(aligner, { onMend: (pair) => onChoice(pair), complete });
  const pairFields = element("div", { class: "pair-fields" }, ...FIELDS.map((field) => fields[field].place));

  const fillings = element("textarea", { id: "fillings", rows: 3, spellcheck: "false", "aria-describedby": "fillings-error fillings-warning fillings-hint" });
  fillings.addEventListener("input", () => onInput({ fillings: fillings.value }));
  const fillingsNotes = notesView.create("fillings", (value) => onChoice({ fillings: value }), () => fillings);
  const hint = element("p", { class: "hint", id: "fillings-hint" }, "Write slots such as {A} into the fields above, and fill them here: A=Mary, B=John. A cell that is edited below turns the template into a batch of its own.");
  const template = element("div", {}, labelled("fillings", "Fill-ins, one pair per line", fillings), fillingsNotes.place, hint);

  const linesNotes = notesView.create("lines", (value) => onChoice({ mode: "lines", lines: value }), () => rowsPlace.querySelector("[tabindex='0']"));
  const lines = element("textarea", { id: "lines", rows: 4, spellcheck: "false", "aria-describedby": "lines-error lines-warning" });
  lines.addEventListener("input", () => onInput({ lines: lines.value }));
  const broken = labelled("lines", "Rows as lines", lines);
  const rowsPlace = element("div", { class: "rows-place" });
  /** The rows as the form has them, read by a model or not. */
  const rowsShown = () => (shown ? pairsIn(shown.settings) : []);
  const insert = (before: readonly Pair[], after: number, pairs: readonly Pair[]) => {
    onChoice(withRows(before, after, pairs));
    events.onPair(before.length === 0 ? 0 : after + 1);
  };
  const showRows = rowsView.create(rowsPlace, {
    onPair: events.onPair,
    onCell: (row, field, value) => onChoice(withCell(rowsShown(), row, field, value)),
    onRows: (after, pairs) => insert(rowsShown(), after, pairs),
    onPasted: (after, pairs) => insert(ownRows(rowsShown()), after, pairs),
    onRemove: (row) => {
      onChoice(withoutRow(rowsShown(), row));
      events.onPair(Math.max(0, row - 1));
    },
  });

  const measure = element("div", { class: "measure" });
  const showMeasure = measureView.create(measure, events);
  const more = element("details", { class: "more", id: "more" }, element("summary", {}, "More: how it is measured"), measure);

  panel.append(element("div", { class: "editor-head" }, modes, close), pairFields, pairTools, aligner, template, linesNotes.place, broken, rowsPlace, more);

  return (data) => {
    shown = data;
    const { settings, errors, warnings, pairs, tokens, pair } = data;
    const { mode } = settings;
    showModes(MODES, mode);
    pairFields.hidden = mode === "lines";
    pairTools.hidden = mode === "lines";
    template.hidden = mode !== "template";
    for (const field of FIELDS) {
      const { input, notes } = fields[field];
      // Setting an equal value would still move the caret.
      if (input.value !== settings[field]) input.value = settings[field];
      input.setAttribute("aria-invalid", String(field in errors));
      notes.show(errors[field] ?? [], warnings[field] ?? []);
    }
    const made = swapNames(settings);
    names.disabled = "why" in made;
    why.textContent = "why" in made ? `Names cannot be swapped: ${made.why}.` : "";
    if (fillings.value !== settings.fillings) fillings.value = settings.fillings;
    fillings.setAttribute("aria-invalid", String("fillings" in errors));
    fillingsNotes.show(errors.fillings ?? [], warnings.fillings ?? []);
    // Lines that do not make rows can only be mended as text.
    const rows = mode === "one" ? [] : rowsShown();
    const isBroken = mode === "lines" && rows.length === 0 && linesIn(settings.lines).length > 0;
    broken.hidden = !isBroken;
    if (lines.value !== settings.lines) lines.value = settings.lines;
    linesNotes.place.hidden = mode !== "lines";
    linesNotes.show(settings.lines.trim() === "" ? [] : (errors.lines ?? []), warnings.lines ?? []);
    rowsPlace.hidden = mode === "one" || isBroken;
    if (!rowsPlace.hidden) showRows({ pairs: rows, pair: Math.min(pair, Math.max(0, rows.length - 1)), notes: data.rows, metric: data.predictedAs, predictions: data.predictions, isOld: !data.isPredicted });
    const [only, read] = [pairs[0], tokens[0]];
    const isUneven = mode === "one" && only && read && read.clean.length !== read.corrupted.length && read.clean.length > 0 && read.corrupted.length > 0;
    showAligner(isUneven ? { clean: only.clean, corrupted: only.corrupted, tokens: read, pair: only, prependBos: settings.prependBos } : null);
    showMeasure(settings, errors, warnings);
    if (errors.metric || errors.position) more.open = true;
  };
}
