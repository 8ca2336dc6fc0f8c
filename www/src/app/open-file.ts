// A saved result, opened on the page: shown as it was saved, whatever model is loaded.

import { formatBytes } from "../lib/format";
import { isSavedResult } from "../lib/saved";
import { readSaved } from "./saved-run";
import type { Action } from "./state";

/** Larger files are weights. */
const MOST_BYTES = 200e6;

/** What to do with a file that was picked as a saved result. Throws where it is not one. */
export async function openSaved(file: File): Promise<Action> {
  if (file.size > MOST_BYTES) {
    throw new Error(`saved result: expected at most ${formatBytes(MOST_BYTES)}, got ${formatBytes(file.size)}`);
  }
  return shown(await file.text(), file.name);
}

/** What to do with a file that may be anything; null where it is not a saved result. Throws where it is a damaged one. */
export async function openIfSaved(file: File): Promise<Action | null> {
  if (!file.name.endsWith(".json") || file.size > MOST_BYTES) return null;
  const text = await file.text();
  return isSavedResult(text) ? shown(text, file.name) : null;
}

function shown(text: string, name: string): Action {
  const { run, view } = readSaved(text, name);
  return { type: "shown", run, wanted: { settings: run.request.settings, view } };
}
