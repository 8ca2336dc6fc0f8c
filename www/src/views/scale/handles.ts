// The two handles of a scale, which set how large an effect has to be to be shown; one of them is a slider for the
// keyboard.

import type { Shown } from "../../core/shown";
import type { Axis } from "../../lib/axis";
import type { Group } from "../lattice/box";
import { Y } from "./rows";

/** What a scale shows. */
export interface Measured {
  axis: Axis;
  shown: Shown;
  /** Effects up to this are rounding. */
  noise: number;
  /** The largest effect. */
  reach: number;
}

export interface HandlesEvents {
  onGrab: () => void;
  onLeast: (effect: number) => void;
}

/** A side of the axis that is so much shorter than the whole has nothing to set a handle to. */
const STUB = 60;
/** A key press changes the least effect by so much, and a page key by so much. */
const STEP = { key: 1.12, page: 2 };

export function create(group: Group, { onGrab, onLeast }: HandlesEvents): { draw: (now: Measured, says: string) => void; isDragging: () => boolean } {
  let isDragging = false;
  let now: Measured | undefined;

  const draw = (measured: Measured, says: string) => {
    now = measured;
    const { axis: { x, low, high }, shown: { least }, noise, reach } = measured;
    const endOf = (side: 1 | -1) => (side > 0 ? high : -low);
    const sides = reach <= noise ? [] : ([1, -1] as const).filter((side) => endOf(side) >= least && endOf(side) * STUB > high - low);
    // The one at the right is the slider; where effects go down alone it is the other.
    const slider = sides[0];
    const handle = group
      .selectAll<SVGGElement, 1 | -1>("g.handle")
      .data(sides, (side) => side)
      .join((enter) => {
        const g = enter.append("g").attr("class", "handle");
        g.append("rect").attr("x", -12).attr("y", Y.tick - 4).attr("width", 24).attr("height", Y.handle - Y.tick + 12);
        g.append("line").attr("y1", Y.tick - 2).attr("y2", Y.handle);
        g.append("circle").attr("cy", Y.handle).attr("r", 5);
        return g;
      })
      .attr("transform", (side) => `translate(${x(side * least)},0)`);
    handle.each(function (side) {
      const attributes: Record<string, string> = {
        role: "slider",
        tabindex: "0",
        "aria-label": "Least effect shown",
        "aria-valuemin": "0",
        "aria-valuemax": String(reach),
        "aria-valuenow": String(least),
        "aria-valuetext": says,
      };
      for (const [name, value] of Object.entries(attributes)) {
        if (side === slider) this.setAttribute(name, value);
        else this.removeAttribute(name);
      }
      if (side !== slider) this.setAttribute("aria-hidden", "true");
      else this.removeAttribute("aria-hidden");
    });
    handle
      .on("pointerdown", function (event: PointerEvent) {
        isDragging = true;
        this.setPointerCapture(event.pointerId);
        onGrab();
      })
      .on("pointermove", (event: PointerEvent) => {
        if (!isDragging || !now) return;
        event.stopPropagation();
        const at = event.clientX - (group.node()?.ownerSVGElement?.getBoundingClientRect().left ?? 0);
        onLeast(Math.abs(now.axis.effect(at)));
      })
      .on("pointerup pointercancel", () => {
        isDragging = false;
      })
      .on("keydown", (event: KeyboardEvent) => {
        const next = now && leastAfter(event.key, now.shown.least, now.noise, now.reach);
        if (next === null || next === undefined) return;
        event.preventDefault();
        onLeast(next);
      });
  };
  return { draw, isDragging: () => isDragging };
}

/** The least effect after a key; null for keys that a slider does not have. */
export function leastAfter(key: string, least: number, noise: number, reach: number): number | null {
  const from = Math.max(least, noise);
  const to = {
    ArrowRight: from * STEP.key,
    ArrowUp: from * STEP.key,
    ArrowLeft: from / STEP.key,
    ArrowDown: from / STEP.key,
    PageUp: from * STEP.page,
    PageDown: from / STEP.page,
    Home: noise,
    End: reach,
  }[key];
  if (to === undefined) return null;
  // Two digits can be said; a step is never lost in rounding.
  const rounded = Number(to.toPrecision(2));
  return Math.min(reach, Math.max(noise, rounded === Number(from.toPrecision(2)) ? to : rounded));
}
