// What a figure asks: read from a link or a file, and as a link to the page.

import { linkOf, nameOf, pinned, refOfLink } from "../core/model-ref";
import { requestOf } from "../core/request";
import type { Run } from "../core/run";
import { type Look, lookAt, within } from "../core/view";
import { pairsOf } from "../lib/pairs";
import { fromParams, toParams } from "../lib/permalink";
import { EXAMPLE, exampleOf } from "../lib/settings";
import type { Question } from "./question";

/** The pairs of a question that no model has read. */
export const asAsked = ({ model, settings }: Question) => {
  const pairs = pairsOf(settings);
  return requestOf(model, settings, pairs, pairs.map(() => ({ clean: [], corrupted: [], answer: [], distractor: [] }))).pairs;
};

export function linkTo(site: string, { model, settings, view }: Question): string {
  const page = new URL(site);
  page.hash = toParams({ model: linkOf(pinned(model)), settings, view }, EXAMPLE).toString();
  return page.href;
}

/** What a link asks; the model's address is relative to the post. Throws where it names no model. */
export function questionOf(params: URLSearchParams): Question {
  const ref = refOfLink(fromParams(params, EXAMPLE).model, document.baseURI);
  const { settings, view } = fromParams(params, exampleOf(ref));
  return { model: { ref, name: nameOf(ref), revision: null }, settings, view };
}

/** What is looked at, the rest left to the result. */
export function seen({ view }: Question, { table, lead }: Run): Look {
  return lookAt(within(table, view), table, lead);
}

/** A saved result at an address. */
export async function textOf(url: string, signal: AbortSignal): Promise<string> {
  const failed = (got: string) => new Error(`saved result: expected a file at ${url}, got ${got}`);
  const response = await fetch(url, { signal }).catch((error: Error) => {
    if (signal.aborted) throw error;
    const isElsewhere = new URL(url).origin !== self.origin;
    const hint = isElsewhere
      ? "; does its server allow other origins (Access-Control-Allow-Origin), and this page's Content-Security-Policy it (connect-src)?"
      : "";
    throw failed(`${error.message}${hint}`);
  });
  if (!response.ok) throw failed(`status ${response.status}`);
  return response.text();
}
