// For the worker that loads a model: has others started that share it, and asks them.
//
// `help.ts` is the other end.

import type { FromWorker, Module, Told } from "../messages";
import { buffersOf } from "./buffers";

/** The ways to those that hold layers. */
let crew: MessagePort[] = [];
let onStarted: (started: boolean[]) => void;

/** The page tells which of those that were wanted last it has started. */
export function toldStarted(started: boolean[]): void {
  onStarted(started);
}

/**
 * Have others who have the engine's module and know the model's `config.json`: how many of them could be started, and why
 * one could not begin, if it has said so.
 */
export async function bring(others: number, config: string, module: WebAssembly.Module): Promise<[count: number, why: string]> {
  // A load that is tried again finds those of the first.
  const missing = others - crew.length;
  if (missing > 0) crew.push(...(await start(missing)));
  const joining = crew.map((port) => say(port, { module, config }));
  const joined = await Promise.allSettled(joining);
  crew = crew.filter((_, i) => joined[i]!.status === "fulfilled");
  const failed = joined.find((one) => one.status === "rejected");
  return [Math.min(crew.length, others), failed ? String(failed.reason) : ""];
}

/** Ask one of them, counted from 0; the message is on its way when this returns. */
export function ask(other: number, head: string, arrays: Float32Array[]): Promise<Told> {
  return say(crew[other]!, [head, arrays], buffersOf({ ...arrays }));
}

/** The wasm memory of all of them, in bytes. */
export async function memoryOfOthers(): Promise<number> {
  const told = await Promise.all(crew.map((_, other) => ask(other, "memory", [])));
  return told.reduce((sum, [bytes]) => sum + Number(bytes), 0);
}

/**
 * Have the page start so many others: the ways to those that have started, once they listen. Firefox loses a module that
 * is sent from a port that has just been handed on, or to one that is on its way: these are made here, and stay.
 */
async function start(count: number): Promise<MessagePort[]> {
  const channels = Array.from({ length: count }, () => new MessageChannel());
  const listening = channels.map(({ port1 }) => new Promise<unknown>((resolve) => (port1.onmessage = resolve)));
  const ports = channels.map(({ port2 }) => port2);
  const started = await new Promise<boolean[]>((resolve) => {
    onStarted = resolve;
    self.postMessage({ id: -1, others: ports } satisfies FromWorker, { transfer: ports });
  });
  await Promise.all(listening.filter((_, i) => started[i]));
  return channels.flatMap(({ port1 }, i) => (started[i] ? [port1] : []));
}

/** Rejects with the other's words where it cannot do what is said. */
function say(port: MessagePort, message: Module | Told, buffers: ArrayBuffer[] = []): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<Told | string>) => {
      port1.close();
      if (typeof data === "string") reject(data);
      else resolve(data);
    };
    port1.onmessageerror = () => reject("an answer that cannot be read");
    port.postMessage(message, [port2, ...buffers]);
  });
}
