// Holds layers of a model for another worker, which is at the other end of a port: see `crew.ts`.

import { join, receive } from "../../wasm/engine";
import type { Module, Told } from "../messages";
import { buffersOf } from "./buffers";
import { failure } from "./failure";
import { engineModule, takeModule } from "./module";

/** Do what comes through the port: steps of sweeps one after the other, all else at once. */
export function help(port: MessagePort): void {
  let steps = Promise.resolve();
  // The page hears of it, and ends all.
  port.onmessageerror = () => { throw new Error("a message between workers cannot be read"); };
  port.onmessage = ({ data, ports: [reply] }: MessageEvent<Module | Told>) => {
    if ("module" in data) {
      begin(data, reply!);
      return;
    }
    const isStep = data[0].startsWith('{"Step"');
    if (isStep) steps = steps.then(() => answer(data, reply!));
    else answer(data, reply!);
  };
  port.postMessage("here");
}

async function begin({ module, config }: Module, reply: MessagePort): Promise<void> {
  try {
    await takeModule(module);
    join(config);
    reply.postMessage(["", []] satisfies Told);
  } catch (error) {
    // The other goes on without this one.
    reply.postMessage(failure(error).message);
    self.close();
  }
}

async function answer([head, arrays]: Told, reply: MessagePort): Promise<void> {
  try {
    const { memory } = await engineModule();
    const told: Told = head === "memory" ? [`${memory.buffer.byteLength}`, []] : await receive(head, arrays);
    reply.postMessage(told, buffersOf({ ...told[1] }));
  } catch (error) {
    const { code, message } = failure(error);
    // The page hears of it, and ends all.
    if (code === "engine") setTimeout(() => { throw error; });
    else reply.postMessage(message);
  }
}
