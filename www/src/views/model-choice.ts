// The models that one press away from the page: the bundled ones, GPT-2 small, and the way to all others.

import { isSameModel, type ModelRef } from "../core/model-ref";
import { MODELS } from "../lib/models";
import * as segmentsView from "./segments";

export interface ModelChoiceData {
  /** The model that is loaded, or being loaded. */
  ref: ModelRef | null;
  /** Names of the models that this browser keeps. */
  kept: ReadonlySet<string>;
}

export interface ModelChoiceEvents {
  onModel: (ref: ModelRef) => void;
  /** Another one than those in the row. */
  onOther: () => void;
}

const OTHER = "other";
const IN_ROW = MODELS.filter(({ isInRow }) => isInRow);

export function create(container: HTMLElement, events: ModelChoiceEvents): (data: ModelChoiceData) => void {
  const show = segmentsView.create<string>(container, "Model", "buttons", (id) => {
    const ref = IN_ROW.find((model) => model.id === id)?.ref;
    if (ref) events.onModel(ref);
    else events.onOther();
  });
  return ({ ref, kept }) => {
    const isKept = (model: ModelRef | undefined) => model?.kind === "hub" && kept.has(model.repo);
    const chosen = ref && (IN_ROW.find((model) => model.ref && isSameModel(model.ref, ref))?.id ?? OTHER);
    const segments = IN_ROW.map(({ id, short, ref: of, about }) => ({
      id,
      name: isKept(of) ? `${short} ✓` : short,
      says: isKept(of) ? `${short}, kept in this browser` : short,
      hint: isKept(of) ? `${about} Kept in this browser.` : about,
    }));
    show([...segments, { id: OTHER, name: "Other…", says: "Other models", hint: "Another model: by name, by address, or files of your own" }], chosen);
  };
}
