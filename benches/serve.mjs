// Serves the built site like any static host.

import { preview } from "vite";

/** A server for a directory, on a free port. */
export const serve = (site) =>
  preview({
    configFile: false,
    appType: "mpa",
    root: site,
    build: { outDir: "." },
    preview: { port: 0 },
    logLevel: "error",
  });
