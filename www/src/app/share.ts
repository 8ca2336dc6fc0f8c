// A run on its way out: as a link, as a file, as code. Everything here takes a run, and nothing the form.

import { linkOf } from "../core/model-ref";
import { isSameEdge } from "../core/node";
import type { Request } from "../core/request";
import type { Known, Run } from "../core/run";
import type { Look } from "../core/view";
import type { Component } from "../engine/types";
import { eapIg } from "../lib/code/eap-ig";
import { command, pathpatchJs } from "../lib/code/pathpatch";
import { transformerLens, type Version } from "../lib/code/transformer-lens";
import { embedCode, type EmbedSubject, FIRST_EMBED } from "../lib/embed";
import { csv, graphJson, headValues, scoreMatrix } from "../lib/graph";
import { npy } from "../lib/npy";
import { toParams } from "../lib/permalink";
import { save, type Saving } from "../lib/saved";
import { EXAMPLE, type View } from "../lib/settings";

/** What a figure for a post holds beside what is in view. */
const FIGURE_EDGES = 200;
/** Longer prompts have patterns of attention that are longer than all the rest. */
const FIGURE_TOKENS = 48;
/** Characters of a figure in a page's own text, beyond which what can be left out is. */
const FIGURE_LENGTH = 50_000;

/** What a link says of a run, and of what is looked at. */
export function linkParams({ model, settings }: Request, view: View): URLSearchParams {
  return toParams({ model: linkOf(model.ref), settings, view }, EXAMPLE);
}

/** An address that shows the run; refused for files of one's own, which nobody else has. */
export function link(run: Run, view: View, page: string): string {
  const url = new URL(page);
  // How this reader computes is not the next one's affair.
  url.search = "";
  url.hash = sharedParams(run, view).toString();
  return url.href;
}

function sharedParams({ request }: Run, view: View): URLSearchParams {
  if (request.model.ref.kind === "files") {
    throw new Error("link: expected a model that others can load, got files of your own");
  }
  return linkParams(request, view);
}

export const runCsv = (run: Run): string => csv(run);

/** All edges, and what else is `known`. */
export const runJson = (run: Run, look: Look, known: Known): string => JSON.stringify(save(run, look, { known }));

/**
 * What a post needs of a run: the strongest edges, and the pair and the edge that are looked at as far as they are
 * `known`. Less where it would be too much for a page: first of what is known, then of the edges. The names of a large
 * model's parts, the tokens of many pairs and the edges in view stay: with them it may still be too much.
 */
export function figureJson(run: Run, look: Look, { known = run.known, title, bytes }: Saving = {}): string {
  const predictions = known.predictions.slice(0, look.pair + 1);
  const details = known.details.filter(({ pair, detail, ...edge }) => isSameEdge(edge, look.edge) && pair === look.pair && detail.added.length <= FIGURE_TOKENS);
  const most = Math.max(FIGURE_EDGES, look.edges);
  const ways: Saving[] = [
    { strongest: most, known: { details, predictions } },
    ...[most, most / 2, most / 4].map((strongest) => ({ strongest, known: { details: [], predictions } })),
  ];
  let text = "";
  for (const way of ways) {
    text = JSON.stringify(save(run, look, { ...way, title, bytes }));
    if (text.length <= FIGURE_LENGTH) break;
  }
  return text;
}

export const runGraph = (run: Run): string => graphJson(run);

export function runNpy({ table }: Run): Uint8Array<ArrayBuffer> {
  const { values, shape } = scoreMatrix(table);
  return npy(values, shape);
}

export function headsNpy({ table }: Run, port: Component): Uint8Array<ArrayBuffer> {
  const { values, shape } = headValues(table, port);
  return npy(values, shape);
}

export const python = (run: Run, look: Look, version: Version): string => transformerLens(run.request, look.edge, version);

export const pythonEapIg = (run: Run): string => eapIg(run.request);

export const javascript = (run: Run, look: Look, base: string): string =>
  pathpatchJs(run.request, look.edge, new URL("./pathpatch.js", base).href);

export const commandLine = (run: Run): string => command(run.request);

/** What a snippet for a post is made of. */
export function embedSubject(run: Run, look: Look, view: View, base: string, saving: Saving & { title: string }): Omit<EmbedSubject, "packed"> {
  const isOwn = run.request.model.ref.kind === "files";
  const params = isOwn ? null : linkParams(run.request, view);
  return { base, params, title: saving.title, json: figureJson(run, look, saving), file: "pathpatch-figure.json" };
}

/** The snippet that most posts want: the result within it. */
export const embed = (subject: Omit<EmbedSubject, "packed">): string => embedCode({ ...subject, packed: "" }, FIRST_EMBED).text;
