// A saved result, opened on the page: shown as it was saved, whatever model is loaded.

import { isSavedResult } from "../lib/saved";
import { readSaved } from "./saved-run";
import type { Action } from "./state";

/** Larger files are weights. */
const MOST_BYTES = 200e6;

/** What to do with a file that was dropped or picked; null where it is no saved result. Throws where it is a wrong one. */
export async function openSaved(file: File): Promise<Action | null> {
  if (!file.name.endsWith(".json") || file.size > MOST_BYTES) return null;
  const text = await file.text();
  if (!isSavedResult(text)) return null;
  const { run, view } = readSaved(text, file.name);
  return { type: "shown", run, wanted: { settings: run.request.settings, view } };
}
