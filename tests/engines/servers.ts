// The built site on one origin, and a post with figures on another.

import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface Served {
  url: string;
  /** The requested paths. */
  requests: string[];
  stop: () => Promise<void>;
}

/** May run the site's scripts and workers, and compile no WebAssembly. */
const STRICT = "default-src 'none'; script-src 'self'; worker-src 'self'; img-src data:";

/** The site as on a static host, open to every origin, with an empty page `blank.html`, and `strict.html` with a policy. */
export function serveSite(): Promise<Served> {
  return serve("localhost", (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    response.setHeader("access-control-allow-origin", "*");
    if (pathname === "/blank.html" || pathname === "/strict.html") {
      if (pathname === "/strict.html") response.setHeader("content-security-policy", STRICT);
      response.setHeader("content-type", TYPES[".html"]!);
      response.end('<!doctype html><title>Blank</title><link rel="icon" href="data:,">');
      return;
    }
    const file = join("dist", normalize(decodeURIComponent(pathname.replace(/\/$/, "/index.html"))));
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": statSync(file).size });
    createReadStream(file).pipe(response);
  });
}

/** A post with these figures on another origin, with a saved figure's file beside it. */
export function servePost(site: string, figures: string): Promise<Served> {
  const post = `<!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <title>A post</title>
      <link rel="icon" href="data:,">
      <script type="module" src="${site}/pathpatch.js"></script>
      <h1>A post</h1>
      ${figures}`;
  return serve("127.0.0.1", (request, response) => {
    const isFigure = request.url === "/figure.json";
    const body = isFigure ? readFileSync("examples/post/figure.json") : post;
    response.writeHead(200, { "content-type": TYPES[isFigure ? ".json" : ".html"] }).end(body);
  });
}

async function serve(host: string, listener: RequestListener): Promise<Served> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "/");
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${host}:${(server.address() as AddressInfo).port}`, requests, stop };
}
