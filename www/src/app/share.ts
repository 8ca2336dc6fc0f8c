// A run on its way out: as a link, as a file, as code. Everything here takes a run, and nothing the form.

import { linkOf } from "../core/model-ref";
import type { Request } from "../core/request";
import type { Run } from "../core/run";
import type { Look } from "../core/view";
import type { Component } from "../engine/types";
import { eapIg } from "../lib/code/eap-ig";
import { command, pathpatchJs } from "../lib/code/pathpatch";
import { transformerLens, type Version } from "../lib/code/transformer-lens";
import { embedCode } from "../lib/embed";
import { csv, graphJson, headValues, scoreMatrix } from "../lib/graph";
import { npy } from "../lib/npy";
import { toParams } from "../lib/permalink";
import { save } from "../lib/saved";
import { EXAMPLE, type View } from "../lib/settings";

/** What a figure for a post holds beside what is in view. */
const FIGURE_EDGES = 200;

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

export const runJson = (run: Run, look: Look): string => JSON.stringify(save(run, look));

export const figureJson = (run: Run, look: Look): string => JSON.stringify(save(run, look, { strongest: FIGURE_EDGES }));

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

export const embed = (run: Run, view: View, base: string) => embedCode(sharedParams(run, view), base);
