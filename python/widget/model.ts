// What the kernel and the browser share of a widget: the traits of pathpatch/_widget.py, through anywidget.

/** An edge by the names of its ends. */
export type Pair = [from: string, to: string];

export const VIEWS = { circuit: "Circuit", grids: "Grids", table: "Table" } as const;
export type ViewName = keyof typeof VIEWS;

export interface Traits {
  /** The saved result. */
  _data: string;
  edge: Pair | null;
  marked: Pair[];
  view: ViewName;
  theme: "auto" | "light" | "dark";
  title: string;
  /** Pixels; null for what the figure needs. */
  height: number | null;
}

/** The part of anywidget's model that is used here. */
export interface Model {
  get<K extends keyof Traits>(key: K): Traits[K];
  set<K extends keyof Traits>(key: K, value: Traits[K]): void;
  save_changes(): void;
  on(event: `change:${keyof Traits}`, listener: () => void): void;
  off(event: `change:${keyof Traits}`, listener: () => void): void;
}

export const isSamePair = (a: Pair | null, b: Pair | null): boolean => a?.[0] === b?.[0] && a?.[1] === b?.[1];
