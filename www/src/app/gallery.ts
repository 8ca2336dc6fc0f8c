// Opening a result of the gallery, and what follows once its reader asks for more than it holds.

import { isSameModel, type ModelRef } from "../core/model-ref";
import { elementById, messageOf } from "../lib/dom";
import { calledOf } from "../lib/models";
import { fromParams } from "../lib/permalink";
import { exampleOf } from "../lib/settings";
import { answering, GALLERY, type GalleryEntry, modelOf } from "../story/gallery";
import * as cardsView from "../views/cards";
import type { Loading } from "./loading";
import { isStale } from "./reduce";
import { readSaved } from "./saved-run";
import type { Action, State } from "./state";
import { latest, type Store } from "./store";

export interface Gallery {
  open: (entry: GalleryEntry) => void;
}

/** What the page says that a result is from. */
const FROM = "the gallery";

export function gallery(store: Store<State, Action>, models: Pick<Loading, "choose">): Gallery {
  const { dispatch } = store;
  /** The model of the result that was asked for last. */
  let coming: ModelRef | null = null;

  const opening = latest(
    async (signal, entry: GalleryEntry, params: URLSearchParams | null) => {
      coming = modelOf(entry);
      const answer = await fetch(new URL(`gallery/${entry.file}`, document.baseURI), { signal });
      if (!answer.ok) throw new Error(`${entry.file}: expected a saved result, got status ${answer.status}`);
      const { run, view } = readSaved(await answer.text(), FROM);
      if (signal.aborted) return;
      const { settings } = run.request;
      dispatch({ type: "shown", run, wanted: params ? fromParams(params, { settings, view }) : { settings, view } });
    },
    (error) => dispatch({ type: "file-refused", text: messageOf(error) }),
  );

  store.subscribe((now, before) => {
    if (coming && isMovedOn(now, before, coming)) opening.cancel();
    // A link about a model that is not here may be answered all the same.
    if (now.offer !== before.offer && now.offer?.wanted) {
      const { choice, wanted } = now.offer;
      const { settings } = fromParams(wanted, exampleOf(choice.ref));
      const entry = answering(choice.ref, settings);
      if (entry) opening.start(entry, wanted);
    }
    // Another question than the one that was saved needs the model.
    const { formOf, load, loaded, offer } = now;
    if (now.draft === before.draft || !formOf || !isStale(now)) return;
    const isOnItsWay = [load?.choice, offer?.choice].some((choice) => choice && isSameModel(choice.ref, formOf));
    if (!isOnItsWay && !(loaded && isSameModel(loaded.model.ref, formOf))) models.choose(formOf);
  });

  const open = (entry: GalleryEntry) => opening.start(entry, null);
  const cards = GALLERY.map((entry) => ({ name: shortName(entry), of: calledOf(modelOf(entry)), onPress: () => open(entry) }));
  cardsView.create(elementById("cards"), cards);
  return { open };
}

/** Whether the reader has gone on to something else than a result of this model that is still to come. */
export function isMovedOn(now: Pick<State, "draft" | "loaded" | "load">, before: Pick<State, "draft" | "loaded" | "load">, of: ModelRef): boolean {
  const isEdited = now.draft !== before.draft && now.loaded === before.loaded;
  const { load } = now;
  return isEdited || (load !== null && load.choice !== before.load?.choice && !isSameModel(load.choice.ref, of));
}

/** `Induction` of `Induction: fox, lamp, … fox`. */
const shortName = ({ title }: GalleryEntry): string => title.split(":")[0]!;
