// A browser of any engine, with as much of it as the tests need.

export const ENGINES = ["chromium", "firefox", "webkit"] as const;
export type EngineName = (typeof ENGINES)[number];

/** What is done in a page or a frame. Arguments and results travel as JSON. */
export interface Realm {
  evaluate<T, A = undefined>(body: (argument: A) => T | Promise<T>, argument?: A): Promise<T>;
}

/** A browser with one page, and nothing kept from an earlier one. */
export interface Engine extends Realm {
  goto(url: string): Promise<void>;
  /** The first frame of the page. */
  readonly frame: Realm;
  /** Press the main button at a place of the viewport, in CSS pixels. */
  click(x: number, y: number): Promise<void>;
  screenshot(path: string): Promise<void>;
  /** Errors and warnings of the console, and uncaught errors; null where the driver does not tell. */
  complaints(): string[] | null;
  close(): Promise<void>;
}

export const VIEWPORT = { width: 1440, height: 1000 };

/** The text of a function that takes and gives JSON. */
export function asJson(body: (argument: never) => unknown): string {
  return `async (text) => JSON.stringify(await (${body})(JSON.parse(text)))`;
}

/** A pointer that goes to a place and presses, as WebDriver has it, classic and BiDi. */
export function clickAt(x: number, y: number): object[] {
  const place = { x: Math.round(x), y: Math.round(y) };
  const actions = [
    { type: "pointerMove", ...place },
    { type: "pointerDown", button: 0 },
    { type: "pointerUp", button: 0 },
  ];
  return [{ type: "pointer", id: "mouse", actions }];
}

/** The first match in what a program prints; an error with all that it printed where it ends without one. */
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
