// The effect on a linear scale: from the run that is patched, with the other run marked.
//
// The scale is of both runs, so that bars can be compared from edge to edge; an effect beyond it widens it.

import { runsOf } from "../../core/direction";
import { type Told, type Written } from "../../core/sentence";
import { element } from "../../lib/dom";
import { hasBaselines } from "../../core/table";
import { formatEffect, formatValue } from "../../lib/format";

export interface EffectData {
  told: Told;
  written: Written | null;
}

/** Room beyond the run that is patched, and beyond the other one, as a share of the way between them. */
const BEFORE = 0.35;
const BEYOND = 0.04;
/** Marks nearer than this share of the width have their words on either side. */
const NEAR = 0.3;

export function create(container: HTMLElement): (data: EffectData) => void {
  const bar = element("i", { class: "effect-bar" });
  const size = element("b", { class: "effect-size" });
  const marks = { clean: mark("clean"), corrupted: mark("corrupted") };
  const track = element("div", { class: "effect-track" }, bar, size, ...Object.values(marks).flatMap(({ line, label }) => [line, label]));
  const chart = element("div", { class: "edge-effect", role: "img" }, track);
  container.append(chart);

  return ({ told, written }) => {
    const { table, value, isExact, noise } = told;
    const { base, other } = runsOf(table);
    const isKnown = hasBaselines(table);
    const metric = isKnown ? { clean: table.cleanMetric, corrupted: table.corruptedMetric } : { clean: 0, corrupted: 0 };
    const gap = metric[other] - metric[base];
    const change = Math.abs(value - metric[base]) < noise ? 0 : value - metric[base];
    const ends = [-BEFORE * gap, (1 + BEYOND) * gap, change, change === 0 && gap === 0 ? 1 : -0.1 * change];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const at = (effect: number) => (effect - low) / (high - low);

    const [from, to] = [at(0), at(change)];
    bar.className = `effect-bar ${change < 0 ? "lowers" : "raises"}${isExact ? "" : " estimate"}`;
    place(bar, Math.min(from, to));
    bar.style.inlineSize = `${100 * Math.abs(to - from)}%`;
    size.className = `effect-size ${change === 0 ? "" : change < 0 ? "lowers" : "raises"}`;
    size.textContent = change === 0 ? "0" : formatEffect(change, noise);
    spread(size, to);

    const same = Math.abs(gap) < noise;
    const isNear = Math.abs(at(gap) - at(0)) < NEAR;
    const isLeft = gap < 0;
    const numbers = { [base]: written?.base ?? formatValue(metric[base], noise), [other]: written?.other ?? formatValue(metric[other], noise) };
    for (const run of ["clean", "corrupted"] as const) {
      const { line, label, number, name } = marks[run];
      const x = at(run === base ? 0 : gap);
      place(line, x);
      line.hidden = label.hidden = same && run === other;
      number.textContent = numbers[run]!;
      // On a normalised scale the runs are at 0 and 1, whatever their logits are.
      const scaled = written && table.metric === "normalized-logit-diff" ? `, ${run === "clean" ? 1 : 0}` : "";
      name.textContent = !isKnown ? `${base} run` : same ? "both runs" : `${run}${scaled}`;
      if (isNear && !same) aside(label, x, isLeft === (run === other));
      else spread(label, x);
    }
    const end = same ? "" : `, where the ${other} run has ${numbers[other]}`;
    const kind = isExact ? "Effect" : "Estimated effect";
    chart.setAttribute("aria-label", `${kind} ${size.textContent}: from ${numbers[base]} in the ${base} run to ${written?.now ?? formatValue(value, noise)}${end}.`);
  };
}

function mark(run: "clean" | "corrupted") {
  const number = element("span");
  const name = element("small");
  return { line: element("i", { class: `effect-mark ${run}` }), label: element("span", { class: "effect-label" }, number, name), number, name };
}

const place = (what: HTMLElement, x: number): void => void (what.style.left = `${100 * x}%`);

/** A share of the width from an end within which words begin, or end, at their place. */
const END = 0.1;

/** Words at a place, within the scale. */
function spread(what: HTMLElement, x: number): void {
  place(what, x);
  what.style.transform = `translateX(${x < END ? "0" : x > 1 - END ? "-100%" : "-50%"})`;
}

function aside(what: HTMLElement, x: number, isLeft: boolean): void {
  place(what, x);
  what.style.transform = isLeft ? "translateX(calc(-100% - 3px))" : "translateX(3px)";
}
