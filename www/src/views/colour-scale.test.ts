import { expect, test } from "vitest";
import { tableFixture } from "../core/table.fixture";
import { keyOf } from "./colour-scale";

test("a held scale is of one metric, direction, patch and size of model", () => {
  const table = tableFixture();
  const same = keyOf(table);
  expect(keyOf({ ...tableFixture({ seed: 2 }) })).toBe(same);
  const others = [{ metric: "kl" }, { metricName: "loss" }, { direction: "noise" }, { patch: "zero" }, { senders: table.senders.slice(1) }] as const;
  for (const other of others) expect(keyOf({ ...table, ...other })).not.toBe(same);
});
