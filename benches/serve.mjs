// The built site, served as any static host would.

import { preview } from "vite";

/** A server of a directory, on a port of its own. */
export const serve = (site) =>
  preview({
    configFile: false,
    appType: "mpa",
    root: site,
    build: { outDir: "." },
    preview: { port: 0 },
    logLevel: "error",
  });
