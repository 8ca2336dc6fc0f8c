// The page: state and what changes it are in app/, what is drawn in views/; this wires them.
//
// What follows the # of the address is a link's: model, prompts, settings, view. A link's model is loaded at once
// where it is bundled or kept in this browser; else the reader is asked first, because it comes from others.

import { address } from "./app/address";
import { asking } from "./app/asking";
import { draw } from "./app/draw";
import { loading } from "./app/loading";
import { openIfSaved, openSaved } from "./app/open-file";
import { INITIAL, reduce } from "./app/reduce";
import type { Action, State } from "./app/state";
import { createStore } from "./app/store";
import { elementById, messageOf } from "./lib/dom";
import { recentRuns } from "./lib/recent";
import { bundledTour, hasSeenTour, tourIsSeen } from "./lib/tour";
import * as tourView from "./views/tour";

const store = createStore<State, Action>({ ...INITIAL, recent: recentRuns() }, reduce);
const models = loading(store);
const runs = asking(store, models.engine);
address(store, models.open);

const showTour = () =>
  tourView.start(elementById("tour"), bundledTour((change) => store.dispatch({ type: "look", change })), tourIsSeen);

/** A saved result is shown; anything else is a model's file. */
async function open(files: File[]): Promise<void> {
  const [only] = files;
  if (!only) return;
  await opening(only, async () => {
    const shown = files.length === 1 ? await openIfSaved(only) : null;
    if (shown) store.dispatch(shown);
    else models.say({ id: "files", files });
  });
}

/** Do what a file asks for; where it cannot be read, say so with its name. */
async function opening(only: File, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    store.dispatch({ type: "file-refused", text: `${only.name}: ${messageOf(error)}` });
  }
}

draw(store, {
  ...models,
  runAgain: runs.again,
  cancelRun: runs.cancel,
  cancelLoad: models.cancel,
  loadAgain: models.again,
  chooseModel: models.choose,
  declineOffer: models.decline,
  loadChosen: () => {
    const { choice } = store.state().planning;
    if (choice) models.load(choice);
  },
  loadOffered: () => {
    const { offer } = store.state();
    if (offer) models.load(offer.choice, offer.wanted);
  },
  open: (files) => void open(files),
  openSaved: (file) => void opening(file, async () => store.dispatch(await openSaved(file))),
  showTour,
});

const params = new URLSearchParams(location.hash.slice(1));
// Before anything is drawn that it would have to make room in.
if (params.size === 0 && !hasSeenTour()) showTour();
models.open(params);
