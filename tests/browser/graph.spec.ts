// Every edge of the graph from JavaScript: scores equal to the command line's, one table that grows, details of each class
// of edge, and errors.

import * as cli from "./cli";
import { openBlank } from "./module";
import { expect, test } from "./test";

const MODELS = [
  { model: "ioi-demo", prompts: cli.INDUCTION },
  {
    model: "years-demo",
    prompts: {
      clean: "the war lasted from the year 17 41 to the year 17",
      corrupted: "the war lasted from the year 17 01 to the year 17",
      answer: "50",
      distractor: "30",
    },
  },
];

for (const { model, prompts } of MODELS) {
  for (const direction of ["denoise", "noise"]) {
    for (const patch of ["resample", "zero"]) {
      for (const layerNorm of ["exact", "frozen"]) {
        test(`${model}, ${direction}, ${patch}, ${layerNorm}: the command line's scores`, async ({ page }) => {
          await openBlank(page);
          const seen = await page.evaluate(
            async ({ model: name, options }) => {
              const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
              const model = await PathPatch.load(`${location.origin}/models/${name}`, { device: "cpu" });
              const updates: { isSame: boolean; changed: number; done: number }[] = [];
              let first: unknown;
              const { table } = await model.edges({
                ...options,
                onUpdate: ({ table, changed, progress }: { table: unknown; changed: Uint32Array; progress: { done: number } }) => {
                  first ??= table;
                  updates.push({ isSame: table === first, changed: changed.length, done: progress.done });
                },
              });
              model.dispose();
              return { isSame: table === first, updates, table: { ...table, values: [...table.values], state: [...table.state] } };
            },
            { model, options: { ...prompts, direction, patch, layerNorm } },
          );
          const { table, updates } = seen;
          const theirs = cli.graph(model, { ...prompts, direction, patch, "layer-norm": layerNorm });
          const base = direction === "denoise" ? table.corruptedMetric : table.cleanMetric;
          expect(seen.isSame && updates.every(({ isSame }) => isSame)).toBe(true);
          expect(updates.reduce((sum, { changed }) => sum + changed, 0)).toBeGreaterThanOrEqual(Object.keys(theirs.edges).length);
          let compared = 0;
          table.state.forEach((state: number, place: number) => {
            const from = table.senders[Math.floor(place / table.receivers.length)];
            const score = theirs.edges[`${from}->${table.receivers[place % table.receivers.length]}`]?.score;
            expect(state).toBe(score === undefined ? 0 : 3);
            if (score === undefined) return;
            const effect = table.values[place]! - base;
            expect(Math.abs((direction === "denoise" ? effect : -effect) - score)).toBeLessThan(1e-3);
            compared += 1;
          });
          expect(compared).toBe(Object.keys(theirs.edges).length);
          expect(table).toMatchObject({ direction, patch, layerNorm, scores: "exact", steps: null });
        });
      }
    }
  }
}

test("estimates, some edges, the strongest with a check, and by position", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (options) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/ioi-demo`, { device: "cpu" });
    const counts = ({ state }: { state: Uint8Array }) => [0, 1, 2, 3].map((kind) => state.filter((each) => each === kind).length);
    const estimates = await model.edges({ ...options, scores: "eap-ig", steps: 3 });
    const some = await model.edges({ ...options, estimates: false, edges: [{ from: "input", to: "m0" }, { from: "a0.h3", to: "logits" }] });
    const strongest = await model.edges({ ...options, strongest: 10, checked: 20 });
    const positions = await model.edges({ ...options, strongest: 3, byPosition: true });
    const refused = (asked: Promise<unknown>) => asked.then(() => "none", (e: Error & { code: string }) => `${e.code} | ${e.message}`);
    const { byPosition } = positions;
    return {
      estimates: { counts: counts(estimates.table), scores: estimates.table.scores, steps: estimates.table.steps },
      some: counts(some.table),
      strongest: { counts: counts(strongest.table), check: strongest.check },
      positions: {
        positions: byPosition.positions,
        estimated: byPosition.estimates.places.length,
        size: byPosition.estimates.effects.length,
        places: [...byPosition.estimates.places].every((place) => positions.table.state[place] >= 2),
        exact: byPosition.exact.map(({ effects }: { effects: Float32Array }) => effects.length),
      },
      backwards: await refused(model.edges({ ...options, edges: [{ from: "m1", to: "m0" }] })),
      unnamed: await refused(model.edges({ ...options, edges: [{ from: "a9.h9", to: "logits" }] })),
      unknown: await refused(model.edges({ ...options, patch: "half" })),
    };
  }, cli.INDUCTION);
  const edges = seen.some[1]! + 2;
  expect(seen.estimates).toEqual({ counts: [seen.some[0], 0, edges, 0], scores: "eap-ig", steps: 3 });
  expect(seen.some).toEqual([seen.some[0], edges - 2, 0, 2]);
  // The checked edges are exact too.
  expect(seen.strongest.counts[3]).toBe(30);
  // Were so many of the edges that were not run further off, and one more, the sample would have missed them in less than
  // 5% of cases.
  const others = edges - 10;
  const missed = (count: number) => Array.from({ length: count }, (_, i) => (others - 20 - i) / (others - i)).reduce((a, b) => a * b, 1);
  const further = Math.round(seen.strongest.check.bound * (others - 20));
  expect(seen.strongest.check).toMatchObject({ edges: 20, bound: Math.fround(further / (others - 20)) });
  expect([missed(further) >= 0.05, missed(further + 1) >= 0.05]).toEqual([true, false]);
  // Only edges that there are have rows.
  expect(seen.positions).toEqual({ positions: 14, estimated: edges, size: 14 * edges, places: true, exact: [14, 14, 14] });
  expect(seen.backwards).toMatch(/^source \| /);
  expect(seen.unnamed).toMatch(/^source \| /);
  expect(seen.unknown).toMatch(/^option \| /);
});

test("each class of edge in detail: its value equals the table's, and only heads have attention", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (options) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(`${location.origin}/models/years-demo`, { device: "cpu" });
    const { table } = await model.edges(options);
    const edges = ["input", "a0.h1", "m0"].flatMap((from) => ["a1.h2<q>", "a1.h2<v>", "m1", "logits"].map((to) => ({ from, to })));
    const all = [];
    for (const edge of edges) {
      const detail = await model.edgeDetail({ ...options, ...edge, byPosition: edge.to === "logits" });
      const place = table.senders.indexOf(edge.from) * table.receivers.length + table.receivers.indexOf(edge.to);
      all.push({ edge, detail, value: table.values[place] });
    }
    return all;
  }, MODELS[1]!.prompts);
  for (const { edge, detail, value } of seen) {
    expect(Math.abs(detail.value - value), `${edge.from}->${edge.to}`).toBeLessThan(1e-3);
    expect(detail.src === null).toBe(!edge.from.startsWith("a"));
    expect(detail.dst === null).toBe(!edge.to.startsWith("a"));
    expect(detail.patched.length > 0).toBe(edge.to.startsWith("a"));
    // Only where it is asked for: it is a run for each position.
    expect(detail.byPosition?.length).toBe(edge.to === "logits" ? detail.added.length : undefined);
    expect(detail.length).toHaveLength(detail.added.length);
  }
});
