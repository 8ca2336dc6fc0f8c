import { expect, test } from "vitest";
import type { Report, Sweep } from "./measure";
import { aboutAdapter, headOf, rows } from "./report";

const sweep: Sweep = {
  model: "bundled",
  device: "webgpu",
  matmul: "registers-4x4",
  edges: 262,
  loadSeconds: 1.5,
  firstSeconds: 2,
  secondSeconds: 0.5,
  isProjected: false,
  rate: 5e11,
  products: [
    ["registers-4x4", 1e12],
    ["shared-64x64", 8e11],
  ],
  counts: { pipelines: 24, dispatches: 633, reads: 33 },
  largestDifference: 2.5e-6,
};
const report: Report = { version: "0.1.0", browser: "", cores: 4, adapter: null, sweeps: [sweep], isSlow: false };

test("a row for each figure, with shares of the best product", () => {
  const table = Object.fromEntries(rows(report).map(([name, ...cells]) => [name, cells]));
  expect(table["first sweep"]).toEqual(["2.00 s"]);
  expect(table["second sweep"]).toEqual(["0.50 s"]);
  expect(table["edges a second"]).toEqual(["524"]);
  expect(table["rate of the sweep"]).toEqual(["500 GFLOPS"]);
  expect(table["of the best bare product"]).toEqual(["50%"]);
  expect(table["bare product: registers-4x4"]).toEqual(["1.00 TFLOPS, chosen"]);
  expect(table["bare product: shared-64x64"]).toEqual(["800 GFLOPS"]);
  expect(table["pipelines, load and first sweep"]).toEqual(["24"]);
  expect(table["largest difference from the CPU"]).toEqual(["2.5e-6"]);
});

test("a time by the work that is left is marked", () => {
  const stopped = { ...sweep, secondSeconds: null, isProjected: true, firstSeconds: 123.4, counts: null, largestDifference: null };
  const table = Object.fromEntries(rows({ ...report, sweeps: [stopped] }).map(([name, ...cells]) => [name, cells]));
  expect(table["first sweep"]).toEqual(["≈ 123.4 s"]);
  expect(table["second sweep"]).toEqual([""]);
  expect(table["pipelines, load and first sweep"]).toEqual([""]);
});

test("the adapter in a sentence", () => {
  expect(headOf(sweep)).toBe("bundled, WebGPU");
  expect(aboutAdapter(report)).toBe("This browser offers no WebGPU adapter: only the CPU is measured, and GPT-2 small’s size is left out. 4 cores.");
  const limits = { maxStorageBufferBindingSize: 2 ** 27, maxComputeInvocationsPerWorkgroup: 256 };
  const adapter = { name: "apple, metal-3", limits, features: ["shader-f16", "timestamp-query"] };
  expect(aboutAdapter({ ...report, adapter })).toBe("apple, metal-3: bindings of at most 128 MiB, 256 invocations a workgroup, shader-f16. 4 cores.");
  expect(aboutAdapter({ ...report, adapter, isSlow: true })).toContain("too slow for a model of GPT-2 small’s size");
});
