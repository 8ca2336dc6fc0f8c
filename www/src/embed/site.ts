// Where the site is that figures link to, and take the bundled model from.

let chosen: string | null = null;

/** The site of all figures that name none themselves; null where there is none. */
export function site(): string | null {
  return chosen;
}

/** `site` is an address, relative to the page. */
export function setSite(site: string | URL | null): void {
  chosen = site === null ? null : directory(site);
}

/** An address with a slash at its end, so that what is relative to it lies below it. */
export function directory(url: string | URL): string {
  const absolute = new URL(url, globalThis.document?.baseURI);
  if (!absolute.pathname.endsWith("/")) absolute.pathname += "/";
  return absolute.href;
}
