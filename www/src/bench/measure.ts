// What a bench measures, one thing after the other, on the reader's own adapter.

import { PathPatch, type EdgesOptions, type EdgeTable } from "../engine/pathpatch";
import { VERSION } from "../version";
import { CHANNEL, type Counts } from "./counts";
import { D_VOCAB, RANDOM } from "./random";

/** A sweep of the whole graph. */
export interface Sweep {
  model: string;
  device: "webgpu" | "cpu";
  /** Which product of matrices was chosen. */
  matmul: string;
  edges: number;
  /** Until the model was ready; the choice of a product is part of it. */
  loadSeconds: number;
  /** The first sweep after the load: shaders are compiled in it. */
  firstSeconds: number;
  /** The next; null where it was not run. */
  secondSeconds: number | null;
  /** Whether the last sweep was stopped, and its time is what it said was left. */
  isProjected: boolean;
  /** Floating-point operations a second of the last sweep. */
  rate: number;
  /** Those of bare products with a block's weights, by name. */
  products: [name: string, rate: number][];
  /** From the load to the end of the first sweep; null on the CPU. */
  counts: Counts | null;
  /** Largest difference of a value from the CPU's; null where there is none to compare with. */
  largestDifference: number | null;
}

export interface Report {
  version: string;
  browser: string;
  cores: number;
  adapter: Adapter | null;
  sweeps: Sweep[];
  /** Whether the adapter is too slow for a model of GPT-2 small's size, which was left out. */
  isSlow: boolean;
}

export interface Adapter {
  name: string;
  limits: Record<string, number>;
  features: string[];
}

/** The limits that decide how a sweep is cut. */
const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;
/** After so long a sweep is stopped: the whole bench is to take a minute. */
const LIMIT_MS = 15_000;
/** Operations a second of a bare product below which a model of GPT-2 small's size is left out: it would take minutes. */
const LEAST_RATE = 1e10;
/** A table's state of an exact value. */
const EXACT = 3;
/** Rows of bare products: a chunk's on a GPU, a step's on the CPU. */
const ROWS = { webgpu: 2048, cpu: 255 };

type Request = Pick<EdgesOptions, "layerNorm"> & { clean: string | number[]; corrupted: string | number[]; answer: string | number; distractor: string | number };

const INDUCTION: Request = {
  clean: "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  corrupted: "dragon lamp river piano cloud spoon tiger crown eagle glove river piano fox",
  answer: "lamp",
  distractor: "spoon",
};

/** 15 tokens that differ from the 11th on, as in docs/performance.md. */
function ofIds(): Request {
  const clean = Array.from({ length: 15 }, (_, i) => (7919 * (i + 1)) % D_VOCAB);
  const corrupted = clean.map((id, i) => (i === 10 ? id + 1 : id));
  return { clean, corrupted, answer: 1000, distractor: 2000 };
}

/** The adapter that the browser offers; null without WebGPU. */
export async function adapter(): Promise<Adapter | null> {
  const found = (await navigator.gpu?.requestAdapter()) ?? null;
  if (!found) return null;
  const { vendor, architecture, device, description } = found.info;
  return {
    name: [vendor, architecture, device, description].filter(Boolean).join(", "),
    limits: Object.fromEntries(LIMITS.map((name) => [name, found.limits[name]])),
    features: [...found.features].sort(),
  };
}

/** Measure everything; `say` hears what is under way, `tell` of the report as it grows. */
export async function measure(say: (text: string) => void, tell: (report: Report) => void, signal: AbortSignal): Promise<void> {
  const report: Report = { version: VERSION, browser: navigator.userAgent, cores: navigator.hardwareConcurrency, adapter: await adapter(), sweeps: [], isSlow: false };
  tell(report);
  const bundled = { name: "bundled, 3 layers", source: new URL("models/ioi-demo", document.baseURI).href, request: INDUCTION };
  const random = { name: "GPT-2 small’s size, random", source: new URL(RANDOM, document.baseURI).href, request: ofIds() };
  let onCpu: EdgeTable | null = null;
  for (const [model, device] of [
    [bundled, "cpu"],
    [bundled, "webgpu"],
    [random, "webgpu"],
  ] as const) {
    if (device === "webgpu" && !report.adapter) continue;
    report.isSlow = model === random && report.sweeps.every((sweep) => sweep.device === "cpu" || bestOf(sweep) < LEAST_RATE);
    if (report.isSlow) continue;
    const where = device === "cpu" ? "the CPU" : "WebGPU";
    say(`${model.name}, on ${where}…`);
    const { sweep, table } = await measured(model, device, model === bundled ? onCpu : null, signal);
    if (device === "cpu") onCpu = table;
    report.sweeps = [...report.sweeps, sweep];
    tell({ ...report });
  }
  tell({ ...report });
}

