import { expect, test } from "vitest";
import { D_VOCAB, header, N_LAYERS, numbers } from "./random";

test("the header describes every number that follows, one tensor after the other", () => {
  const { bytes, dataBytes } = header();
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(bytes.length).toBe(8 + length);
  expect(length % 8).toBe(0);
  const entries = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(JSON.parse(new TextDecoder().decode(bytes.subarray(8))));
  expect(entries).toHaveLength(4 + 12 * N_LAYERS);
  let end = 0;
  for (const [, { dtype, shape, data_offsets }] of entries) {
    expect(dtype).toBe("F32");
    expect(data_offsets).toEqual([end, end + 4 * shape.reduce((a, b) => a * b)]);
    [, end] = data_offsets;
  }
  expect(end).toBe(dataBytes);
  // GPT-2 small has 124 million parameters.
  expect(dataBytes).toBe(4 * 124_439_808);
});

test("weights are random around zero, and the same each time", () => {
  const first: Float32Array = numbers().next().value!;
  expect(first).toHaveLength(Math.min(D_VOCAB * 768, 1 << 18));
  const mean = first.reduce((sum: number, x: number) => sum + x, 0) / first.length;
  const deviation = Math.sqrt(first.reduce((sum: number, x: number) => sum + (x - mean) ** 2, 0) / first.length);
  expect(mean).toBeCloseTo(0, 3);
  expect(deviation).toBeCloseTo(0.05, 3);
  expect(numbers().next().value).toEqual(first);
});
