// The page: state and what changes it are in app/, what is drawn in views/; this wires them.
//
// What follows the # of the address is a link's: model, prompts, settings, view. A link's model is loaded at once
// where it is bundled or kept in this browser; else the reader is asked first, because it comes from others.

import { address } from "./app/address";
import { asking } from "./app/asking";
import { draw } from "./app/draw";
import { gallery } from "./app/gallery";
import { loading } from "./app/loading";
import { openIfSaved, openSaved } from "./app/open-file";
import { INITIAL, reduce } from "./app/reduce";
import type { Action, State } from "./app/state";
import { createStore } from "./app/store";
import { touring } from "./app/touring";
import { messageOf } from "./lib/dom";
import { recentRuns } from "./lib/recent";
import { hasSeenTour } from "./lib/tour";

const store = createStore<State, Action>({ ...INITIAL, recent: recentRuns(), isNew: !hasSeenTour() }, reduce);
const models = loading(store);
const runs = asking(store, models.engine);
address(store, models.open);
const tour = touring(store);
const examples = gallery(store, models);

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
  runAgain: () => store.dispatch({ type: "ask" }),
  cancelRun: runs.cancel,
  complete: runs.complete,
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
  showTour: tour.start,
  openExample: examples.open,
});

const params = new URLSearchParams(location.hash.slice(1));
models.open(params);
