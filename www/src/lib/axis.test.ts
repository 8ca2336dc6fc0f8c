import { describe, expect, it } from "vitest";
import { axisOf } from "./axis";

describe("the axis of effects", () => {
  it("has 0 in the middle where effects go both ways, and the other run at its place", () => {
    const axis = axisOf({ down: 0.184, up: 0.238, other: 1 }, 70, 870);
    expect(axis).toMatchObject({ low: -1, high: 1, hasOther: true });
    expect([axis.x(-1), axis.x(0), axis.x(1)]).toEqual([70, 470, 870]);
    expect(axis.x(0.25)).toBeCloseTo(670, 9);
    expect(axis.ticks).toEqual([-1, -0.5, -0.2, -0.05, 0, 0.05, 0.2, 0.5, 1]);
  });

  it("gives the width to the side that has the effects", () => {
    const up = axisOf({ down: 0.006, up: 0.988, other: 1 }, 0, 1000);
    expect(up.x(0)).toBeGreaterThan(40);
    expect(up.x(0)).toBeLessThan(150);
    expect(up.x(1)).toBeCloseTo(1000, 9);
    const down = axisOf({ down: 3, up: 0, other: -2 }, 0, 1000);
    expect(down.x(0)).toBeGreaterThan(900);
    expect(down.x(0)).toBeLessThan(990);
    expect(down.low).toBe(-3);
  });

  it("leaves the other run off where it would press the effects together", () => {
    expect(axisOf({ down: 0.01, up: 0.02, other: 6 }, 0, 1000)).toMatchObject({ hasOther: false, high: 0.02 });
    expect(axisOf({ down: 0.1, up: 0.2, other: 4 }, 0, 1000)).toMatchObject({ hasOther: true, high: 4 });
  });

  it("is as long as it was after a bit more, and maps back", () => {
    expect(axisOf({ down: 0, up: 1.01, other: 1 }, 0, 500).high).toBe(axisOf({ down: 0, up: 1.15, other: 1 }, 0, 500).high);
    const axis = axisOf({ down: 2, up: 3, other: 5 }, 22, 338);
    for (const effect of [-2, -0.01, 0, 0.3, 5]) expect(axis.effect(axis.x(effect))).toBeCloseTo(effect, 9);
  });

  it("has numbers that do not touch, on any width", () => {
    for (const width of [280, 640, 1200]) {
      for (const up of [0.00042, 0.3, 7, 2500]) {
        const { x, ticks } = axisOf({ down: up / 2, up, other: up }, 22, width - 22);
        expect(ticks).toContain(0);
        ticks.slice(1).forEach((tick, i) => expect(x(tick) - x(ticks[i]!)).toBeGreaterThan(40));
      }
    }
  });

  it("exists without any effect", () => {
    const axis = axisOf({ down: 0, up: 0, other: 0 }, 0, 100);
    expect([axis.x(0), axis.ticks.includes(0)]).toEqual([50, true]);
  });
});
