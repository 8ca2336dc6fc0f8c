// The widget on a notebook's page, as people use it: what they see, and where they click.

import { expect, type Locator, type Page } from "@playwright/test";

export class Widget {
  readonly box: Locator;

  constructor(private readonly page: Page) {
    this.box = page.getByRole("group", { name: "Path patching" });
  }

  /** The middle of an edge of the circuit, where nothing lies over it. */
  async middleOf(edge: string): Promise<[x: number, y: number]> {
    const line = this.box.locator(`svg.circuit [data-edge="${edge}"] path.line`);
    await line.scrollIntoViewIfNeeded();
    const { x, y, seen } = await line.evaluate((path: SVGPathElement) => {
      const { x, y } = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM()!);
      let top: Element | null = document.elementFromPoint(x, y);
      while (top?.shadowRoot) {
        const inner = top.shadowRoot.elementFromPoint(x, y);
        if (!inner || inner === top) break;
        top = inner;
      }
      return { x, y, seen: top?.closest("svg.circuit") !== null };
    });
    expect(seen, `${edge} is on top where it is drawn`).toBe(true);
    return [x, y];
  }

  async clickEdge(edge: string): Promise<void> {
    await this.page.mouse.click(...(await this.middleOf(edge)));
  }

  button(name: string): Locator {
    return this.box.getByRole("button", { name, exact: true });
  }

  marked(): Locator {
    return this.box.getByRole("list", { name: "Marked edges" }).getByRole("listitem");
  }
}

/** Everything that the page asks of other servers, and everything that goes wrong on it. */
export function watch(page: Page, origin: string): { requests: string[]; errors: string[] } {
  const seen = { requests: [] as string[], errors: [] as string[] };
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.host !== new URL(origin).host) seen.requests.push(url.href);
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  return seen;
}
