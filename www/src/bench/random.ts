// A checkpoint of GPT-2 small's size with random weights, made as it is read: nothing is downloaded.

/** The end of its address, below the page's. */
export const RANDOM = "random-gpt2";
export const N_LAYERS = 12;
export const D_VOCAB = 50257;

const N_CTX = 1024;
const CONFIG = {
  model_type: "gpt2",
  architectures: ["GPT2LMHeadModel"],
  n_layer: N_LAYERS,
  n_head: 12,
  n_embd: 768,
  n_positions: N_CTX,
  n_ctx: N_CTX,
  vocab_size: D_VOCAB,
  layer_norm_epsilon: 1e-5,
  activation_function: "gelu_new",
};
/** Standard deviation of the weights: large enough for heads to attend to something. */
const DEVIATION = 0.05;
/** Numbers that are made at once. */
const NUMBERS = 1 << 18;

/** A GPT-2's shape, by its configuration's names. */
export interface Shape {
  n_layer: number;
  n_embd: number;
  n_positions: number;
  vocab_size: number;
}

/** `mean` is what its values are around: LayerNorms' weights are around 1. */
type Tensor = [name: string, shape: number[], mean: number];

/** The tensors of a GPT-2 of this shape, by the names of its checkpoints; weights are [in, out]. */
export function tensors({ n_layer, n_embd: d, n_positions, vocab_size }: Shape): Tensor[] {
  const block = (layer: number): Tensor[] =>
    (
      [
        ["ln_1.weight", [d], 1],
        ["ln_1.bias", [d], 0],
        ["attn.c_attn.weight", [d, 3 * d], 0],
        ["attn.c_attn.bias", [3 * d], 0],
        ["attn.c_proj.weight", [d, d], 0],
        ["attn.c_proj.bias", [d], 0],
        ["ln_2.weight", [d], 1],
        ["ln_2.bias", [d], 0],
        ["mlp.c_fc.weight", [d, 4 * d], 0],
        ["mlp.c_fc.bias", [4 * d], 0],
        ["mlp.c_proj.weight", [4 * d, d], 0],
        ["mlp.c_proj.bias", [d], 0],
      ] satisfies Tensor[]
    ).map(([name, shape, mean]) => [`h.${layer}.${name}`, shape, mean]);
  return [
    ["wte.weight", [vocab_size, d], 0],
    ["wpe.weight", [n_positions, d], 0],
    ...Array.from({ length: n_layer }, (_, layer) => block(layer)).flat(),
    ["ln_f.weight", [d], 1],
    ["ln_f.bias", [d], 0],
  ];
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** The header of its safetensors file, with its length in front. */
export function header(): { bytes: Uint8Array<ArrayBuffer>; dataBytes: number } {
  let end = 0;
  const entries = tensors(CONFIG).map(([name, shape]) => {
    const begin = end;
    end += 4 * countOf(shape);
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return { bytes, dataBytes: end };
}

/** Its numbers, some at a time: always the same ones. */
export function* numbers(): Generator<Float32Array<ArrayBuffer>> {
  // Xorshift (Marsaglia 2003).
  let state = 0x2545f491;
  const half = DEVIATION * Math.sqrt(3);
  for (const [, shape, mean] of tensors(CONFIG)) {
    for (let left = countOf(shape); left > 0; left -= NUMBERS) {
      const some = new Float32Array(Math.min(left, NUMBERS));
      for (let i = 0; i < some.length; i += 1) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        some[i] = mean + (half * state) / 0x80000000;
      }
      yield some;
    }
  }
}

/** Answer requests for its files from here, whatever else is asked from the network: runs in the worker. */
export function serve(): void {
  const network = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const { url, method } = input instanceof Request ? input : { url: String(input), method: init?.method ?? "GET" };
    const [, file] = new URL(url, location.href).pathname.split(`/${RANDOM}/`);
    return file === undefined ? network(input, init) : answer(file, method);
  };
}

function answer(file: string, method: string): Response {
  if (file === "config.json") return new Response(JSON.stringify(CONFIG), { headers: { "content-type": "application/json" } });
  if (file !== "model.safetensors") return new Response(null, { status: 404 });
  const { bytes, dataBytes } = header();
  const headers = { "content-length": String(bytes.length + dataBytes) };
  if (method === "HEAD") return new Response(null, { headers });
  const data = numbers();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => {
      const { value, done } = data.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value.buffer));
    },
  });
  return new Response(body, { headers });
}
