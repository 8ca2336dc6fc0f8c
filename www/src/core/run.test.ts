import { expect, test } from "vitest";
import { finished, stopped } from "./run";
import { runOf } from "./run.fixture";
import { baseOf, leadOf, placeOf } from "./table";

/** A run that goes on: what was estimated first is not what is strongest by now. */
function grownRun() {
  const run = { ...runOf(), status: "running" as const };
  const { table } = run;
  const found = { from: "a0.h0", to: "a1.h1<v>" };
  table.values[placeOf(table, found)] = baseOf(table) + 9;
  table.version += 1;
  return { run, found };
}

test("a run that is stopped looks at the strongest edge that is known by then", () => {
  const { run, found } = grownRun();
  expect(run.lead).not.toEqual(found);
  expect(stopped(run)).toMatchObject({ status: "stopped", lead: found });
  expect(leadOf(run.table)).toMatchObject(found);
});

test("where that is still the same edge, it is the same object", () => {
  const run = { ...runOf(), status: "running" as const };
  expect(stopped(run).lead).toBe(run.lead);
  expect(finished(run, null).lead).toBe(run.lead);
});

test("a run that is over stays as it is", () => {
  const run = runOf();
  expect(stopped(run)).toBe(run);
});
