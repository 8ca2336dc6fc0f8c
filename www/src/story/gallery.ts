// The gallery: results that were saved beforehand, and of which tasks there are any.

import { FieldError, fields, list, name as nameText, own, readAll, type Reader, text, whole } from "../core/fields";
import type { Preset } from "../lib/preset";

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

const MOST_ENTRIES = 100;
const MOST_TITLE = 200;

/** A file beside the index, and nowhere else. */
const file: Reader<string> = (value, field) => {
  const read = nameText(value, field);
  if (!/^[\w-]+\.json$/.test(read)) throw new FieldError(field, "a file’s name such as gpt2-induction.json", read);
  return read;
};

/** The gallery's index. Throws where it is none, and says what was expected. */
export function readIndex(json: unknown): GalleryEntry[] {
  const entry: Reader<GalleryEntry> = (value, field) =>
    readAll<GalleryEntry>({ file, title: text(MOST_TITLE), model: nameText, edges: whole(0, 4_000_000) }, value, field);
  return list(entry, MOST_ENTRIES)(own(fields(json, "gallery"), "results"), "gallery.results");
}

/** Whether the gallery has a result for a preset of the models that it is made of. */
export const isTold = ({ name }: Pick<Preset, "name">): boolean => /^(Induction|Indirect object|Greater than):/.test(name);
