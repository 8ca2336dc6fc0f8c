// A saved result, opened on the page: shown as it was saved, whatever model is loaded.

import { FIRST_LOOK } from "../lib/settings";
import { BUNDLED_SOURCE, type LoadedModel, type ModelRef, refOfLink } from "../core/model-ref";
import { requestOf } from "../core/request";
import { opened } from "../core/run";
import { pairsOf } from "../lib/pairs";
import { isSavedResult, restore } from "../lib/saved";
import type { Action } from "./state";

/** Larger files are weights. */
const MOST_BYTES = 200e6;

/** What to do with a file that was dropped or picked; null where it is no saved result. Throws where it is a wrong one. */
export async function openSaved(file: File): Promise<Action | null> {
  if (!file.name.endsWith(".json") || file.size > MOST_BYTES) return null;
  const text = await file.text();
  if (!isSavedResult(text)) return null;
  const { saved, result } = restore(text);
  const { settings, tokens } = saved;
  const pairs = pairsOf(settings);
  const read = tokens.map((pair) => ({ answer: null, distractor: null, ...pair }));
  const model: LoadedModel = { ref: refOf(saved.model.source), name: saved.model.name, revision: saved.model.revision };
  const request = requestOf(model, settings, pairs, read);
  const run = opened(-Date.now(), request, result, saved.made, file.name);
  return { type: "shown", run, wanted: { settings, view: { ...FIRST_LOOK, ...saved.view } } };
}

function refOf(source: string | null): ModelRef {
  if (source === null) return { kind: "files" };
  return refOfLink(source === BUNDLED_SOURCE ? undefined : source, document.baseURI);
}
