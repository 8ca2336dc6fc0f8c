// A server that behaves like the Hugging Face Hub, with faults on request.
//
// The Hub lists a repository's files with their sizes and, for large files, their SHA-256. It serves small files itself
// and redirects to another origin for large ones; that origin supports ranges and ETags.

import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Files above this size are on the other origin. */
const LARGE = 1 << 20;
export const COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e";
const HIDDEN = new Set([".gitattributes"]);

/** How the answer to a request differs from the plain file. */
export interface Fault {
  /** A status other than 200, repeated in the body. */
  status?: number;
  headers?: Record<string, string>;
  /** Send an HTML page instead of the file. */
  html?: boolean;
  /** Cut the connection after this many bytes of the answer. */
  cutAfter?: number;
  /** End the answer normally after this many bytes. */
  endAfter?: number;
  /** Number of bytes to append. */
  extra?: number;
  /** Wait before each chunk of 64 kB. */
  chunkDelayMs?: number;
  etag?: string;
  /** Change the byte at this offset. */
  corruptAt?: number;
  /** Ignore ranges, like a simple server. */
  noRanges?: boolean;
  /** Compress the answer, like GitHub Pages: the length is that of the compressed body, and the ETag is weak. */
  gzip?: boolean;
  /** Expose no headers to other origins beyond those that are always visible. */
  hidden?: boolean;
  /** Wait before the answer begins. */
  delayMs?: number;
  /** Send no CORS header, like servers that have it on files but not on their 404s. */
  noCors?: boolean;
}

export interface Seen {
  method: string;
  path: string;
  range: string | undefined;
}

export class Hub {
  /** The directory of each repository, by `owner/name`. */
  readonly repositories = new Map<string, string>();
  /** Called for each request for a file, with the number of earlier requests for it. */
  fault: (file: string, before: number, range: string | undefined) => Fault | undefined = () => undefined;
  /** The API's answer instead of a repository's list of files. */
  apiFault: Fault | undefined;
  /** The answer for a missing file. */
  missing: Fault = { status: 404 };
  readonly seen: Seen[] = [];
  #counts = new Map<string, number>();
  #hashes = new Map<string, string>();
  #hub: Server;
  #cdn: Server;

  private constructor() {
    this.#hub = createServer((request, response) => void this.#answer(request, response));
    this.#cdn = createServer((request, response) => void this.#answerLarge(request, response));
  }

