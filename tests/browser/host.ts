// The built site as people host it: below a path, compressed like GitHub Pages; and pages on another origin.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface Host {
  /** The site's address, which ends in a slash. */
  site: string;
  /** The paths requested from the site, relative to it. */
  asked: string[];
  /** Put a page on the other origin, with `SITE` replaced by the site's address; returns the page's address. */
  page: (html: string, headers?: Record<string, string>) => string;
  stop: () => Promise<void>;
}

/** Serve `dist/` below `/some/path/`, and pages from another origin. */
export async function startHost({ isCompressed = false, directory = "dist" } = {}): Promise<Host> {
  const asked: string[] = [];
  const pages = new Map<string, { html: string; headers: Record<string, string> }>();
  const [site, blog] = await Promise.all([
    listen((request, response) => {
      const path = new URL(request.url ?? "/", "http://site").pathname.replace(/^\/some\/path\//, "");
      asked.push(path);
      serve(join(directory, path), isCompressed && /gzip/.test(String(request.headers["accept-encoding"])), response);
    }),
    listen((request, response) => {
      const page = pages.get(request.url ?? "");
      if (!page) response.writeHead(404).end();
      else response.writeHead(200, { "content-type": TYPES[".html"], ...page.headers }).end(page.html);
    }),
  ]);
  const address = `http://localhost:${portOf(site)}/some/path/`;
  return {
    site: address,
    asked,
    page: (html, headers = {}) => {
      const path = `/${pages.size}.html`;
      const whole = `<!doctype html><html lang="en"><title>A post</title><link rel="icon" href="data:,">${html}`;
      pages.set(path, { html: whole.replaceAll("SITE/", address), headers });
      return `http://127.0.0.1:${portOf(blog)}${path}`;
    },
    stop: async () => {
      for (const server of [site, blog]) server.closeAllConnections();
      await Promise.all([site, blog].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function serve(path: string, isCompressed: boolean, response: ServerResponse): void {
  response.setHeader("access-control-allow-origin", "*");
  if (!existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404).end();
    return;
  }
  const bytes = readFileSync(path);
  const body = isCompressed ? gzipSync(bytes, { level: 1 }) : bytes;
  if (isCompressed) response.setHeader("content-encoding", "gzip");
  response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
  // The length of the compressed body; other origins cannot see that it is compressed.
  response.writeHead(200, { "content-length": body.length }).end(body);
}

function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(answer).listen(0, () => resolve(server));
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
