// The form: prompts with their tokens, answers, and what to measure. Says what was changed; keeps nothing.

import type { Field, Note, Notes } from "../core/notes";
import type { PairTokens } from "../core/request";
import type { Direction, LayerNorm, Metric, PatchKind } from "../engine/types";
import { element, labelled } from "../lib/dom";
import { METRICS } from "../lib/format";
import { FIELDS, linesOf, type Mode, type Pair } from "../lib/pairs";
import type { Preset } from "../lib/preset";
import type { Recent } from "../lib/recent";
import { DIRECTIONS, LAYER_NORMS, PATCHES, SCOPES, type Scope, type Settings } from "../lib/settings";
import { answerInShort, visible } from "../lib/tokens";
import * as tokensView from "./tokens";

export interface ControlsData {
  settings: Settings;
  /** The tokens of each pair. */
  tokens: PairTokens[];
  errors: Notes;
  /** What is worth knowing, though it runs. */
  warnings: Notes;
  /** What was run before, newest first; each with what restores it. */
  recent: Recent[];
}

export interface ControlsEvents {
  /** Something was typed; more may follow. */
  onInput: (change: Partial<Settings>) => void;
  /** Something was chosen. */
  onChoice: (change: Partial<Settings>) => void;
  onPreset: (preset: Preset) => void;
  /** What was run before, by what restores it. */
  onRecent: (params: string) => void;
}

const MODES: Record<Mode, string> = { one: "One pair", lines: "Pasted lines", template: "A template" };

/** What each choice means, in a sentence. */
const DIRECTION_HINTS: Record<Direction, string> = {
  denoise: "The corrupted run is patched: which edges bring the answer back?",
  noise: "The clean run is patched: which edges does the answer need?",
};
const PATCH_HINTS: Record<PatchKind, string> = {
  resample: "The sender’s write in the other run of the same pair takes the place of its own.",
  mean: "The mean of the sender’s writes in the other runs of all pairs, position by position, takes the place of its own. Over one pair that is what the other run writes.",
  zero: "Zero takes the place of the sender’s write, as if it were not there.",
};
const SCOPE_HINTS: Record<Scope, string> = {
  all: "Estimates of all edges come first; exact values take their place, largest first.",
  strongest: "Estimates of all edges come first; the largest become exact, and others taken at random check the rest.",
  source: "Estimates of all edges come first; those of the sender that is looked at become exact.",
  none: "Estimates alone: the receiver’s own attention is exact, what comes after it first order.",
};

const LABELS: Record<keyof Pair, string> = {
  clean: "Clean prompt",
  corrupted: "Corrupted prompt",
  answer: "Answer",
  distractor: "Distractor",
};

