// <path-patching> in another project's React.

import type {} from "pathpatch/react";
import type { Saved } from "pathpatch/element";

export function Figure({ saved }: { saved: Saved }) {
  return <path-patching data={saved} show="grids" hide="prompts" theme="dark" className="wide" />;
}

export function Wrong() {
  // @ts-expect-error: there is no such theme.
  return <path-patching theme="blue" />;
}
