// Someone else's TypeScript, against the types of the built package and nothing else of ours.

import { type EdgeDetail, type Grid, PathPatch, PathPatchError } from "../../dist/pathpatch.js";

export async function strongest(model: PathPatch, signal: AbortSignal): Promise<[number, Grid, EdgeDetail]> {
  const pair = { clean: "a b", corrupted: "a c", answer: " x", distractor: 7 };
  const pairs = [pair, { clean: [1, 2], corrupted: [1, 3] }];
  let done = 0;
  const grid = await model.getActPatchDirectPathAllSources({
    pairs,
    component: "k",
    metric: "prob",
    signal,
    onProgress: (progress) => {
      done = progress.done + progress.fresh.spread.length;
    },
  });
  const edge = { ...pair, component: "q", srcLayer: 0, srcHead: 1, dstLayer: 1, dstHead: 0 } as const;
  return [done, grid, await model.edgeDetail(edge)];
}

export async function load(files: FileList): Promise<PathPatch> {
  try {
    return await PathPatch.load({ files }, { device: "cpu", onProgress: ({ bytesPerSecond }) => console.log(bytesPerSecond) });
  } catch (error) {
    if (error instanceof PathPatchError && error.code === "checkpoint") console.log(error.suggestion);
    // @ts-expect-error: there is no such device.
    return PathPatch.load("openai-community/gpt2", { device: "tpu" });
  }
}
