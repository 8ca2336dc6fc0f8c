// What the page's views ask for beyond a change of the state.

import type { ModelRef } from "../core/model-ref";
import type { KeptModel, Token } from "../engine/types";
import type { GalleryEntry } from "../story/gallery";
import type { Box } from "./state";

export interface Events {
  say: (change: Partial<Box>) => void;
  remove: (kept: KeptModel) => void;
  open: (files: File[]) => void;
  openSaved: (file: File) => void;
  /** One of the models in the header was pressed. */
  chooseModel: (ref: ModelRef) => void;
  loadChosen: () => void;
  loadOffered: () => void;
  declineOffer: () => void;
  loadAgain: () => void;
  cancelLoad: () => void;
  runAgain: () => void;
  cancelRun: () => void;
  showTour: () => void;
  /** A result of the gallery. */
  openExample: (entry: GalleryEntry) => void;
  /** Tokens of the vocabulary that begin so. */
  complete: (start: string, limit?: number) => Promise<Token[]>;
}
