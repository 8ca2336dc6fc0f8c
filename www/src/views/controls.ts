// The form: prompts with their tokens, answers, and what to measure. Says what was changed; keeps nothing.

import type { LayerNorm, Metric, Token } from "../engine/types";
import { element, labelled } from "../lib/dom";
import { METRICS } from "../lib/format";
import { FIELDS, type Mode, type Pair } from "../lib/pairs";
import type { Preset } from "../lib/presets";
import { LAYER_NORMS, SCOPES, type Scope, type Settings } from "../lib/settings";
import { visible } from "../lib/tokens";
import * as tokensView from "./tokens";

/** The parts of the form that an error can stand beside. */
export type Field = keyof Pair | "lines" | "fillings" | "metric" | "position";

/** What is wrong with a field, and what would do in its place. */
export interface FieldError {
  text: string;
  suggestion?: string;
}

/** A pair's tokens as far as there are any. */
export interface PairTokens {
  clean: Token[];
  corrupted: Token[];
  answer: Token | null;
  distractor: Token | null;
}

export interface ControlsData {
  settings: Settings;
  /** The tokens of each pair. */
  tokens: PairTokens[];
  errors: Partial<Record<Field, FieldError>>;
  /** What was run before, newest first. */
  recent: { title: string }[];
}

export interface ControlsEvents {
  /** Something was typed; more may follow. */
  onInput: (change: Partial<Settings>) => void;
  /** Something was chosen. */
  onChoice: (change: Partial<Settings>) => void;
  onPreset: (preset: Preset) => void;
  /** What was run before, by its place. */
  onRecent: (index: number) => void;
}

const MODES: Record<Mode, string> = { one: "One pair", lines: "Pasted lines", template: "A template" };

const LABELS: Record<keyof Pair, string> = {
  clean: "Clean prompt",
  corrupted: "Corrupted prompt",
  answer: "Answer",
  distractor: "Distractor",
};

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
    if (recent.value !== "") events.onRecent(Number(recent.value));
  });
  const recentField = labelled("recent", "Run before, in this browser", recent);

  const text = (id: keyof Pair | "lines" | "fillings", rows: number) => {
    const attributes = { id, spellcheck: "false", "aria-describedby": `${id}-error` };
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
    radio.addEventListener("change", () => events.onChoice({ mode: value as Mode }));
    return { radio, label: element("label", { for: `mode-${value}` }, radio, ` ${name}`) };
  });
  const tokens = element("div", { class: "pairs" });

  const metric = chooser("metric", Object.entries(METRICS));
  metric.setAttribute("aria-describedby", "metric-error");
  metric.addEventListener("change", () => events.onChoice({ metric: metric.value as Metric }));
  const layerNorm = chooser("layer-norm", Object.entries(LAYER_NORMS));
  layerNorm.addEventListener("change", () => events.onChoice({ layerNorm: layerNorm.value as LayerNorm }));
  const scope = chooser("scope", Object.entries(SCOPES));
  scope.addEventListener("change", () => events.onChoice({ scope: scope.value as Scope }));
  const position = element("input", { id: "position", type: "number", min: 0, step: 1, placeholder: "the last token", "aria-describedby": "position-error" });
  position.addEventListener("input", () => {
    events.onInput({ position: position.value === "" ? null : Number(position.value) });
  });
  const bos = element("input", { type: "checkbox", id: "bos" });
  bos.addEventListener("change", () => events.onChoice({ prependBos: bos.checked }));

  const onePair = element(
    "div",
    {},
    labelled("clean", LABELS.clean, inputs.clean),
    error("clean"),
    labelled("corrupted", LABELS.corrupted, inputs.corrupted),
    error("corrupted"),
    element(
      "div",
      { class: "pair" },
      element("div", {}, labelled("answer", LABELS.answer, inputs.answer), error("answer")),
      element("div", {}, labelled("distractor", LABELS.distractor, inputs.distractor), error("distractor")),
    ),
  );
  const lines = element(
    "div",
    {},
    labelled("lines", "Pairs, one a line: clean | corrupted | answer | distractor", inputs.lines),
    hint("Parts stand between bars or tabs. Metrics are means over the pairs, each with its spread."),
    error("lines"),
  );
  const fillings = element(
    "div",
    {},
    labelled("fillings", "Fill-ins, one pair a line", inputs.fillings),
    hint("Write slots such as {A} into the fields above and fill them here: A=Mary, B=John"),
    error("fillings"),
  );
  form.append(
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
      hint("Both prompts need as many tokens; the answer is one token, and begins with its space in GPT-2."),
      element("label", { for: "bos", class: "inline" }, bos, " Begin with <|endoftext|>"),
    ),
    element(
      "fieldset",
      {},
      element("legend", {}, "Measure"),
      labelled("metric", "Metric", metric),
      hint("What is read off the output; a cell is its value once one edge is patched."),
      error("metric"),
      labelled("position", "Read at position", position),
      error("position"),
      labelled("scope", "Exact values of", scope),
      hint("First-order estimates of all edges come first; exact values take their place, largest first."),
      labelled("layer-norm", "LayerNorm of the destination", layerNorm),
      hint("TransformerLens kept the scale up to 4.2 and normalises anew from 4.3 on."),
    ),
  );

  return ({ settings, tokens: pairs, errors, recent: before }) => {
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
    recentField.hidden = before.length === 0;
    recent.replaceChildren(
      element("option", { value: "" }, "Choose a run"),
      ...before.map(({ title }, i) => element("option", { value: i }, title)),
    );
    metric.value = settings.metric;
    layerNorm.value = settings.layerNorm;
    scope.value = settings.scope;
    bos.checked = settings.prependBos;
    const at = settings.position === null ? "" : String(settings.position);
    if (position.value !== at) position.value = at;

    tokens.replaceChildren(...pairs.map((pair, i) => pairOfTokens(pair, i, pairs.length)));
    for (const place of form.querySelectorAll<HTMLElement>(".error")) {
      const field = place.dataset.field as Field;
      place.replaceChildren(...says(field, errors[field], events));
      const input = { ...inputs, metric, position }[field];
      input.setAttribute("aria-invalid", String(field in errors));
    }
  };
}

/** One pair's tokens; of several, each opens by itself. */
function pairOfTokens(pair: PairTokens, i: number, pairs: number): HTMLElement {
  const place = element("div");
  tokensView.create(place)(pair);
  const { answer, distractor } = pair;
  const chips = [answer, distractor].filter((token) => token !== null).map(({ text }) => `“${visible(text)}”`);
  if (chips.length) place.append(element("p", { class: "note" }, `Answer ${chips.join(" against ")}`));
  if (pairs === 1) return place;
  return element("details", { open: i === 0 }, element("summary", {}, `Pair ${i + 1}`), place);
}

/** An error, with a button that mends it where that is known. */
function says(field: Field, error: FieldError | undefined, events: ControlsEvents): (Node | string)[] {
  if (!error) return [];
  const { text, suggestion } = error;
  if (suggestion === undefined) return [text];
  const mend = element("button", { type: "button" }, `Use “${visible(suggestion)}”`);
  mend.addEventListener("click", () => events.onChoice({ [field]: suggestion }));
  return [`${text} `, mend];
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

function error(field: Field): HTMLElement {
  return element("p", { class: "error", id: `${field}-error`, role: "alert", "data-field": field });
}
