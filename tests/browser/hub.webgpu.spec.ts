// GPT-2 small's size on WebGPU, in software: loaded in parts, within the memory bounds, the command line's numbers.

import { statSync } from "node:fs";
import * as cli from "./cli";
import { Hub } from "./hub";
import { load, openBlank, sweepLoaded } from "./loading";
import { GPT2_SMALL } from "./models";
import { difference } from "./module";
import { expect, test } from "./test";

const REPO = "tests/gpt2-small";
const WEIGHTS = `${GPT2_SMALL}/model.safetensors`;
/** Of wasm memory, while the weights are read and after. */
const MOST_MEMORY = 400e6;

let hub: Hub;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set(REPO, GPT2_SMALL);
});

test.afterAll(() => hub.stop());

test("GPT-2 small's size: a tensor at a time, kept, offline, the command line's numbers", async ({ page }) => {
  test.setTimeout(400_000);
  await openBlank(page);
  const first = await load(page, hub, { repo: REPO, device: "webgpu" });
  expect(first).toMatchObject({ error: "none", layers: 12, kept: true });
  hub.reset();
  const second = await load(page, hub, { repo: REPO, device: "webgpu" });
  expect(second).toMatchObject({ error: "none", kept: true });
  expect(hub.seen).toEqual([]);
  const megabytes = (n: number) => (n / 1e6).toFixed(0);
  console.log(
    `${megabytes(statSync(WEIGHTS).size)} MB of weights: downloaded and loaded in ${first.seconds.toFixed(1)} s, ` +
      `from the store in ${second.seconds.toFixed(1)} s; ${megabytes(second.memory)} MB of wasm memory`,
  );
  expect(Math.max(first.memory, second.memory)).toBeLessThan(MOST_MEMORY);

  const ids = { clean: [50256, 9, 8, 7], corrupted: [50256, 9, 4, 7], answer: 11, distractor: 12 };
  const ours = await sweepLoaded(page, { ...ids, component: "k", srcLayer: 10, srcHead: 3 });
  const theirs = cli.sweep({ model: GPT2_SMALL, ...cli.flagsOf(ids), component: "k", source: "10.3" });
  expect(difference(ours, theirs)).toBeLessThan(1e-3);
});
