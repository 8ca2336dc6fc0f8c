// A model of GPT-2 small's size on software WebGPU: loaded in parts, within memory limits, with the command line's numbers.

import { statSync } from "node:fs";
import * as cli from "./cli";
import { Hub } from "./hub";
import { load, openBlank, sweepLoaded } from "./loading";
import { GPT2_SMALL, tinyGpt2 } from "./models";
import { difference } from "./module";
import { expect, test } from "./test";

const REPO = "tests/gpt2-small";
const WEIGHTS = `${GPT2_SMALL}/model.safetensors`;
/** Limits for wasm memory, while the weights are read and after. */
const MOST_MEMORY = 400e6;

let hub: Hub;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set(REPO, GPT2_SMALL);
});

test.afterAll(() => hub.stop());

test.use({ expectedComplaints: /ERR_/ });

test("GPT-2 small's size: one tensor at a time, kept, offline, with the command line's numbers", async ({ page }) => {
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

test("a changed file starts over on the same GPU", async ({ page }) => {
  hub.reset();
  const directory = tinyGpt2("whole");
  hub.repositories.set("tests/tiny", directory);
  const { size } = statSync(`${directory}/model.safetensors`);
  hub.fault = (file, before) =>
    file !== "model.safetensors" ? undefined : before < 1 ? { cutAfter: size / 2, corruptAt: Math.floor(size / 4) } : { noRanges: true };
  await openBlank(page);
  const loaded = await load(page, hub, { repo: "tests/tiny", device: "webgpu" });
  expect(loaded).toMatchObject({ error: "none", kept: true, device: "webgpu" });
  expect(hub.requestsFor("model.safetensors")).toHaveLength(3);
  const ids = { clean: [50256, 9, 8, 7], corrupted: [50256, 9, 4, 7], answer: 11, distractor: 12 };
  const theirs = cli.sweep({ model: directory, ...cli.flagsOf(ids), component: "k" });
  expect(difference(await sweepLoaded(page, { ...ids, component: "k" }), theirs)).toBeLessThan(1e-3);
});
