import { expect, test } from "vitest";
import { tableFixture } from "../core/table.fixture";
import { growing } from "./edges";
import type { EdgesUpdate } from "./types";

const progress = { done: 1, total: 2, edgesPerSecond: 3, secondsLeft: null, flops: 4, maxEstimateError: null };
const nothing = { indices: new Uint32Array(), values: new Float32Array(), state: new Uint8Array(), stdDev: new Float32Array() };

test("one table grows from the first update to the result", () => {
  const told: EdgesUpdate[] = [];
  const { onProgress, whole } = growing((update) => told.push(update));
  const first = tableFixture({ exact: 0, unknown: 0.5 });
  const knownAtFirst = first.state.filter((state) => state >= 2).length;
  onProgress({ ...progress, table: first, changed: nothing });
  const [place] = told[0]!.changed;
  expect(told[0]).toMatchObject({ progress });
  expect(told[0]!.changed).toHaveLength(knownAtFirst);
  const changed = { indices: Uint32Array.of(place!), values: Float32Array.of(7), state: Uint8Array.of(3), stdDev: Float32Array.of(0.5) };
  onProgress({ ...progress, changed });
  expect(told[1]!.table).toBe(told[0]!.table);
  expect(told[1]!.changed).toEqual(Uint32Array.of(place!));
  expect([first.values[place!], first.state[place!], first.stdDev[place!]]).toEqual([7, 3, 0.5]);
  const last = tableFixture({ exact: 1 });
  const result = whole({ table: last, byPosition: null, check: null, warnings: [] });
  expect(result.table).toBe(first);
  expect(first.values).toEqual(last.values);
  expect(first.state).toEqual(last.state);
});

test("without an update the result has its own table", () => {
  const { whole } = growing(undefined);
  const result = { table: tableFixture(), byPosition: null, check: null, warnings: [] };
  expect(whole(result)).toBe(result);
});
