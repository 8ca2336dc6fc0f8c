// A run on its way out: as a link, as a file, as code. Everything here takes a run, and nothing the form.

import type { Look } from "../core/look";
import { linkOf } from "../core/model-ref";
import type { Request } from "../core/request";
import type { Run } from "../core/run";
import { pathpatchJs, transformerLens } from "../lib/code";
import { csv } from "../lib/csv";
import { embedCode } from "../lib/embed";
import { npy } from "../lib/npy";
import { toParams } from "../lib/permalink";
import type { Component } from "../engine/types";
import { edges } from "../lib/result";
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

export const runCsv = (run: Run): string => csv(edges(run.result));

export const runJson = (run: Run, look: Look): string => JSON.stringify(save(run, look));

export const figureJson = (run: Run, look: Look): string => JSON.stringify(save(run, look, FIGURE_EDGES));

export function runNpy({ result: { layers, heads, components } }: Run, component: Component): Uint8Array<ArrayBuffer> {
  return npy(components[component].values, [layers, heads, layers, heads]);
}

export const python = (run: Run, look: Look): string => transformerLens(run.request, look);

export const javascript = (run: Run, look: Look, base: string): string =>
  pathpatchJs(run.request, look, new URL("./pathpatch.js", base).href);

export const embed = (run: Run, view: View, base: string) => embedCode(sharedParams(run, view), base);
