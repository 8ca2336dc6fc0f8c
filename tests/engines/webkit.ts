// Drives WebKitGTK, the closest to Safari on Linux, with WebDriver over HTTP: https://www.w3.org/TR/webdriver2/

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { asJson, clickAt, type Engine, type Realm, VIEWPORT } from "./engine";

/** The longest time that a script may take, in milliseconds. */
const SCRIPT_TIMEOUT = 120_000;
const START_TIMEOUT = 20_000;

/** Turns on file storage, which Safari has and WebKitGTK has only on request. */
const SAFARI = ["StorageAPI", "StorageAPIEstimate", "FileSystem", "AccessHandle", "FileSystemWritableStream"];

export interface WebkitPaths {
  xvfbRun: string;
  driver: string;
  browser: string;
}

/**
 * Start a driver and its browser on a virtual screen, since WebKitGTK has no headless mode. With `hasStorage` it has
 * `navigator.storage` like Safari; without, it has none, which is WebKitGTK's default.
 */
export async function openWebkit(paths: WebkitPaths, hasStorage: boolean): Promise<Engine> {
  const { xvfbRun, driver, browser } = paths;
  const port = await freePort();
  // A separate process group, so that all of it ends together.
  const process_ = spawn(xvfbRun, ["--auto-servernum", driver, `--port=${port}`], { detached: true, stdio: "ignore" });
  const ended = once(process_, "exit");
  const stop = async () => {
    process.kill(-process_.pid!);
    await ended;
  };
  try {
    const root = `http://127.0.0.1:${port}`;
    await ready(root);
    const args = ["--automation"];
    if (hasStorage) args.push(`--features=${SAFARI.join()}`);
    const options = { binary: browser, args };
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
    const { sessionId } = await call<{ sessionId: string }>("POST", `${root}/session`, { capabilities });
    return await openPage(`${root}/session/${sessionId}`, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openPage(session: string, stop: () => Promise<void>): Promise<Engine> {
  const post = <T>(command: string, body: object) => call<T>("POST", `${session}/${command}`, body);
  await post("timeouts", { script: SCRIPT_TIMEOUT, pageLoad: SCRIPT_TIMEOUT });
  await post("window/rect", VIEWPORT);
  const page: Realm = {
    async evaluate(body, argument) {
      const script = `
        const [text, done] = arguments;
        (${asJson(body)})(text).then((json) => done({ json }), (error) => done({ error: String(error) }));`;
      const args = [JSON.stringify(argument ?? null)];
      const { json, error } = await post<{ json?: string | null; error?: string }>("execute/async", { script, args });
      if (error) throw new Error(error);
      return JSON.parse(json ?? "null");
    },
  };
  const frame: Realm = {
    async evaluate(body, argument) {
      await post("frame", { id: 0 });
      try {
        return await page.evaluate(body, argument);
      } finally {
        await post("frame/parent", {});
      }
    },
  };
  return {
    ...page,
    frame,
    goto: (url) => post("url", { url }),
    click: (x, y) => post("actions", { actions: clickAt(x, y) }),
    screenshot: async (path) => {
      writeFileSync(path, Buffer.from(await call<string>("GET", `${session}/screenshot`), "base64"));
    },
    // WebKit prints no console in private sessions, and those of a driver are private.
    complaints: () => null,
    close: async () => {
      await call("DELETE", session);
      await stop();
    },
  };
}

async function call<T>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`);
  return value;
}

/** Wait until the driver answers. */
async function ready(root: string): Promise<void> {
  const until = Date.now() + START_TIMEOUT;
  for (;;) {
    try {
      await call("GET", `${root}/status`);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
