// The form: prompts with their tokens, answers, and what to patch. Says what was changed; keeps nothing.

import type { Component, Config, Metric, Token } from "../engine/types";
import { element, labelled } from "../lib/dom";
import { COMPONENTS, METRICS } from "../lib/format";
import type { Preset, Settings } from "../lib/presets";
import { differences, visible } from "../lib/tokens";
import * as tokensView from "./tokens";

/** The parts of the form that hold text of the model's vocabulary. */
export type TextField = "clean" | "corrupted" | "answer" | "distractor";

/** The parts of the form that an error can stand beside. */
export type Field = TextField | "source" | "metric";

/** What is wrong with a field, and what would do in its place. */
export interface FieldError {
  text: string;
  suggestion?: string;
}

export interface ControlsData {
  settings: Settings;
  config: Config;
  tokens: Record<TextField, Token[]>;
  errors: Partial<Record<Field, FieldError>>;
}

export interface ControlsEvents {
  /** Something was typed; more may follow. */
  onInput: (change: Partial<Settings>) => void;
  /** Something was chosen. */
  onChoice: (change: Partial<Settings>) => void;
}

export function create(
  form: HTMLFormElement,
  presets: Preset[],
  events: ControlsEvents,
): (data: ControlsData) => void {
  form.onsubmit = (event) => event.preventDefault();

  const preset = element("select", { id: "preset" });
  preset.append(
    element("option", { value: "" }, "Your own"),
    ...presets.map((p, i) => element("option", { value: i }, p.name)),
  );
  preset.addEventListener("change", () => {
    const chosen = presets[Number(preset.value)];
    if (preset.value === "" || !chosen) return;
    const { name: _, source: __, ...settings } = chosen;
    events.onChoice(settings);
  });

  const text = (id: TextField, rows: number) => {
    const input = rows > 1 ? element("textarea", { id, rows, spellcheck: "false" }) : element("input", { id, spellcheck: "false" });
    input.setAttribute("aria-describedby", `${id}-error`);
    input.addEventListener("input", () => events.onInput({ [id]: input.value }));
    return input;
  };
  const clean = text("clean", 3);
  const corrupted = text("corrupted", 3);
  const answer = text("answer", 1);
  const distractor = text("distractor", 1);
  const tokens = () => {
    const place = element("div");
    return { place, show: tokensView.create(place) };
  };
  const of = { clean: tokens(), corrupted: tokens(), answer: tokens(), distractor: tokens() };
  const credit = element("p", { class: "note" });

  const layer = element("select", { id: "src-layer", "aria-describedby": "source-error" });
  const head = element("select", { id: "src-head", "aria-describedby": "source-error" });
  layer.addEventListener("change", () => events.onChoice({ srcLayer: Number(layer.value) }));
  head.addEventListener("change", () => events.onChoice({ srcHead: Number(head.value) }));

  const components = Object.entries(COMPONENTS).map(([value, name]) => {
    const radio = element("input", { type: "radio", name: "component", value, id: `component-${value}` });
    radio.addEventListener("change", () => events.onChoice({ component: value as Component }));
    return { radio, label: element("label", { for: `component-${value}` }, radio, ` ${name}`) };
  });

  const metric = element("select", { id: "metric", "aria-describedby": "metric-error" });
  metric.append(...Object.entries(METRICS).map(([value, name]) => element("option", { value }, name)));
  metric.addEventListener("change", () => events.onChoice({ metric: metric.value as Metric }));

  const bos = element("input", { type: "checkbox", id: "bos" });
  bos.addEventListener("change", () => events.onChoice({ prependBos: bos.checked }));

  form.append(
    element(
      "fieldset",
      {},
      element("legend", {}, "Prompts"),
      labelled("preset", "Example", preset),
      credit,
      labelled("clean", "Clean prompt", clean),
      of.clean.place,
      error("clean"),
      labelled("corrupted", "Corrupted prompt", corrupted),
      of.corrupted.place,
      error("corrupted"),
      element(
        "div",
        { class: "pair" },
        element("div", {}, labelled("answer", "Answer", answer), of.answer.place, error("answer")),
        element("div", {}, labelled("distractor", "Distractor", distractor), of.distractor.place, error("distractor")),
      ),
      element("label", { for: "bos", class: "inline" }, bos, " Begin with <|endoftext|>"),
    ),
    element(
      "fieldset",
      {},
      element("legend", {}, "Patch"),
      element(
        "div",
        { class: "pair" },
        labelled("src-layer", "Source layer", layer),
        labelled("src-head", "Source head", head),
      ),
      error("source"),
      element(
        "div",
        { class: "choices", role: "radiogroup", "aria-label": "Input of the later heads that is patched" },
        element("span", { "aria-hidden": "true" }, "Patched into each later head’s"),
        ...components.map((c) => c.label),
      ),
      labelled("metric", "Metric", metric),
      error("metric"),
    ),
  );

  return ({ settings, config, tokens, errors }) => {
    const values = { clean, corrupted, answer, distractor };
    for (const [id, input] of Object.entries(values)) {
      const value = settings[id as keyof typeof values];
      // Setting an equal value would still move the caret.
      if (input.value !== value) input.value = value;
    }
    const same = presets.findIndex((p) => isSame(p, settings));
    credit.replaceChildren(...(presets[same] ? ["After ", link(presets[same].source)] : []));
    preset.value = same < 0 ? "" : String(same);
    numbers(layer, config.n_layers);
    numbers(head, config.n_heads);
    layer.value = String(settings.srcLayer);
    head.value = String(settings.srcHead);
    for (const { radio } of components) radio.checked = radio.value === settings.component;
    metric.value = settings.metric;
    bos.checked = settings.prependBos;

    const differs = differences(tokens.clean, tokens.corrupted);
    of.clean.show({ tokens: tokens.clean, differs });
    of.corrupted.show({ tokens: tokens.corrupted, differs });
    of.answer.show({ tokens: tokens.answer, differs: [] });
    of.distractor.show({ tokens: tokens.distractor, differs: [] });
    for (const place of form.querySelectorAll<HTMLElement>(".error")) {
      const field = place.dataset.field as Field;
      place.replaceChildren(...says(field, errors[field], events));
      const input = { ...values, source: layer, metric }[field];
      input.setAttribute("aria-invalid", String(field in errors));
    }
  };
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

function link({ text, url }: Preset["source"]): HTMLElement {
  return element("a", { href: url }, text);
}

function error(field: Field): HTMLElement {
  return element("p", { class: "error", id: `${field}-error`, role: "alert", "data-field": field });
}

/** Options 0 to n - 1, made anew only when n changes. */
function numbers(select: HTMLSelectElement, n: number): void {
  if (select.length === n) return;
  select.replaceChildren(
    ...Array.from({ length: n }, (_, i) => element("option", { value: i }, String(i))),
  );
}

/** Whether the settings are a preset's prompts, whatever head or component is looked at. */
function isSame(preset: Settings, settings: Settings): boolean {
  const texts = ["clean", "corrupted", "answer", "distractor"] as const;
  return texts.every((key) => preset[key] === settings[key]);
}