/** The form, for a model's presets; what was in it before goes. */
export function create(form: HTMLFormElement, presets: Preset[], events: ControlsEvents): (data: ControlsData) => void {
  form.onsubmit = (event) => event.preventDefault();

  const preset = chooser("preset", [["", "Your own"], ...presets.map((p, i): [string, string] => [String(i), p.name])]);
  preset.addEventListener("change", () => {
    const chosen = presets[Number(preset.value)];
    if (preset.value !== "" && chosen) events.onPreset(chosen);
  });
  const credit = element("p", { class: "note" });
  const recent = element("select", { id: "recent" });
  recent.addEventListener("change", () => {
    if (recent.value !== "") events.onRecent(recent.value);
  });
  const recentField = labelled("recent", "Earlier runs (this browser)", recent);

  const text = (id: keyof Pair | "lines" | "fillings", rows: number) => {
    const attributes = { id, spellcheck: "false", "aria-describedby": `${id}-error ${id}-warning` };
    const input = rows > 1 ? element("textarea", { ...attributes, rows }) : element("input", attributes);
    input.addEventListener("input", () => events.onInput({ [id]: input.value }));
    return input;
  };
  const inputs = {
    clean: text("clean", 3),
    corrupted: text("corrupted", 3),
    answer: text("answer", 1),
    distractor: text("distractor", 1),
    lines: text("lines", 6),
    fillings: text("fillings", 4),
  };
  const modes = Object.entries(MODES).map(([value, name]) => {
    const radio = element("input", { type: "radio", name: "mode", value, id: `mode-${value}` });
    radio.addEventListener("change", () => events.onChoice({ mode: value as Mode, ...carriedOver(value as Mode) }));
    return { radio, label: element("label", { for: `mode-${value}` }, radio, ` ${name}`) };
  });
  /** The pair that is there goes along to the lines, where there are none yet. */
  const carriedOver = (mode: Mode) => {
    const [clean, corrupted, answer, distractor] = FIELDS.map((field) => inputs[field].value);
    const pair = { clean: clean!, corrupted: corrupted!, answer: answer!, distractor: distractor! };
    return mode === "lines" && inputs.lines.value.trim() === "" ? { lines: linesOf([pair]) } : {};
  };
  const tokens = element("div", { class: "pairs" });

  const metric = chooser("metric", Object.entries(METRICS));
  metric.setAttribute("aria-describedby", "metric-error metric-warning");
  metric.addEventListener("change", () => events.onChoice({ metric: metric.value as Metric }));
  const direction = chooser("direction", Object.entries(DIRECTIONS));
  direction.addEventListener("change", () => events.onChoice({ direction: direction.value as Direction }));
  const patch = chooser("patch", Object.entries(PATCHES));
  patch.addEventListener("change", () => events.onChoice({ patch: patch.value as PatchKind }));
  const [directionHint, patchHint, scopeHint] = ["direction-hint", "patch-hint", "scope-hint"].map((id) => element("p", { class: "hint", id }));
  const layerNorm = chooser("layer-norm", Object.entries(LAYER_NORMS));
  layerNorm.addEventListener("change", () => events.onChoice({ layerNorm: layerNorm.value as LayerNorm }));
  const scope = chooser("scope", Object.entries(SCOPES));
  scope.addEventListener("change", () => events.onChoice({ scope: scope.value as Scope }));
  const strongest = element("input", { id: "strongest", type: "number", min: 1, step: 1 });
  strongest.addEventListener("input", () => {
    if (strongest.checkValidity() && strongest.value !== "") events.onInput({ strongest: Number(strongest.value) });
  });
  const strongestField = labelled("strongest", "How many", strongest);
  const position = element("input", { id: "position", type: "number", step: 1, placeholder: "the last token; −2 is the one before it", "aria-describedby": "position-error position-warning" });
  position.addEventListener("input", () => {
    events.onInput({ position: position.value === "" ? null : Number(position.value) });
  });
  const bos = element("input", { type: "checkbox", id: "bos" });
  bos.addEventListener("change", () => events.onChoice({ prependBos: bos.checked }));

  const onePair = element(
    "div",
    {},
    labelled("clean", LABELS.clean, inputs.clean),
    ...notes("clean"),
    labelled("corrupted", LABELS.corrupted, inputs.corrupted),
    ...notes("corrupted"),
    element(
      "div",
      { class: "pair" },
      element("div", {}, labelled("answer", LABELS.answer, inputs.answer), ...notes("answer")),
      element("div", {}, labelled("distractor", LABELS.distractor, inputs.distractor), ...notes("distractor")),
    ),
  );
  const lines = element(
    "div",
    {},
    labelled("lines", "Pairs, one per line: clean | corrupted | answer | distractor", inputs.lines),
    hint("Between bars with spaces around them an answer gets the space that its prompt calls for; between bare bars (|) or tabs parts stay as they are. A set such as 41|42 needs spaced bars or tabs around it. Metrics are averaged over the pairs, with their standard deviation."),
    ...notes("lines"),
  );
  const fillings = element(
    "div",
    {},
    labelled("fillings", "Fill-ins, one pair per line", inputs.fillings),
    hint("Write slots such as {A} into the fields above and fill them here: A=Mary, B=John"),
    ...notes("fillings"),
  );
  form.replaceChildren(
    element(
      "fieldset",
      { id: "prompts" },
      element("legend", {}, "Prompts"),
      labelled("preset", "Example", preset),
      credit,
      recentField,
      element("div", { class: "choices", role: "radiogroup", "aria-label": "How prompts are given" }, ...modes.map((m) => m.label)),
      onePair,
      lines,
      fillings,
      tokens,
      hint("Both prompts need the same number of tokens. The answer is one token; in GPT-2 it begins with its space. A set of answers is written 41|42, or 42..99 for the numbers from 42 to 99."),
      element("label", { for: "bos", class: "inline" }, bos, " Begin with <|endoftext|>"),
    ),
    element(
      "fieldset",
      {},
      element("legend", {}, "Measure"),
      labelled("metric", "Metric", metric),
      hint("What is read off the output; an edge’s value is the metric once that edge alone is patched."),
      ...notes("metric"),
      labelled("position", "Read at position", position),
      ...notes("position"),
      labelled("direction", "Direction", direction),
      directionHint!,
      labelled("patch", "What goes in", patch),
      patchHint!,
      labelled("scope", "Exact values of", scope),
      strongestField,
      scopeHint!,
      labelled("layer-norm", "LayerNorm of the receiver", layerNorm),
      hint("TransformerLens kept the scale up to 4.2 and normalises anew from 4.3 on."),
    ),
  );

  let shownPairs: PairTokens[] | undefined;
  let shownRecent: Recent[] | undefined;
  /** What each place for errors and warnings says. */
  const said = new Map<HTMLElement, string>();
  return ({ settings, tokens: pairs, errors, warnings, recent: before }) => {
    for (const [id, input] of Object.entries(inputs)) {
      const value = settings[id as keyof typeof inputs];
      // Setting an equal value would still move the caret.
      if (input.value !== value) input.value = value;
    }
    onePair.hidden = settings.mode === "lines";
    lines.hidden = settings.mode !== "lines";
    fillings.hidden = settings.mode !== "template";
    for (const { radio } of modes) radio.checked = radio.value === settings.mode;
    const same = presets.findIndex((p) => settings.mode === "one" && FIELDS.every((key) => p[key] === settings[key]));
    credit.replaceChildren(...(presets[same] ? ["After ", link(presets[same].source)] : []));
    preset.value = same < 0 ? "" : String(same);
    if (before !== shownRecent) {
      recent.disabled = before.length === 0;
      recent.replaceChildren(
        element("option", { value: "" }, before.length ? "Choose a run" : "None yet"),
        ...before.map(({ title, params }) => element("option", { value: params }, title)),
      );
      shownRecent = before;
    }
    recent.value = "";
    metric.value = settings.metric;
    direction.value = settings.direction;
    patch.value = settings.patch;
    layerNorm.value = settings.layerNorm;
    scope.value = settings.scope;
    directionHint!.textContent = DIRECTION_HINTS[settings.direction];
    patchHint!.textContent = PATCH_HINTS[settings.patch];
    scopeHint!.textContent = SCOPE_HINTS[settings.scope];
    strongestField.hidden = settings.scope !== "strongest";
    if (Number(strongest.value) !== settings.strongest) strongest.value = String(settings.strongest);
    bos.checked = settings.prependBos;
    const at = settings.position === null ? "" : String(settings.position);
    if (position.value !== at) position.value = at;

    if (pairs !== shownPairs) {
      // A pair that the reader has opened, or closed, stays so.
      const open = [...tokens.querySelectorAll("details")].map((pair) => pair.open);
      tokens.replaceChildren(...pairs.map((pair, i) => pairOfTokens(pair, i, pairs.length, open[i] ?? i === 0)));
      shownPairs = pairs;
    }
    for (const place of form.querySelectorAll<HTMLElement>("[data-field]")) {
      const field = place.dataset.field as Field;
      const input = { ...inputs, metric, position }[field];
      const isError = place.classList.contains("error");
      const hadFocus = place.contains(document.activeElement);
      const notes = (isError ? errors : warnings)[field] ?? [];
      // What is unchanged is not read out again with each key.
      const words = JSON.stringify(notes);
      if (words !== said.get(place)) place.replaceChildren(...says(field, notes, events));
      said.set(place, words);
      if (isError) input.setAttribute("aria-invalid", String(field in errors));
      // The button that mended it is gone.
      if (hadFocus && !place.contains(document.activeElement)) input.focus();
    }
  };
}

