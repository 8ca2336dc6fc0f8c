// The gallery: results that were saved beforehand and come with the site, so that they are shown before any download.

import index from "../../gallery/index.json";
import { isSameModel, type ModelRef, refOfLink } from "../core/model-ref";
import { GPT2_PRESETS, presetsFor } from "../lib/presets";
import { isSameSettings, type Settings, settingsOf } from "../lib/settings";

/** A saved result of the gallery. */
export interface GalleryEntry {
  /** Its file, beside the index. */
  file: string;
  /** The preset's name. */
  title: string;
  /** The model, as a link names it. */
  model: string;
  edges: number;
}

export const GALLERY: readonly GalleryEntry[] = index.results;

/** Nothing in the gallery is named by an address that is relative to a page. */
const NOWHERE = "https://pathpatch.invalid/";

/** The model that a result is of. */
export const modelOf = ({ model }: GalleryEntry): ModelRef => refOfLink(model, NOWHERE);

/** The result that answers a question to a model, looked at whichever way; undefined where there is none. */
export function answering(ref: ModelRef, settings: Settings): GalleryEntry | undefined {
  return GALLERY.find((entry) => {
    if (!isSameModel(modelOf(entry), ref)) return false;
    const presets = ref.kind === "bundled" ? presetsFor(ref, { d_vocab: 0 }) : GPT2_PRESETS;
    const preset = presets.find(({ name }) => name === entry.title);
    return preset !== undefined && isSameSettings(settingsOf(preset), settings);
  });
}
