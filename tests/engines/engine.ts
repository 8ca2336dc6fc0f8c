// The interface to a browser of any engine, as far as the tests need it.

export const ENGINES = ["chromium", "firefox", "webkit"] as const;
export type EngineName = (typeof ENGINES)[number];

/** A page or frame in which functions run. Arguments and results are passed as JSON. */
export interface Realm {
  evaluate<T, A = undefined>(body: (argument: A) => T | Promise<T>, argument?: A): Promise<T>;
}

/** A browser with one page and an empty profile. */
export interface Engine extends Realm {
  goto(url: string): Promise<void>;
  /** The first frame of the page. */
  readonly frame: Realm;
  /** Press the main mouse button at a point of the viewport, in CSS pixels. */
  click(x: number, y: number): Promise<void>;
  screenshot(path: string): Promise<void>;
  /** Errors and warnings of the console, and uncaught errors; null if the driver does not report them. */
  complaints(): string[] | null;
  close(): Promise<void>;
}

export const VIEWPORT = { width: 1440, height: 1000 };

/** The source of a function that takes and returns JSON. */
export function asJson(body: (argument: never) => unknown): string {
  return `async (text) => JSON.stringify(await (${body})(JSON.parse(text)))`;
}

/** WebDriver's actions, classic and BiDi, to move the pointer to a point and press. */
export function clickAt(x: number, y: number): object[] {
  const place = { x: Math.round(x), y: Math.round(y) };
  const actions = [
    { type: "pointerMove", ...place },
    { type: "pointerDown", button: 0 },
    { type: "pointerUp", button: 0 },
  ];
  return [{ type: "pointer", id: "mouse", actions }];
}

/** The first match in a program's output; an error with the whole output if it ends without one. */
export function printed(
  streams: NodeJS.ReadableStream[],
  wanted: RegExp,
  ended: Promise<unknown>,
): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    for (const stream of streams) {
      stream.on("data", (chunk) => {
        text += chunk;
        const found = wanted.exec(text)?.[1];
        if (found) resolve(found);
      });
    }
    void ended.then(() => reject(new Error(`expected ${wanted}, got an end after: ${text}`)));
  });
}
