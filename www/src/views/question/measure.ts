// How it is measured: metric, direction, what goes in, which edges are exact, where it is read; a sentence for each.

import { NO_POSITION, type Notes } from "../../core/notes";
import type { Direction, LayerNorm, Metric, PatchKind } from "../../engine/types";
import { element, labelled } from "../../lib/dom";
import { METRICS } from "../../lib/format";
import { DIRECTIONS, LAYER_NORMS, PATCHES, SCOPES, type Scope, type Settings } from "../../lib/settings";
import * as notesView from "./notes";

const METRIC_HINTS: Record<Metric, string> = {
  "logit-diff": "The answer’s logit less the distractor’s.",
  "normalized-logit-diff": "The answer’s logit less the distractor’s, on a scale where the corrupted run is 0 and the clean one 1.",
  "log-prob": "The logarithm of the answer’s probability; of a set, of the sum.",
  prob: "The answer’s probability; of a set, the sum.",
  "prob-diff": "The probability of all answers less that of all distractors: 41|42 is a set, and 42..99.",
  kl: "How far the whole output is from the clean run’s; it needs no answer.",
};
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
const LAYER_NORM_HINTS: Record<LayerNorm, string> = {
  exact: "The receiver scales what it reads anew, as TransformerLens does from 4.3 on.",
  frozen: "The receiver keeps the scale of the run that is patched, as TransformerLens did up to 4.2.",
};
const POSITION_HINT = "The token after which the model’s next word is read; a press on a token of the prompt sets it. Empty: the last one.";
const BOS_HINT = "The token that GPT-2 was trained to see in front of every text.";

export interface MeasureEvents {
  onInput: (change: Partial<Settings>) => void;
  onChoice: (change: Partial<Settings>) => void;
}

export function create(container: HTMLElement, { onInput, onChoice }: MeasureEvents): (settings: Settings, errors: Notes, warnings: Notes) => void {
  const chooser = <K extends keyof Settings>(id: string, key: K, options: Record<string, string>) => {
    const select = element("select", { id, "aria-describedby": `${id}-hint` });
    select.append(...Object.entries(options).map(([value, name]) => element("option", { value }, name)));
    select.addEventListener("change", () => onChoice({ [key]: select.value } as Partial<Settings>));
    const hint = element("p", { class: "hint", id: `${id}-hint` });
    return { select, hint };
  };
  const metric = chooser("metric", "metric", METRICS);
  const direction = chooser("direction", "direction", DIRECTIONS);
  const patch = chooser("patch", "patch", PATCHES);
  const scope = chooser("scope", "scope", SCOPES);
  const layerNorm = chooser("layer-norm", "layerNorm", LAYER_NORMS);
  const strongest = element("input", { id: "strongest", type: "number", min: 1, step: 1 });
  strongest.addEventListener("input", () => {
    if (strongest.checkValidity() && strongest.value !== "") onInput({ strongest: Number(strongest.value) });
  });
  const strongestField = labelled("strongest", "How many", strongest);
  const position = element("input", { id: "position", type: "number", step: 1, placeholder: "the last token", "aria-describedby": "position-error position-warning position-hint" });
  position.addEventListener("input", () => {
    const at = positionOf(position);
    if (at === undefined) positionNotes.show([{ text: NO_POSITION }], []);
    else onInput({ position: at });
  });
  const bos = element("input", { type: "checkbox", id: "bos", "aria-describedby": "bos-hint" });
  bos.addEventListener("change", () => onChoice({ prependBos: bos.checked }));
  const metricNotes = notesView.create("metric", (value) => onChoice({ metric: value as Metric }), () => metric.select);
  const positionNotes = notesView.create("position", (value) => onChoice({ position: Number(value) }), () => position);
  metric.select.setAttribute("aria-describedby", "metric-hint metric-error metric-warning");

  const field = (...parts: HTMLElement[]) => element("div", { class: "measure-field" }, ...parts);
  container.append(
    field(labelled("metric", "Metric", metric.select), metric.hint, metricNotes.place),
    field(labelled("direction", "Direction", direction.select), direction.hint),
    field(labelled("patch", "What goes in", patch.select), patch.hint),
    field(labelled("scope", "Exact values of", scope.select), strongestField, scope.hint),
    field(labelled("layer-norm", "LayerNorm of the receiver", layerNorm.select), layerNorm.hint),
    field(labelled("position", "Read at position", position), element("p", { class: "hint", id: "position-hint" }, POSITION_HINT), positionNotes.place),
    field(element("label", { for: "bos", class: "inline" }, bos, " Begin with <|endoftext|>"), element("p", { class: "hint", id: "bos-hint" }, BOS_HINT)),
  );

  return (settings, errors, warnings) => {
    metric.select.value = settings.metric;
    direction.select.value = settings.direction;
    patch.select.value = settings.patch;
    scope.select.value = settings.scope;
    layerNorm.select.value = settings.layerNorm;
    metric.hint.textContent = METRIC_HINTS[settings.metric];
    direction.hint.textContent = DIRECTION_HINTS[settings.direction];
    patch.hint.textContent = PATCH_HINTS[settings.patch];
    scope.hint.textContent = SCOPE_HINTS[settings.scope];
    layerNorm.hint.textContent = LAYER_NORM_HINTS[settings.layerNorm];
    strongestField.hidden = settings.scope !== "strongest";
    if (Number(strongest.value) !== settings.strongest) strongest.value = String(settings.strongest);
    bos.checked = settings.prependBos;
    // What is being typed is left, and what is said of it.
    const isBegun = document.activeElement === position && positionOf(position) === undefined;
    const at = settings.position === null ? "" : String(settings.position);
    if (!isBegun && position.value !== at) position.value = at;
    metric.select.setAttribute("aria-invalid", String("metric" in errors));
    position.setAttribute("aria-invalid", String(isBegun || "position" in errors));
    metricNotes.show(errors.metric ?? [], warnings.metric ?? []);
    positionNotes.show(isBegun ? [{ text: NO_POSITION }] : (errors.position ?? []), warnings.position ?? []);
  };
}

/** The position in a field, null where it is empty; undefined while it holds something else, such as a sign alone. */
export function positionOf({ value, validity }: Pick<HTMLInputElement, "value"> & { validity: Pick<ValidityState, "badInput"> }): number | null | undefined {
  if (validity.badInput) return undefined;
  return value === "" ? null : Number(value);
}
