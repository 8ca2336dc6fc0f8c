// What a figure is made from, how it is shown, and what it can be told.

import type { EdgeName } from "../engine/types";
import type { Saved } from "../lib/saved";
import type { Scheme } from "./scheme";
import type { SelectDetail } from "./selected";

/** What a figure is about: a saved result or its address, or what a link says. */
export type Subject =
  | { kind: "data"; text: string }
  | { kind: "file"; url: string }
  | { kind: "link"; params: URLSearchParams };

/** How it is shown; changing it loses nothing. */
export interface Appearance {
  /** Parts that are left out: `prompts circuit explanation run`; names of others hide nothing. */
  hidden: ReadonlySet<string>;
  /** Parts that are added: `scale grids table`. */
  shown: ReadonlySet<string>;
  /** Null where it is the post's. */
  theme: Scheme | null;
  /** What it is called; null for its file's own title, or its question. */
  heading: string | null;
  /** Whether it runs without a press once the reader is near. */
  isLive: boolean;
  /** How many workers share its model, as the author says it; null where that is left to the engine. */
  workers: string | null;
  /** Where links lead and the bundled models are; null where there is no site. */
  site: string | null;
}

export interface MountOptions {
  subject: Subject;
  look: Appearance;
  /** What runs a model; null where nothing is to be run. */
  live: (() => Promise<typeof import("./live")>) | null;
  /** Aborted when the element shows something else. */
  signal: AbortSignal;
  /** A result is whole: a saved one, or the end of a run. */
  onResult: () => void;
  onSelect: (edge: SelectDetail) => void;
  onError: (error: unknown) => void;
}

export interface Figure {
  show: (look: Appearance) => void;
  /** Go on with what is not done: read the saved result, run once it is near where the reader is. */
  start: () => void;
  /** The element has gone: stop what is under way. */
  stop: () => void;
  data: () => Saved | null;
  /** Look at an edge, or at what the author chose; nobody is told of it as of a reader's choice. */
  choose: (edge: EdgeName | null) => void;
}