/** One pair's tokens; of several, each opens by itself. */
function pairOfTokens(pair: PairTokens, i: number, pairs: number, isOpen: boolean): HTMLElement {
  const place = element("div");
  tokensView.create(place)(pair);
  const { answer, distractor } = pair;
  const chips = [answer, distractor].filter((tokens) => tokens.length > 0).map(answerInShort);
  if (chips.length) place.append(element("p", { class: "note" }, `Answer ${chips.join(" against ")}`));
  if (pairs === 1) return place;
  return element("details", { open: isOpen }, element("summary", {}, `Pair ${i + 1}`), place);
}

/** Sentences, each with a button that does what it suggests. */
function says(field: Field, notes: Note[], events: ControlsEvents): (Node | string)[] {
  return notes.flatMap(({ text, suggestion }, i) => {
    const words = `${i > 0 ? " " : ""}${text}`;
    if (suggestion === undefined) return [words];
    const mend = element("button", { type: "button" }, `Use “${visible(suggestion)}”`);
    mend.addEventListener("click", () => events.onChoice({ [field]: suggestion }));
    return [`${words} `, mend];
  });
}

function chooser(id: string, options: [string, string][]): HTMLSelectElement {
  const select = element("select", { id });
  select.append(...options.map(([value, name]) => element("option", { value }, name)));
  return select;
}

const hint = (text: string): HTMLElement => element("p", { class: "hint" }, text);

function link({ text, url }: Preset["source"]): HTMLElement {
  return element("a", { href: url }, text);
}

/** What is wrong with a field, and what is worth knowing about it. */
function notes(field: Field): [HTMLElement, HTMLElement] {
  return [
    element("p", { class: "error", id: `${field}-error`, role: "alert", "data-field": field }),
    element("p", { class: "warning", id: `${field}-warning`, role: "status", "data-field": field }),
  ];
}
