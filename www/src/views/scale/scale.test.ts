import { describe, expect, it } from "vitest";
import { leastAfter } from "./handles";
import { gapFor, spansApart } from "./spans";

describe("the keys of the scale", () => {
  it("go up and down by steps that can be said, within what there is", () => {
    expect(leastAfter("ArrowRight", 0.02, 1e-5, 0.98)).toBe(0.022);
    expect(leastAfter("ArrowDown", 0.02, 1e-5, 0.98)).toBe(0.018);
    expect(leastAfter("PageUp", 0.02, 1e-5, 0.98)).toBe(0.04);
    expect(leastAfter("Home", 0.02, 1e-5, 0.98)).toBe(1e-5);
    expect(leastAfter("End", 0.02, 1e-5, 0.98)).toBe(0.98);
    expect(leastAfter("ArrowRight", 0.97, 1e-5, 0.98)).toBe(0.98);
    expect(leastAfter("x", 0.02, 1e-5, 0.98)).toBe(null);
  });

  it("never stand still before an end", () => {
    let least = 1e-5;
    for (let i = 0; i < 200 && least < 3; i += 1) {
      const next = leastAfter("ArrowUp", least, 1e-5, 3)!;
      expect(next).toBeGreaterThan(least);
      least = next;
    }
    expect(least).toBe(3);
  });
});

describe("the names of the runs", () => {
  const [a, b] = ["clean run 9.23", "corrupted run 9.1"];
  const touch = (placed: { at: number; text: string }[], width: number) => {
    const [left, right] = spansApart(placed, width).sort((one, two) => one.from - two.from);
    return left!.to > right!.from || left!.from < 0 || right!.to > width;
  };

  it("stay where they are with room between", () => {
    expect(spansApart([{ at: 300, text: a }], 600)).toHaveLength(1);
    const [first, second] = spansApart([{ at: 300, text: a }, { at: 100, text: b }], 600);
    expect([(first!.from + first!.to) / 2, (second!.from + second!.to) / 2]).toEqual([300, 100].map((at) => expect.closeTo(at)));
  });

  it("never touch, nor leave the picture", () => {
    for (const width of [320, 600]) for (const at of [0, 20, 150, width / 2, width - 10, width]) {
      expect(touch([{ at: width / 2, text: a }, { at, text: b }], width), `${at} of ${width}`).toBe(false);
      expect(touch([{ at: 2, text: a }, { at: Math.min(at, 40), text: b }], width), `at the left, ${at} of ${width}`).toBe(false);
      expect(touch([{ at: width, text: a }, { at, text: b }], width), `at the right, ${at} of ${width}`).toBe(false);
    }
  });
});

describe("words beside the names of the runs", () => {
  it("stand at the first place with room", () => {
    const middle = { from: 440, to: 540 };
    expect(gapFor([middle, { from: 860, to: 940 }], 180, 940)).toBe(2);
    expect(gapFor([{ from: 20, to: 120 }, middle], 180, 940)).toBe(132);
    expect(gapFor([{ from: 20, to: 120 }, { from: 250, to: 350 }], 180, 940)).toBe(362);
    expect(gapFor([{ from: 2, to: 120 }, { from: 200, to: 300 }], 180, 310)).toBe(null);
  });
});
