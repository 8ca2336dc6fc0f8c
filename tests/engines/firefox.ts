// Drives Firefox with WebDriver BiDi, which it has built in: https://w3c.github.io/webdriver-bidi/

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { asJson, clickAt, type Engine, printed, type Realm, VIEWPORT } from "./engine";

export async function openFirefox(path: string): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), "pathpatch-firefox-"));
  const { width, height } = VIEWPORT;
  const size = [`--width=${width}`, `--height=${height}`];
  const firefox = spawn(path, ["--headless", "--remote-debugging-port=0", "--profile", profile, ...size]);
  const ended = once(firefox, "exit");
  try {
    const url = await printed([firefox.stderr, firefox.stdout], /WebDriver BiDi listening on (ws:\S+)/, ended);
    const session = await Session.open(`${url}/session`);
    const close = async () => {
      await session.call("browser.close");
      await ended;
      rmSync(profile, { recursive: true, force: true });
    };
    return await openPage(session, close);
  } catch (error) {
    firefox.kill();
    throw error;
  }
}

interface Context {
  context: string;
  children: Context[];
}

async function openPage(session: Session, close: () => Promise<void>): Promise<Engine> {
  await session.call("session.new", { capabilities: {} });
  await session.call("session.subscribe", { events: ["log.entryAdded"] });
  const tree = async (of: object) => (await session.call<{ contexts: Context[] }>("browsingContext.getTree", of)).contexts;
  const [{ context } = { context: "" }] = await tree({});
  const realm = (of: () => Promise<string>): Realm => ({
    async evaluate(body, argument) {
      const { type, result, exceptionDetails } = await session.call<Evaluated>("script.callFunction", {
        functionDeclaration: asJson(body),
        arguments: [{ type: "string", value: JSON.stringify(argument ?? null) }],
        target: { context: await of() },
        awaitPromise: true,
      });
      if (type === "exception") throw new Error(exceptionDetails.text);
      return JSON.parse(result.value ?? "null");
    },
  });
  return {
    ...realm(async () => context),
    frame: realm(async () => (await tree({ root: context }))[0]!.children[0]!.context),
    goto: async (url) => {
      await session.call("browsingContext.navigate", { context, url, wait: "complete" });
    },
    click: async (x, y) => {
      await session.call("input.performActions", { context, actions: clickAt(x, y) });
    },
    screenshot: async (path) => {
      const { data } = await session.call<{ data: string }>("browsingContext.captureScreenshot", { context });
      writeFileSync(path, Buffer.from(data, "base64"));
    },
    complaints: () => session.complaints,
    close,
  };
}

interface Evaluated {
  type: "success" | "exception";
  result: { value?: string };
  exceptionDetails: { text: string };
}

interface Message {
  id?: number;
  method?: string;
  result?: unknown;
  error?: string;
  message?: string;
  params?: { level: string; text: string };
}

/** Sends commands and receives their answers over one socket. */
class Session {
  readonly complaints: string[] = [];
  #calls = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #last = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", (data) => this.#hear(JSON.parse(String(data))));
    socket.on("close", () => {
      for (const { reject } of this.#calls.values()) reject(new Error("Firefox has closed its WebDriver BiDi socket"));
    });
  }

  static async open(url: string): Promise<Session> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new Session(socket);
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #hear({ id, method, result, error, message, params }: Message): void {
    if (method === "log.entryAdded" && params && ["error", "warn"].includes(params.level)) {
      this.complaints.push(params.text);
    }
    const call = this.#calls.get(id ?? 0);
    if (!call) return;
    this.#calls.delete(id!);
    if (error) call.reject(new Error(`${error}: ${message}`));
    else call.resolve(result as never);
  }
}
