// What other pages import: the engine's client, and the element <path-patching> with it.

import { define } from "./embed/element";

export * from "./engine/pathpatch";

define();
