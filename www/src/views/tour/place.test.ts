import { expect, test } from "vitest";
import { type Box, place as placeOn, scrollFor, type Side, type Size } from "./place";

const SIDES: Side[] = ["right", "left", "below", "above"];
const place = (target: Box, callout: Size, window: Size) => placeOn(target, callout, window, SIDES);

const CALLOUT = { width: 360, height: 240 };
const WINDOWS = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 900, height: 600 },
];

const overlaps = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

/** What is wrong with a place; null where nothing is. */
function fault(target: Box, window: Size): string | null {
  const { side, pointer, left, top } = place(target, CALLOUT, window);
  const isIn = left >= 8 && top >= 8 && left + CALLOUT.width <= window.width - 8 && top + CALLOUT.height <= window.height - 8;
  if (isIn && pointer > 0 && !(side && overlaps({ left, top, ...CALLOUT }, target))) return null;
  return `${left}, ${top} ${side} of ${JSON.stringify(target)} in ${window.width}`;
}

test("it is in the window, and over its target only where that leaves no room beside it", () => {
  const faults: string[] = [];
  let tried = 0;
  for (const window of WINDOWS) {
    for (const width of [1, 40, 300, 600, 960, 1440]) {
      for (const height of [1, 30, 200, 500, 900]) {
        for (let left = -200; left < window.width; left += 90) {
          for (let top = -300; top < window.height + 200; top += 90) {
            const found = fault({ left, top, width, height }, window);
            if (found) faults.push(found);
            tried += 1;
          }
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(10_000);
  expect(faults).toEqual([]);
});

test("it points at the target's middle, from the side where there is room", () => {
  const window = WINDOWS[0]!;
  expect(place({ left: 100, top: 400, width: 200, height: 40 }, CALLOUT, window)).toEqual({ left: 314, top: 300, side: "right", pointer: 120 });
  expect(place({ left: 1016, top: 60, width: 400, height: 800 }, CALLOUT, window).side).toBe("left");
  expect(place({ left: 24, top: 60, width: 1390, height: 100 }, CALLOUT, window).side).toBe("below");
  expect(place({ left: 24, top: 700, width: 1390, height: 100 }, CALLOUT, window).side).toBe("above");
  expect(place({ left: 0, top: 0, width: 1440, height: 900 }, CALLOUT, window).side).toBeNull();
  expect(placeOn({ left: 600, top: 400, width: 200, height: 40 }, CALLOUT, window, ["below", "left"]).side).toBe("below");
  expect(placeOn({ left: 600, top: 800, width: 200, height: 40 }, CALLOUT, window, ["below", "left"]).side).toBe("left");
  // Near an edge the callout keeps in the window and the pointer moves along it.
  expect(place({ left: 100, top: 20, width: 200, height: 40 }, CALLOUT, window)).toEqual({ left: 314, top: 8, side: "right", pointer: 32 });
});

test("what is to be kept in sight is not covered where there is another place beside the target", () => {
  const window = WINDOWS[0]!;
  const column = { left: 1016, top: 190, width: 400, height: 690 };
  const head = { left: 776, top: 494, width: 56, height: 40 };
  // By itself it stands in the middle; with a head there, below or above it, and still beside the column.
  expect(overlaps({ ...place(column, CALLOUT, window), ...CALLOUT }, head)).toBe(true);
  const kept = [head, { ...head, top: 675 }];
  const at = placeOn(column, CALLOUT, window, SIDES, kept);
  expect(at.side).toBe("left");
  expect(kept.map((box) => overlaps({ ...at, ...CALLOUT }, box))).toEqual([false, false]);
  expect(at.top + CALLOUT.height).toBeGreaterThan(column.top + at.pointer - CALLOUT.height);
  // With no room for it on that side, it stands on another one.
  const line = { left: 200, top: 300, width: 900, height: 40 };
  const wall = { left: 0, top: 345, width: 1440, height: 100 };
  expect(placeOn(line, CALLOUT, window, ["below", "above"], [wall]).side).toBe("above");
  // Where everything is taken, it covers as little as can be.
  const all = placeOn(line, CALLOUT, window, ["below", "above"], [wall, { left: 0, top: 0, width: 1440, height: 100 }]);
  expect(all.side).toBe("above");
});

test("above a sheet the target is brought into the room that is left", () => {
  const room = 400;
  expect(scrollFor({ left: 0, top: 100, width: 10, height: 100 }, room)).toBe(0);
  expect(scrollFor({ left: 0, top: 500, width: 10, height: 100 }, room)).toBe(350);
  expect(scrollFor({ left: 0, top: -80, width: 10, height: 100 }, room)).toBe(-230);
  expect(scrollFor({ left: 0, top: 150, width: 10, height: 900 }, room)).toBe(142);
});
