import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import { aboutRun } from "./about";

test("a run is told with its model, how it was measured, and when, on what and by what it was made", () => {
  expect(aboutRun(runOf({}, { kind: "hub", repo: "openai-community/gpt2", revision: null }))).toBe(
    "GPT-2 small (openai-community/gpt2) at 607a30d · denoising with the other run’s write, LayerNorm recomputed · pathpatch 0.1.0 on the CPU, 2 Jan 2026",
  );
  const other = runOf({ direction: "noise", patch: "zero", layerNorm: "frozen" });
  expect(aboutRun({ ...other, made: null, file: "saved.json" })).toBe(
    "Names and lists (ioi-demo) · noising with zero, LayerNorm’s scale kept · from saved.json",
  );
});
