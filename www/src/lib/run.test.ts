import { expect, test } from "vitest";
import { edgesOf, leadOf, STATE } from "../core/table";
import { tableFixture } from "../core/table.fixture";
import type { EdgesOptions, EdgesResult, EdgesUpdate } from "../engine/types";
import { EXAMPLE, FIRST_LOOK, type Settings } from "./settings";
import { run, type RunProgress } from "./run";

const { settings } = EXAMPLE;
const pair = { clean: "a", corrupted: "b", answer: "c", distractor: "d" };
const progress: EdgesUpdate["progress"] = { done: 0, total: 9, edgesPerSecond: 1, secondsLeft: 1, flops: 0, maxEstimateError: null };
const warning = { code: "answer", message: "a word" } as const;
const signal = new AbortController().signal;

/** An engine that tells its table once, and notes what it was asked. */
function engine() {
  const asked: EdgesOptions[] = [];
  return {
    asked,
    check: async () => [warning],
    edges: async (options: EdgesOptions): Promise<EdgesResult> => {
      asked.push(options);
      const { scores, edges } = options;
      const named = new Set(edges?.map(({ from, to }) => `${from} ${to}`));
      const table = tableFixture({ exact: scores === "estimate" ? 0 : 1 }, { scores: scores ?? "exact" });
      const { version: _, metric: __, ...told } = table;
      if (edges) {
        for (const { from, to, place } of edgesOf(table)) if (!named.has(`${from} ${to}`)) told.state[place] = STATE.unknown;
      }
      const changed = Uint32Array.from(told.state, (_, place) => place).filter((place) => told.state[place]! >= STATE.estimate);
      const bare = { ...told, state: told.state.map((state) => Math.min(state, STATE.unknown)) };
      options.onUpdate?.({ progress, table: bare, changed: new Uint32Array() });
      options.onUpdate?.({ progress, table: told, changed });
      const check = options.strongest ? { edges: 300, largestError: 0.1, bound: 0.01 } : null;
      return { table: told, byPosition: null, check, warnings: [] };
    },
  };
}

async function ran(changed: Partial<Settings>, view = FIRST_LOOK) {
  const model = engine();
  const told: (RunProgress & { version: number })[] = [];
  const check = await run(model, { ...settings, ...changed }, [pair], view, signal, (now) => told.push({ ...now, version: now.table.version }));
  return { asked: model.asked, told, check };
}

test("one call gives everything, with one table that grows, from the first value on", async () => {
  const { asked, told, check } = await ran({ direction: "noise", patch: "mean" });
  expect(asked).toMatchObject([{ pairs: [pair], direction: "noise", patch: "mean", layerNorm: "exact", scores: "exact", strongest: undefined }]);
  expect(told.map(({ version }) => version)).toEqual([0, 1]);
  expect(told[1]).toMatchObject({ progress: null, sender: null, warnings: [warning] });
  expect(told[1]!.table).toBe(told[0]!.table);
  expect(told[0]!.table.metric).toBe(settings.metric);
  expect(check).toBeNull();
});

test("the strongest alone are exact, with a check of the others; or none is", async () => {
  const some = await ran({ scope: "strongest", strongest: 40 });
  expect(some.asked).toMatchObject([{ scores: "exact", strongest: 40 }]);
  expect(some.check).toEqual({ edges: 300, largestError: 0.1, bound: 0.01 });
  const none = await ran({ scope: "none", strongest: 40 });
  expect(none.asked).toMatchObject([{ scores: "estimate", strongest: undefined }]);
});

test("of one sender, its edges take the place of their estimates", async () => {
  const { asked, told } = await ran({ scope: "source" }, { ...FIRST_LOOK, from: "m1" });
  expect(asked[0]).toMatchObject({ scores: "estimate" });
  expect(asked[1]!.edges!.every(({ from }) => from === "m1")).toBe(true);
  expect(asked[1]!.edges!).toHaveLength(12 + 1 + 1);
  const { table, sender } = told.at(-1)!;
  expect(sender).toBe("m1");
  for (const edge of edgesOf(table)) expect(edge.isExact).toBe(edge.from === "m1");
  expect(told[0]!.table).toBe(table);
  // Without a choice the strongest edge's.
  expect((await ran({ scope: "source" })).told[0]!.sender).toBe(leadOf(tableFixture({ exact: 0 }))!.from);
});
