// What the checks of copied Python have in common: the page's modules that write it, and a Python that runs it.

import { execFileSync } from "node:child_process";
import { createServer } from "vite";

/** The bundled model, which the copied code is run on. */
export const MODEL = "www/models/ioi-demo";

/** One of the page's modules, by its path below www. */
export async function pageModule(path) {
  const server = await createServer({ configFile: false, root: "www", server: { middlewareMode: true }, appType: "custom", logLevel: "error" });
  try {
    return await server.ssrLoadModule(path);
  } finally {
    await server.close();
  }
}

/**
 * What a script prints, with the packages of `path` before others where it is given. What it says on stderr is in the
 * error if it fails.
 */
export function runPython(python, script, path) {
  const env = { ...process.env, ...(path === undefined ? {} : { PYTHONPATH: path }) };
  return execFileSync(python, ["-c", script], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
}

/** The copied code with the bundled model in place of the path that a reader fills in. */
export const onModel = (code) => code.replace('"path/to/model"', JSON.stringify(MODEL));
