import { expect, test } from "vitest";
import { npy } from "./npy";

test.each([[[6]], [[2, 3]], [[1, 2, 3, 1]]])("shape %j is in the header, and numbers begin at a multiple of 64", (shape) => {
  const values = Float32Array.from([1, -2.5, Number.NaN, 1e-30, 0, 6]);
  const bytes = npy(values, shape);
  expect([...bytes.slice(0, 8)]).toEqual([0x93, 78, 85, 77, 80, 89, 1, 0]);
  const length = bytes[8]! + 256 * bytes[9]!;
  expect((10 + length) % 64).toBe(0);
  const header = String.fromCharCode(...bytes.slice(10, 10 + length));
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  expect(header).toContain(`'shape': ${tuple}`);
  expect(header.endsWith("\n")).toBe(true);
  expect(new Float32Array(bytes.slice(10 + length).buffer)).toEqual(values);
});
