// Servers of notebooks, for Playwright. PYTHON is one that has JupyterLab, marimo and the built wheel.

import { fileURLToPath } from "node:url";

const PYTHON = process.env.PYTHON ?? "python3";
const SERVED = {
  jupyter: { port: 4176, answers: "/api" },
  marimo: { port: 4177, answers: "/" },
} as const;

export type Kind = keyof typeof SERVED;

export const siteOf = (kind: Kind): string => `http://localhost:${SERVED[kind].port}`;

/** A server that Playwright starts, and waits for. */
export const server = (kind: Kind) => ({
  command: `"${PYTHON}" notebooks.py ${kind} ${SERVED[kind].port}`,
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  url: `${siteOf(kind)}${SERVED[kind].answers}`,
  reuseExistingServer: false,
});
