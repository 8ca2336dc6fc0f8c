// What the views are given and what they say: props in, events out. No view reads the page's state.

import type { EdgeDetail } from "../engine/types";
import type { ChosenEdge } from "./chosen";
import type { Table } from "./table";
import type { Look, View } from "./view";

/** A name for some layers, from one to another. */
export interface Band {
  from: number;
  to: number;
  text: string;
}

/** Everything about one run: circuit, grids, table of edges, scale. */
export interface PictureData {
  /** Grows while the run goes on; `core/table.ts` has what is derived from it. */
  table: Table;
  look: Look;
  /** Whether more values are on their way. */
  isRunning: boolean;
  /** What the logits are read for: `lamp − spoon`. */
  compares: string;
  bands?: readonly Band[];
  /** What parts are known for, by their names. */
  roles?: ReadonlyMap<string, { name: string }>;
}

export interface PictureEvents {
  /**
   * Something else is looked at: `{ from, to }` chooses an edge, `{ from }` or `{ to }` one end of it, `{ node }` a node
   * by its strongest edge. `core/view.ts` says what of the rest is kept.
   */
  onView: (change: Partial<View>) => void;
}

/** The chosen edge, and how far a look at one pair is. Without a model that can be asked, the run alone speaks of it. */
export type DetailData =
  | { state: "none" }
  | (ChosenEdge & { state: "alone"; why: "absent" | "other-version" })
  | (ChosenEdge & { state: "waiting" })
  | (ChosenEdge & { state: "failed"; message: string })
  | (ChosenEdge & { state: "there"; detail: EdgeDetail });

export interface DetailEvents {
  /** What else to look at: what a node writes (`from`), or what is written into it (`to`). */
  onView: (change: Partial<View>) => void;
  onPair: (pair: number) => void;
}

/** Text to copy, and what is worth knowing of it. */
export interface Copied {
  text: string;
  note?: string;
}

/** Taking a result along. Each makes the text or the bytes of the result on screen, or throws what a reader is told. */
export interface TakeEvents {
  csv: () => string;
  json: () => string;
  figure: () => string;
  /** EAP-IG's JSON of the graph; a score is positive where the edge helps. */
  graph: () => string;
  /** Scores `[senders, receivers]`, as in the graph's JSON; NaN where there is none. */
  npy: () => Uint8Array<ArrayBuffer>;
  /** Metric values between heads alone, exact ones and estimates, `[layers, heads, layers, heads]`, source first. */
  npyHeads: (port: "q" | "k" | "v") => Uint8Array<ArrayBuffer>;
  link: () => Copied;
  /** Python for TransformerLens 4.3, and for earlier ones. */
  transformerLens: () => Copied;
  transformerLensBefore: () => Copied;
  /** Python for EAP-IG. */
  eapIg: () => Copied;
  js: () => Copied;
  /** A command line of `pathpatch graph`. */
  command: () => Copied;
  embed: () => Copied;
}
