// A run: what was asked, and what is known of it.

import type { Warning } from "../engine/types";
import { type EdgeId, type Head, type Result, strongestOf } from "../lib/result";
import { VERSION } from "../version";
import type { Request } from "./request";

/** How far it is; a run that was stopped or failed keeps what it had. */
export type RunStatus = "running" | "done" | "stopped";

export interface Run {
  readonly id: number;
  readonly request: Request;
  /** Grows while the run goes on; `grown` counts how often. */
  readonly result: Result;
  readonly grown: number;
  readonly status: RunStatus;
  /** The source whose edges alone are exact; null where all are, or none. */
  readonly source: Head | null;
  /** Where to look first: the strongest edge, by the estimates and, once it is done, by all that is known. */
  readonly lead: EdgeId | null;
  readonly warnings: readonly Warning[];
  /** When it was begun, and on what; null where a file does not say. */
  readonly made: Made | null;
  /** The file that it was read from; null for a run of this page. */
  readonly file: string | null;
}

/** Where and when numbers were made, as a saved file tells it. */
export interface Made {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly device: string;
}

/** What this build makes now, on a device. */
export function madeNow(device: string): Made {
  return { by: `pathpatch ${VERSION}`, at: new Date().toISOString(), device };
}

/** A run whose estimates are there. */
export function begun(id: number, request: Request, result: Result, source: Head | null, warnings: Warning[], made: Made): Run {
  const lead = leadOf(result, source);
  return { id, request, result, grown: 0, status: "running", source, lead, warnings, made, file: null };
}

/** A run that was saved. */
export function opened(id: number, request: Request, result: Result, made: Made | null, file: string): Run {
  const lead = leadOf(result, null);
  return { id, request, result, grown: 0, status: "done", source: null, lead, warnings: [], made, file };
}

/** A run of which all is known that was asked for. */
export function finished(run: Run): Run {
  return { ...run, status: "done", grown: run.grown + 1, lead: leadOf(run.result, run.source) };
}

function leadOf(result: Result, source: Head | null): EdgeId | null {
  const found = strongestOf(result, source ? { src: source } : {});
  return found && { src: found.src, dst: found.dst, component: found.component };
}
