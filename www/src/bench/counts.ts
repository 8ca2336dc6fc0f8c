// What the engine asks of WebGPU, counted: runs in the worker, before the engine.

/** The channel on which the page asks for the counts. */
export const CHANNEL = "pathpatch-bench";

export interface Counts {
  /** Compute pipelines that were made. */
  pipelines: number;
  dispatches: number;
  /** Results that were read back. */
  reads: number;
}

/** Count from now on, and answer every message on the channel with what there was since the one before. */
export function count(): void {
  const counts: Counts = { pipelines: 0, dispatches: 0, reads: 0 };
  const wrap = (of: object | undefined, method: string, what: keyof Counts) => {
    const methods = of as Record<string, (...args: unknown[]) => unknown> | undefined;
    const called = methods?.[method];
    if (!methods || !called) return;
    methods[method] = function (this: unknown, ...args) {
      counts[what] += 1;
      return called.apply(this, args);
    };
  };
  // Without WebGPU there is nothing of it to count.
  const { GPUDevice, GPUComputePassEncoder, GPUBuffer } = globalThis as unknown as Record<string, { prototype: object } | undefined>;
  wrap(GPUDevice?.prototype, "createComputePipeline", "pipelines");
  wrap(GPUDevice?.prototype, "createComputePipelineAsync", "pipelines");
  wrap(GPUComputePassEncoder?.prototype, "dispatchWorkgroups", "dispatches");
  wrap(GPUComputePassEncoder?.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  wrap(GPUBuffer?.prototype, "mapAsync", "reads");
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (data !== "ask") return;
    channel.postMessage({ ...counts });
    Object.assign(counts, { pipelines: 0, dispatches: 0, reads: 0 });
  };
}
