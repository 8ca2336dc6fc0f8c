// A bench's table: one column for each sweep, one row for each figure.

import { bestOf, type Report, type Sweep } from "./measure";

// The page's own words for numbers would become a file of its own, which every visitor of the page would download.
const count = new Intl.NumberFormat("en");
const formatCount = (value: number): string => count.format(value);
const seconds = (value: number): string => `${value < 9.95 ? value.toFixed(2) : value.toFixed(1)} s`;
const flops = (rate: number): string => `${rate < 1e12 ? `${(rate / 1e9).toPrecision(3)} G` : `${(rate / 1e12).toPrecision(3)} T`}FLOPS`;

/** The rows of the table, each with its name and a cell for each sweep. */
export function rows({ sweeps }: Report): [name: string, ...cells: string[]][] {
  const names = [...new Set(sweeps.flatMap(({ products }) => products.map(([name]) => name)))];
  const row = (name: string, cell: (sweep: Sweep) => string | null): [string, ...string[]] => [name, ...sweeps.map((sweep) => cell(sweep) ?? "")];
  return [
    row("edges", ({ edges }) => formatCount(edges)),
    row("load", ({ loadSeconds }) => seconds(loadSeconds)),
    row("first sweep", ({ firstSeconds, isProjected, secondSeconds }) => (isProjected && secondSeconds === null ? "≈ " : "") + seconds(firstSeconds)),
    row("second sweep", ({ secondSeconds, isProjected }) => (secondSeconds === null ? null : (isProjected ? "≈ " : "") + seconds(secondSeconds))),
    row("edges a second", (sweep) => formatCount(Math.round(sweep.edges / (sweep.secondSeconds ?? sweep.firstSeconds)))),
    row("rate of the sweep", ({ rate }) => flops(rate)),
    row("of the best bare product", (sweep) => `${Math.round((100 * sweep.rate) / bestOf(sweep))}%`),
    ...names.map((name) => row(`bare product: ${name}`, ({ products, matmul }) => chosen(products, matmul, name))),
    row("pipelines, load and first sweep", ({ counts }) => counts && formatCount(counts.pipelines)),
    row("dispatches", ({ counts }) => counts && formatCount(counts.dispatches)),
    row("read-backs", ({ counts }) => counts && formatCount(counts.reads)),
    row("largest difference from the CPU", ({ largestDifference }) => largestDifference?.toExponential(1) ?? null),
  ];
}

function chosen(products: Sweep["products"], matmul: string, name: string): string | null {
  const found = products.find(([product]) => product === name);
  return found ? `${flops(found[1])}${name === matmul ? ", chosen" : ""}` : null;
}

/** The head of a sweep's column. */
export const headOf = ({ model, device }: Sweep): string => `${model}, ${device === "cpu" ? "CPU" : "WebGPU"}`;

/** What the adapter is, in a sentence. */
export function aboutAdapter({ adapter, cores, isSlow }: Report): string {
  const left = "It is too slow for a model of GPT-2 small’s size, as a software adapter is.";
  const rest = [`${cores} cores.`, ...(isSlow ? [left] : [])].join(" ");
  if (!adapter) return `This browser offers no WebGPU adapter: only the CPU is measured, and GPT-2 small’s size is left out. ${rest}`;
  const { maxStorageBufferBindingSize: binding, maxComputeInvocationsPerWorkgroup: invocations } = adapter.limits;
  const has = ["shader-f16", "subgroups"].filter((feature) => adapter.features.includes(feature));
  const limits = `bindings of at most ${Math.round((binding ?? 0) / 2 ** 20)} MiB, ${invocations} invocations a workgroup`;
  return `${adapter.name || "An adapter without a name"}: ${limits}${has.length > 0 ? `, ${has.join(", ")}` : ""}. ${rest}`;
}
