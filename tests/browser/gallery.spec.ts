// The gallery's results of the bundled models are what the engine of today makes of them.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GalleryEntry } from "../../www/src/story/gallery";
import { type Saved, restore } from "../../www/src/lib/saved";
import { expect, test } from "./test";

const COMMITTED = "www/gallery";
const MODELS = ["ioi-demo", "years-demo"];
/** Between machines, whose products round otherwise; of the metric's own range. */
const TOLERANCE = 1e-3;
/** Of attention and probabilities. */
const SHARE_TOLERANCE = 5e-3;

const read = (directory: string, file: string) => readFileSync(join(directory, file), "utf8");
const entriesOf = (directory: string): GalleryEntry[] => JSON.parse(read(directory, "index.json")).results;

const closeTo = (got: readonly number[], expected: readonly number[], tolerance: number, what: string) => {
  expect(got, what).toHaveLength(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i]!), `${what}[${i}]`).toBeLessThanOrEqual(tolerance));
};

test("made anew, they are the same", async () => {
  const made = mkdtempSync(join(tmpdir(), "pathpatch-gallery-"));
  try {
    const models = MODELS.map((name) => `${name}=www/models/${name}`);
    await promisify(execFile)("node", ["tools/gallery/make.mjs", made, ...models]);
    const bundled = entriesOf(COMMITTED).filter(({ model }) => MODELS.includes(model));
    expect(entriesOf(made)).toEqual(bundled);
    for (const { file } of bundled) compare(file, restore(read(made, file)).saved, restore(read(COMMITTED, file)).saved);
  } finally {
    rmSync(made, { recursive: true });
  }
});

function compare(file: string, now: Saved, before: Saved): void {
  for (const key of ["model", "settings", "view", "tokens"] as const) expect(now[key], `${file}: ${key}`).toEqual(before[key]);
  const { values, ...edges } = now.edges;
  const { values: valuesBefore, ...edgesBefore } = before.edges;
  expect(edges, file).toEqual(edgesBefore);
  const range = Math.max(1, ...valuesBefore.map(Math.abs));
  closeTo(values, valuesBefore, TOLERANCE * range, `${file}: values`);
  const [said, saidBefore] = [now.predictions[0]!, before.predictions[0]!];
  for (const run of ["clean", "corrupted"] as const) {
    expect(said.top[run][0]!.text, file).toBe(saidBefore.top[run][0]!.text);
    closeTo([said.top[run][0]!.probability], [saidBefore.top[run][0]!.probability], SHARE_TOLERANCE, `${file}: ${run}`);
  }
  // Of edges that do equally much another may be among the strongest.
  let compared = 0;
  for (const { from, to, src, dst, patched, value } of now.details) {
    const same = before.details.find((one) => one.from === from && one.to === to);
    if (!same) continue;
    compared += 1;
    const what = `${file}: ${from}->${to}`;
    closeTo([value], [same.value], TOLERANCE * range, what);
    closeTo(patched, same.patched, SHARE_TOLERANCE, what);
    for (const [head, headBefore] of [[src, same.src], [dst, same.dst]]) {
      closeTo(head?.pattern.clean ?? [], headBefore?.pattern.clean ?? [], SHARE_TOLERANCE, what);
      closeTo(head?.pattern.corrupted ?? [], headBefore?.pattern.corrupted ?? [], SHARE_TOLERANCE, what);
    }
  }
  expect(compared, file).toBeGreaterThan(0.8 * before.details.length);
}
