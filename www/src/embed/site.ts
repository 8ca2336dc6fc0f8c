// Where this site is, wherever its modules are used from.

/** The site's root. Built modules lie in its `assets/`; while developing, all is under the server's root. */
export function site(): URL {
  return new URL(import.meta.env.DEV ? "/" : "../", import.meta.url);
}
