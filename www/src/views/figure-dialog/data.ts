// What the figure dialog is given, and what it asks for.

import type { Run } from "../../core/run";
import type { Look } from "../../core/view";
import type { EdgeDetail } from "../../engine/types";
import type { EmbedSubject } from "../../lib/embed";

export interface FigureData {
  run: Run;
  look: Look;
  /** The chosen edge, looked at on the pair in view; null where it is not known. */
  detail: EdgeDetail | null;
}

export interface FigureEvents {
  /** Where the page is, as others would cite it. */
  site: string;
  /** What a snippet is made of, for a figure of that title. */
  subject: (title: string) => Omit<EmbedSubject, "packed">;
  /** A <path-patching> for the preview. */
  element: () => Promise<HTMLElement & { data: unknown }>;
}
