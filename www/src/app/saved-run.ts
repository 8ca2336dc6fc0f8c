// A saved result as a run again, with the question that it answers.

import { type LoadedModel, refOfSaved } from "../core/model-ref";
import { requestOf } from "../core/request";
import { opened, type Run } from "../core/run";
import { pairsOf } from "../lib/pairs";
import { restore } from "../lib/saved";
import type { View } from "../lib/settings";

/** The run in a file's text, and what of it was looked at. Throws where it is not a saved result, and says what was expected. */
export function readSaved(text: string, file: string): { run: Run; view: View; title: string | null } {
  const { saved, table, known } = restore(text);
  const { settings, tokens } = saved;
  const pairs = pairsOf(settings);
  // A file may not tell the tokens.
  const read = pairs.map((_, i) => ({ clean: [], corrupted: [], answer: [], distractor: [], ...tokens?.[i] }));
  const { source, ...of } = saved.model;
  const model: LoadedModel = { ...of, ref: refOfSaved(source, document.baseURI) };
  const request = requestOf(model, settings, pairs, read);
  const { check } = saved.edges;
  const run = opened(-Date.now(), request, table, { check, made: saved.made, file, known });
  return { run, view: saved.view, title: saved.title ?? null };
}
