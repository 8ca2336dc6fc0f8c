// The site's module, for pages without a bundler: the engine, and <path-patching>, which takes its model from here.

import { PathPatching } from "./embed/element";

export * from "./engine/pathpatch";
export { PathPatching };

const here = import.meta.url;
PathPatching.site ??= new URL(import.meta.env.DEV ? "/" : "./", here).href;
