// A run: what was asked, and what is known of it.

import type { DeviceReport, EdgeDetail, EdgeName, EdgesCheck, PairPredictions, Warning } from "../engine/types";
import { VERSION } from "../version";
import { isSameEdge } from "./node";
import type { Request } from "./request";
import { leadOf, strongestOf, type Table } from "./table";

/** How far it is; a run that was stopped or failed keeps what it had. */
export type RunStatus = "running" | "done" | "stopped";

export interface Run {
  readonly id: number;
  readonly request: Request;
  /** Grows while the run goes on; each time the run is another object with the same table. */
  readonly table: Table;
  readonly status: RunStatus;
  /** The sender whose edges alone are exact; null where the scope is another. */
  readonly sender: string | null;
  /** Where to look first, by the estimates and, once it goes on no more, by all that is known. */
  readonly lead: EdgeName | null;
  /** How far estimates were from the edges that were checked; null where none were. */
  readonly check: EdgesCheck | null;
  readonly warnings: readonly Warning[];
  /** How long it took; null while it runs, or where that is not known. */
  readonly seconds: number | null;
  /** When it was begun, and on what; null where a file does not say. */
  readonly made: Made | null;
  /** The file that it was read from; null for a run of this page. */
  readonly file: string | null;
  /** What that file knows beside the edges; nothing for a run of this page, whose model can be asked. */
  readonly known: Known;
}

/** An edge that was looked at, on one of the pairs. */
export interface KnownDetail extends EdgeName {
  readonly pair: number;
  readonly detail: EdgeDetail;
}

/** What is known of a run beside its edges. */
export interface Known {
  readonly details: readonly KnownDetail[];
  /** What both runs say next, of the first pairs. */
  readonly predictions: readonly PairPredictions[];
}

export const NOTHING_KNOWN: Known = { details: [], predictions: [] };

/** Where and when numbers were made, as a saved file tells it. */
export interface Made {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly device: string;
}

/** What this build makes now, on a device. */
export function madeNow({ kind, weights }: Pick<DeviceReport, "kind" | "weights">): Made {
  return { by: `pathpatch ${VERSION}`, at: new Date().toISOString(), device: weights === "f32" ? kind : `${kind} ${weights}` };
}

/** A run whose first values are there. */
export function begun(id: number, request: Request, table: Table, sender: string | null, warnings: Warning[], made: Made): Run {
  const lead = leadFor(table, sender);
  return { id, request, table, status: "running", sender, lead, check: null, warnings, seconds: null, made, file: null, known: NOTHING_KNOWN };
}

/** A run that was saved. */
export function opened(
  id: number,
  request: Request,
  table: Table,
  { check, made, file, known }: Pick<Run, "check" | "made" | "known"> & { file: string },
): Run {
  const lead = leadFor(table, null);
  return { id, request, table, status: "done", sender: null, lead, check, warnings: [], seconds: null, made, file, known };
}

/** An edge of a pair among those that are known. */
export function knownDetail(known: readonly KnownDetail[], { from, to }: EdgeName, pair: number): EdgeDetail | null {
  return known.find((one) => one.pair === pair && one.from === from && one.to === to)?.detail ?? null;
}

/** A run of which all is known that was asked for. */
export function finished(run: Run, check: EdgesCheck | null, seconds: number | null = null): Run {
  return { ...run, status: "done", check, seconds, lead: leadNow(run) };
}

/** A run that goes on no more, with what is known of it. */
export function stopped(run: Run): Run {
  return run.status === "running" ? { ...run, status: "stopped", lead: leadNow(run) } : run;
}

/** The lead by what is known by now: the same object where it is the same edge, so that nobody is led there again. */
function leadNow({ table, sender, lead }: Run): EdgeName | null {
  const now = leadFor(table, sender);
  return isSameEdge(now, lead) ? lead : now;
}

function leadFor(table: Table, sender: string | null): EdgeName | null {
  const found = sender === null ? leadOf(table) : strongestOf(table, { from: sender });
  return found && { from: found.from, to: found.to };
}