/** The rate of the best bare product. */
export const bestOf = ({ products }: Sweep): number => Math.max(...products.map(([, rate]) => rate));

async function measured(
  { name, source, request }: { name: string; source: string; request: Request },
  device: Sweep["device"],
  compared: EdgeTable | null,
  signal: AbortSignal,
): Promise<{ sweep: Sweep; table: EdgeTable | null }> {
  const ask = counting();
  await ask();
  const began = performance.now();
  const model = await PathPatch.load(source, { device, keep: false, signal });
  try {
    const loadSeconds = (performance.now() - began) / 1e3;
    const first = await whole(model, request, signal);
    const counts = device === "webgpu" ? await ask() : null;
    // A sweep that was stopped has run long enough.
    const second = first.table ? await whole(model, request, signal) : null;
    const last = second ?? first;
    return {
      table: last.table,
      sweep: {
        model: name,
        device,
        matmul: model.device.matmul,
        edges: last.edges,
        loadSeconds,
        firstSeconds: first.seconds,
        secondSeconds: second?.seconds ?? null,
        isProjected: !last.table,
        rate: last.flops / last.seconds,
        products: await model.matmulRates(ROWS[device]),
        counts,
        largestDifference: compared && last.table && largestDifference(compared, last.table),
      },
    };
  } finally {
    model.dispose();
  }
}

/** Sweep every edge; without a table where that would take too long, and the time is by the work that is left. */
async function whole(model: PathPatch, request: Request, signal: AbortSignal) {
  const tooLong = new AbortController();
  let done = { total: 0, flops: 0, seconds: 0, secondsLeft: 0 };
  const began = performance.now();
  const onUpdate: EdgesOptions["onUpdate"] = ({ progress }) => {
    const { total, flops, secondsLeft } = progress;
    const seconds = (performance.now() - began) / 1e3;
    if (secondsLeft === null) return;
    done = { total, flops, seconds, secondsLeft };
    if (seconds * 1e3 > LIMIT_MS) tooLong.abort();
  };
  const result = await model.edges({ ...request, signal: AbortSignal.any([signal, tooLong.signal]), onUpdate }).catch((error) => {
    if (!tooLong.signal.aborted) throw error;
    return null;
  });
  const share = result ? 1 : done.seconds / (done.seconds + done.secondsLeft);
  const seconds = result ? (performance.now() - began) / 1e3 : done.seconds / share;
  return { table: result?.table ?? null, seconds, flops: done.flops / share, edges: done.total };
}

/** Of the exact values of both tables; infinite where one of them has none. */
export function largestDifference(a: EdgeTable, b: EdgeTable): number {
  const isExact = (state: number) => state === EXACT;
  return a.state.reduce((largest, state, i) => {
    if (isExact(state) !== isExact(b.state[i]!)) return Number.POSITIVE_INFINITY;
    return isExact(state) ? Math.max(largest, Math.abs(a.values[i]! - b.values[i]!)) : largest;
  }, 0);
}

/** Asks the engine's worker what it has counted since the question before; null before there is a worker. */
function counting(): () => Promise<Counts | null> {
  const channel = new BroadcastChannel(CHANNEL);
  return () =>
    new Promise((resolve) => {
      const none = setTimeout(() => resolve(null), 200);
      channel.onmessage = ({ data }: MessageEvent<Counts>) => {
        clearTimeout(none);
        resolve(data);
      };
      channel.postMessage("ask");
    });
}
