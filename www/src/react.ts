// The package's entry `pathpatch/react`: types of <path-patching> for JSX. There is nothing in it at run time.

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { PathPatching, Saved } from "./embed/element.js";

/** What JSX may give to <path-patching>. */
export interface PathPatchingProps extends DetailedHTMLProps<HTMLAttributes<PathPatching>, PathPatching> {
  src?: string;
  link?: string;
  live?: boolean;
  hide?: string;
  show?: string;
  heading?: string;
  height?: string | number;
  theme?: "light" | "dark";
  workers?: string | number;
  site?: string;
  data?: Saved | null;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "path-patching": PathPatchingProps;
    }
  }
}
