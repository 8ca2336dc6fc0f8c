// What is written below a scale: effects, and the two runs.

import { baselinesOf, runsOf } from "../../core/direction";
import { hasBaselines, noiseOf, type Table } from "../../core/table";
import type { Axis } from "../../lib/axis";
import { formatEffect, formatTick, formatValue, unitOf } from "../../lib/format";
import type { Group } from "../lattice/box";
import { Y } from "./rows";
import { type Span, spansApart } from "./spans";

/** Effects below the bar. */
export function drawAxis(axis: Group, { x, ticks: values }: Axis, other: number): void {
  const tick = axis
    .selectAll<SVGGElement, number>("g.tick")
    // Where a run has its mark, it has its number too.
    .data(values.filter((value) => value === other || value === 0 || Math.abs(x(value) - x(other)) > 44))
    .join((enter) => {
      const g = enter.append("g").attr("class", "tick");
      g.append("line").attr("y1", Y.bar + Y.barHeight).attr("y2", Y.bar + Y.barHeight + 5);
      g.append("text").attr("y", Y.number).attr("text-anchor", "middle");
      return g;
    })
    .attr("transform", (value) => `translate(${x(value)},0)`);
  tick.classed("zero", (value) => value === 0);
  tick.select("text").text((value) => formatTick(value));
}

/** Both runs, with their values where the axis does not have them. */
export function drawRuns(runs: Group, { x, hasOther, high, ticks: values }: Axis, table: Table, difference: number, width: number, isNarrow: boolean): Span[] {
  const { metric } = table;
  const names = runsOf(table);
  const { base, other } = baselinesOf(table);
  const counted = unitOf(table);
  const unit = counted && !isNarrow ? ` ${counted}` : "";
  const isOwn = hasBaselines(table) && metric !== "normalized-logit-diff";
  const named = (run: string, value: number, more = "") => `${run} run${isOwn ? ` ${formatValue(value, noiseOf(table))}${more}` : ""}`;
  const isSame = hasBaselines(table) && Math.abs(difference) <= noiseOf(table);
  const hasTick = values.includes(difference);
  const first = isSame ? `both runs ${formatValue(base)}${unit}` : named(names.base, base, unit);
  const away = difference > 0 ? "→" : "←";
  const second = hasOther
    ? { at: x(difference), text: named(names.other, other) }
    : { at: difference > 0 ? x(high) : 0, text: difference > 0 ? `${named(names.other, other)} ${away}` : `${away} ${named(names.other, other)}` };
  const placed = [{ at: x(0), text: first, name: "base" }, ...(isSame || !hasBaselines(table) ? [] : [{ ...second, name: "other" }])];
  const spans = spansApart(placed, width);
  runs
    .selectAll("text")
    .data(placed)
    .join("text")
    .attr("class", ({ name }) => name)
    .attr("y", Y.name)
    .attr("text-anchor", "middle")
    .attr("x", (_, i) => (spans[i]!.from + spans[i]!.to) / 2)
    .text(({ text }) => text);
  const mark = hasOther && difference !== 0 && !isSame ? [difference] : [];
  runs
    .selectAll("line")
    .data(mark)
    .join("line")
    .attr("class", "other-mark")
    .attr("y1", Y.tick)
    .attr("y2", Y.bar + Y.barHeight + 5)
    .attr("x1", (effect) => x(effect))
    .attr("x2", (effect) => x(effect));
  const number = mark.length > 0 && !hasTick ? [difference] : [];
  runs
    .selectAll("text.number")
    .data(number)
    .join("text")
    .attr("class", "number")
    .attr("y", Y.number)
    .attr("x", (effect) => x(effect))
    .attr("text-anchor", "middle")
    .text((effect) => formatEffect(effect));
  return spans;
}
