// A figure as points: 300 to the inch, and the file says so.

const PER_INCH = 300;
const MM_PER_INCH = 25.4;

/** An SVG file's picture, so many millimetres wide. */
export async function png(svg: string, width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round((width / MM_PER_INCH) * PER_INCH);
    canvas.height = Math.round((height / MM_PER_INCH) * PER_INCH);
    const context = canvas.getContext("2d");
    if (!context) throw new Error("PNG: expected a canvas to draw on, got none");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (!blob) throw new Error("PNG: expected the browser to encode it, got nothing");
    return withDensity(new Uint8Array(await blob.arrayBuffer()));
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Where the first chunk ends: eight bytes of signature, then the header's length, name, thirteen bytes and sum. */
const HEADER_END = 8 + 4 + 4 + 13 + 4;

/** The same file with its points to the metre, which programs that place it read. */
export function withDensity(file: Uint8Array<ArrayBuffer>, perInch = PER_INCH): Uint8Array<ArrayBuffer> {
  const perMetre = Math.round((1000 * perInch) / MM_PER_INCH);
  const chunk = new Uint8Array(4 + 4 + 9 + 4);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set([...("pHYs")].map((letter) => letter.charCodeAt(0)), 4);
  view.setUint32(8, perMetre);
  view.setUint32(12, perMetre);
  // The unit is the metre.
  view.setUint8(16, 1);
  view.setUint32(17, crc(chunk.subarray(4, 17)));
  const whole = new Uint8Array(file.length + chunk.length);
  whole.set(file.subarray(0, HEADER_END));
  whole.set(chunk, HEADER_END);
  whole.set(file.subarray(HEADER_END), HEADER_END + chunk.length);
  return whole;
}

/** PNG's checksum. */
export function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
