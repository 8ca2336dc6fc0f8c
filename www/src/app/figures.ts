// The result on screen as a figure: for a paper, or for a post. What makes one is loaded when it is asked for.

import { isSameEdge } from "../core/node";
import type { Request } from "../core/request";
import { type Known, NOTHING_KNOWN, type Run } from "../core/run";
import type { Look } from "../core/view";
import type { PairPredictions } from "../engine/types";
import { headlineOf } from "../lib/headline";
import { isSameSettings } from "../lib/settings";
import type { FigureData, FigureEvents } from "../views/figure-dialog/data";
import * as share from "./share";
import type { State } from "./state";

/** What both runs of a question say next: the form may have moved on since, and with it what the page asks. */
let said: { of: Request; pairs: readonly PairPredictions[] } | null = null;

/** Keep what both runs of the run on screen say next; to be called whenever the state has changed. */
export function listen({ run, predictions }: State): void {
  if (!run || !predictions || said?.of === run.request) return;
  if (isSameSettings(predictions.of, run.request.settings)) said = { of: run.request, pairs: predictions.pairs };
}

/** What is known of the run on screen beside its edges: of its file, or as far as this page has asked. */
export function knownOf(state: State): Known {
  const { run, detail } = state;
  if (!run) return NOTHING_KNOWN;
  listen(state);
  const predictions = said?.of === run.request ? said.pairs : run.known.predictions;
  if (detail.state !== "there" || detail.run.id !== run.id) return { details: run.known.details, predictions };
  const { edge, pair } = detail;
  const rest = run.known.details.filter((known) => !isSameEdge(known, edge) || known.pair !== pair);
  return { details: [{ ...edge, pair, detail: detail.detail }, ...rest], predictions };
}

/** What a snippet for a post is made of; the figure is called after its question where `title` is absent. */
export function embedSubject(state: State, base: string, title?: string, known: Known = knownOf(state)) {
  const { run, look, view, kept } = state;
  if (!run || !look) throw new Error("result: expected one, got none yet");
  const { ref } = run.request.model;
  const called = ref.kind === "hub" ? ref.repo : ref.kind === "address" ? ref.url : null;
  const bytes = kept.find((model) => model.complete && model.title === called)?.bytes;
  return share.embedSubject(run, look, view, base, { known, title: title ?? titleOf(run), bytes });
}

const titleOf = ({ request }: Run): string => headlineOf(request.pairs);

/** The run that is on screen now, as a figure goes on being made of it whatever runs meanwhile; null where there is none. */
export function pictureOf(state: State, base: string): { data: FigureData; subject: FigureEvents["subject"] } | null {
  const { run, look } = state;
  if (!run || !look) return null;
  const known = knownOf(state);
  return { data: dataOf(run, look, known), subject: (title) => embedSubject(state, base, title, known) };
}

/** Opens the dialog on what is shown. */
export function figureDialog(dialog: HTMLDialogElement, button: HTMLButtonElement, state: () => State): void {
  let open: ((data: FigureData) => void) | undefined;
  let picture: ReturnType<typeof pictureOf> = null;
  const base = document.baseURI.replace(/[#?].*$/, "");
  const events: FigureEvents = {
    site: base,
    subject: (title) => {
      if (!picture) throw new Error("figure: expected a result, got none");
      return picture.subject(title);
    },
    // A real one, so that what is seen is what the post gets.
    element: async () => {
      const { PathPatching } = await import("../embed/element");
      PathPatching.site ??= base;
      return document.createElement("path-patching");
    },
  };
  button.addEventListener("click", async () => {
    const { create } = await import("../views/figure-dialog/dialog");
    // A second press, while the dialog's code comes, opens the same one.
    if (dialog.open) return;
    picture = pictureOf(state(), base);
    if (!picture) return;
    open ??= create(dialog, events);
    open(picture.data);
  });
}

function dataOf(run: Run, look: Look, known: Known): FigureData {
  const found = known.details.find((one) => isSameEdge(one, look.edge) && one.pair === look.pair);
  return { run, look, detail: found?.detail ?? null };
}
