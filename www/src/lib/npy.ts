// Arrays in NumPy's own format, version 1.0: a header in Python's syntax padded to 64 bytes, then the numbers.

const MAGIC = "\x93NUMPY\x01\x00";
const LENGTH_BYTES = 2;

/** A file that `numpy.load` reads as little-endian float32, row-major. */
export function npy(values: Float32Array, shape: number[]): Uint8Array<ArrayBuffer> {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const before = MAGIC.length + LENGTH_BYTES;
  const padding = 64 - ((before + text.length + 1) % 64 || 64);
  const header = `${text}${" ".repeat(padding)}\n`;
  const bytes = new Uint8Array(before + header.length + 4 * values.length);
  const view = new DataView(bytes.buffer);
  const write = (ascii: string, at: number) => bytes.set([...ascii].map((c) => c.charCodeAt(0)), at);
  write(MAGIC, 0);
  view.setUint16(MAGIC.length, header.length, true);
  write(header, before);
  values.forEach((value, i) => view.setFloat32(before + header.length + 4 * i, value, true));
  return bytes;
}
