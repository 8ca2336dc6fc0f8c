// What has gone wrong, as it is told: what happened, what to do; the error's own words are there for a reader who asks.

import { type ModelRef, originOf } from "../core/model-ref";
import { PathPatchError } from "../engine/error";
import { messageOf } from "../lib/dom";
import { calledOf } from "../lib/models";
import type { State } from "./state";

/** What loading again loads: a lost engine's own model, else what was tried last. */
export function againOf({ failure, loaded, tried }: Pick<State, "failure" | "loaded" | "tried">): State["tried"] {
  return failure?.retry === "reload" && loaded ? { choice: loaded.choice, wanted: null } : tried;
}

export interface Told {
  text: string;
  /** The words of the error, where the text says it more plainly. */
  more?: string;
}

const codeOf = (error: unknown) => (error instanceof PathPatchError ? error.code : undefined);

/** Whether the engine, or the device that it computes on, is gone: it has to be begun anew. */
export const isLost = (error: unknown): boolean => codeOf(error) === "device" || codeOf(error) === "engine";

/** Why a run has failed. */
export function runFailure(error: unknown): Told {
  const more = messageOf(error);
  if (codeOf(error) === "device") return { text: "The graphics device is gone. Load the model again: your question is still here.", more };
  if (codeOf(error) === "engine") return { text: "The engine has stopped. Load the model again: your question is still here.", more };
  return { text: more };
}

/** Why a load has failed; of a server that is silent, or has no such file, what to do is said. */
export function loadFailure(error: unknown, ref: ModelRef | null): Told {
  const more = messageOf(error);
  if (codeOf(error) !== "io" || !ref) return { text: more };
  if (more.includes("status 404")) return { text: missingWords(ref), more };
  if (!more.includes("no answer")) return { text: more };
  return { text: `${originOf(ref)} does not answer, so ${calledOf(ref)} could not be loaded. Check the connection, then load it again.`, more };
}

const missingWords = (ref: ModelRef): string =>
  ref.kind === "bundled"
    ? `A file of ${calledOf(ref)} is missing on this site: it can be loaded once the file is there.`
    : `A file of ${calledOf(ref)} was not found at ${originOf(ref)}: check the model’s name or address.`;
