// How many workers share a figure's model, where its author says so.

import { PathPatchError } from "../engine/error";

/** What an attribute says; undefined without one. Throws a `PathPatchError` where it is no whole number above 0. */
export function workersOf(said: string | null): number | undefined {
  if (said === null) return undefined;
  const workers = Number(said);
  if (Number.isSafeInteger(workers) && workers > 0) return workers;
  throw PathPatchError.of("option", "workers", "a whole number, 1 or more", JSON.stringify(said));
}
