// A blog on its own origin, with the demo post; compressed, as hosts do it.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { SITE } from "./site";

/** The site as the demo post writes it. */
const WRITTEN = "http://localhost:4173";

const TYPES: Record<string, string> = { ".html": "text/html", ".css": "text/css", ".json": "application/json" };

export async function startBlog(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://blog").pathname.replace(/\/$/, "/index.html");
    const type = TYPES[extname(name)];
    if (!type) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": type, "content-encoding": "gzip" });
    response.end(gzipSync(readFileSync(`examples/post${name}`, "utf8").replaceAll(WRITTEN, SITE)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${port}/`, stop };
}
