// Another project's TypeScript, checked against nothing but the types of the installed package.

import { type EdgeDetail, type EdgeTable, type Grid, type HeadEdgeDetail, PathPatch, PathPatchError, setAssets, type Warning } from "pathpatch";
import { PathPatching, type SelectDetail } from "pathpatch/element";

export async function strongest(model: PathPatch, signal: AbortSignal): Promise<[number, Grid, HeadEdgeDetail]> {
  const pair = { clean: "a b", corrupted: "a c", answer: " x", distractor: 7 };
  const pairs = [pair, { clean: [1, 2], corrupted: [1, 3], answer: [" x", 8] }];
  let done = 0;
  const warnings: Warning[] = [...model.warnings, ...(await model.check({ pairs, metric: "prob" }))];
  const grid = await model.getActPatchDirectPathAllSources({
    pairs,
    component: "k",
    metric: "prob",
    position: -1,
    signal,
    onProgress: (progress) => {
      done = progress.done + progress.fresh.spread.length + warnings.length;
    },
  });
  console.log((await model.answerTokens("42..99")).length);
  const edge = { ...pair, component: "q", srcLayer: 0, srcHead: 1, dstLayer: 1, dstHead: 0 } as const;
  return [done, grid, await model.edgeDetail(edge)];
}

export async function graph(model: PathPatch): Promise<[EdgeTable, number, EdgeDetail]> {
  const pair = { clean: "a b", corrupted: "a c", answer: " x" };
  let changed = 0;
  const { table, check, warnings } = await model.edges({
    ...pair,
    metric: "log-prob",
    direction: "noise",
    patch: "mean",
    scores: "exact",
    strongest: 100,
    onUpdate: (update) => {
      changed += update.changed.length + update.progress.done;
    },
  });
  // @ts-expect-error: an edge is named at both ends.
  await model.edges({ ...pair, edges: [{ from: "a0.h1" }] });
  const detail = await model.edgeDetail({ ...pair, from: "input", to: "a1.h0<q>", layerNorm: "exact", byPosition: true });
  console.log(check?.bound, warnings.length, detail.src?.pattern, detail.byPosition?.[0]);
  return [table, changed, detail];
}

export async function load(files: FileList): Promise<PathPatch> {
  setAssets({ workerUrl: "/worker.js" });
  try {
    return await PathPatch.load({ files }, { device: "cpu", wasmUrl: "/engine_bg.wasm", onProgress: ({ bytesPerSecond }) => console.log(bytesPerSecond) });
  } catch (error) {
    if (error instanceof PathPatchError && error.code === "checkpoint") console.log(error.suggestion, error.expected, error.got);
    // @ts-expect-error: there is no such device.
    return PathPatch.load("openai-community/gpt2", { device: "tpu" });
  }
}

export function figure(): PathPatching {
  PathPatching.site = "https://example.org/pathpatch/";
  const made = document.createElement("path-patching");
  made.data = null;
  // @ts-expect-error: a saved result is not a text.
  made.data = "figure.json";
  made.addEventListener("select", (event) => {
    const { from, to, src, dst, component }: SelectDetail = event.detail;
    console.log(from, to, src?.layer, dst?.head, component);
  });
  return made;
}