  static async start(): Promise<Hub> {
    const hub = new Hub();
    for (const server of [hub.#hub, hub.#cdn]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  get #cdnUrl(): string {
    return `http://localhost:${(this.#cdn.address() as AddressInfo).port}`;
  }

  /** All requests for a file, including ranges. */
  requestsFor(file: string): Seen[] {
    return this.seen.filter(({ method, path }) => method === "GET" && path.endsWith(`/${file}`));
  }

  reset(): void {
    this.fault = () => undefined;
    this.apiFault = undefined;
    this.missing = { status: 404 };
    this.seen.length = 0;
    this.#counts.clear();
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    if (this.#allowCors(request, response, pathname)) return;
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(pathname);
    if (api) {
      this.#note(request, pathname);
      await this.#list(api[1]!, api[2]!, response);
      return;
    }
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const directory = resolve && this.repositories.get(resolve[1]!);
    const path = directory && join(directory, resolve[3]!);
    if (!resolve || !path || !existsSync(path)) {
      this.#note(request, pathname);
      await instead(this.missing, response);
      return;
    }
    if (statSync(path).size > LARGE) {
      const to = `${this.#cdnUrl}/${encodeURIComponent(path)}/${resolve[3]}`;
      response.writeHead(302, { location: to, "x-linked-size": String(statSync(path).size) }).end();
      return;
    }
    await this.#send(request, response, path, resolve[3]!, pathname);
  }

  async #answerLarge(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#allowCors(request, response, request.url ?? "")) return;
    const [, path = "", name = ""] = (request.url ?? "/").split("/");
    await this.#send(request, response, decodeURIComponent(path), name, request.url ?? "");
  }

  async #list(repo: string, revision: string, response: ServerResponse): Promise<void> {
    const directory = this.repositories.get(repo);
    if (this.apiFault && (await instead(this.apiFault, response))) return;
    // Like the Hub, know a revision with slashes only in its encoded form.
    if (!directory || !["main", COMMIT, COMMIT.slice(0, 7), "refs%2Fpr%2F1"].includes(revision)) {
      // The Hub does not say whether a repository is private or missing.
      fail(response, directory ? 404 : 401, directory ? "Invalid rev id" : "Repository not found");
      return;
    }
    const siblings = readdirSync(directory).filter((name) => !HIDDEN.has(name)).map((rfilename) => {
      const path = join(directory, rfilename);
      const { size } = statSync(path);
      const lfs = size > LARGE ? { sha256: this.#sha256(path), size, pointerSize: 135 } : undefined;
      return { rfilename, size, blobId: "0", lfs };
    });
    const body = JSON.stringify({ id: repo, sha: COMMIT, private: false, siblings });
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(body);
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    name: string,
    pathname: string,
  ): Promise<void> {
    const range = request.headers.range;
    this.#note(request, pathname);
    const before = this.#counts.get(name) ?? 0;
    const isGet = request.method === "GET";
    if (isGet) this.#counts.set(name, before + 1);
    const fault = (isGet && this.fault(name, before, range)) || {};
    if (await instead(fault, response)) return;

    const size = statSync(path).size;
    const start = fault.noRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (start >= size && start > 0) {
      fail(response, 416, "Requested Range Not Satisfiable");
      return;
    }
    const length = size - start + (fault.extra ?? 0);
    const isPacked = fault.gzip && !range;
    const headers: Record<string, string> = {
      etag: fault.etag ?? `${isPacked ? "W/" : ""}"${size}-${name}"`,
      "accept-ranges": "bytes",
      "content-type": name.endsWith(".json") ? "application/json" : "application/octet-stream",
      "content-length": String(fault.endAfter ?? length),
      "access-control-expose-headers": "ETag, Accept-Ranges, Content-Range, X-Linked-Size",
    };
    if (fault.hidden) delete headers["access-control-expose-headers"];
    if (isPacked && isGet) {
      const packed = gzipSync(readFileSync(path));
      const length = { "content-length": String(packed.length), "content-encoding": "gzip" };
      response.writeHead(200, { ...headers, ...length, ...fault.headers });
      if (fault.cutAfter === undefined) response.end(packed);
      else response.write(packed.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 50));
      return;
    }
    if (start > 0) headers["content-range"] = `bytes ${start}-${size - 1}/${size}`;
    response.writeHead(start > 0 ? 206 : 200, { ...headers, ...fault.headers });
    if (!isGet) {
      response.end();
      return;
    }
    let at = start;
    let sent = 0;
    for await (const chunk of createReadStream(path, { start, highWaterMark: 1 << 16 })) {
      let bytes = chunk as Buffer;
      const { corruptAt, cutAfter = Number.POSITIVE_INFINITY, endAfter = Number.POSITIVE_INFINITY } = fault;
      if (corruptAt !== undefined && corruptAt >= at && corruptAt < at + bytes.length) {
        bytes = Buffer.from(bytes);
        bytes[corruptAt - at]! ^= 1;
      }
      const limit = Math.min(cutAfter, endAfter) - sent;
      const isLast = bytes.length >= limit;
      if (isLast) bytes = bytes.subarray(0, limit);
      if (response.destroyed) return;
      await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
      at += bytes.length;
      sent += bytes.length;
      if (isLast && cutAfter <= endAfter) {
        await delay(50); // So that the bytes before the cut arrive.
        response.destroy();
        return;
      }
      if (isLast) break;
      if (fault.chunkDelayMs) await delay(fault.chunkDelayMs);
    }
    response.end(Buffer.alloc(fault.extra ?? 0));
  }

  /** Allow all origins, like the Hub. True if the request was a preflight, which is then answered. */
  #allowCors(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    response.setHeader("access-control-allow-origin", "*");
    if (request.method !== "OPTIONS") return false;
    this.#note(request, path);
    const allowed = { "access-control-allow-headers": "range", "access-control-allow-methods": "GET, HEAD" };
    response.writeHead(204, allowed).end();
    return true;
  }

  #note({ method = "", headers }: IncomingMessage, path: string): void {
    this.seen.push({ method, path, range: headers.range });
  }

  #sha256(path: string): string {
    const key = `${path} ${statSync(path).mtimeMs}`;
    const known = this.#hashes.get(key) ?? hashOf(path);
    this.#hashes.set(key, known);
    return known;
  }
}

function hashOf(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(1 << 22);
  const file = openSync(path, "r");
  for (let n = readSync(file, buffer); n > 0; n = readSync(file, buffer)) hash.update(buffer.subarray(0, n));
  closeSync(file);
  return hash.digest("hex");
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function fail(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);
}

async function instead({ status, html, headers, delayMs, noCors }: Fault, response: ServerResponse): Promise<boolean> {
  if (noCors) response.removeHeader("access-control-allow-origin");
  if (delayMs) await delay(delayMs);
  if (status) fail(response, status, "as asked by a test", headers);
  else if (html) response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>");
  return Boolean(status || html);
}
