// A visitor: acts on nothing but what is in sight, and counts what they do.

import type { Locator, Page } from "@playwright/test";
import { expect } from "./test";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the page draws in these colours, in light. */
export const YELLOW: Colour = [255, 215, 94];
export type Colour = [red: number, green: number, blue: number];

/** As near as fractions of pixels get. */
const WHOLE = 0.999;

export class Visitor {
  /** Clicks, keys and typed texts until now. */
  actions = 0;

  constructor(readonly page: Page) {}

  /** Where something is that lies in the window as a whole, with nothing above it. */
  async sees(what: Locator): Promise<Box> {
    await expect(what).toBeVisible();
    await expect(what).toBeInViewport({ ratio: WHOLE });
    // At the middle of each of its pieces: text that wraps has several, with nothing of it between them.
    await expect
      .poll(() =>
        what.evaluate((element) =>
          [...element.getClientRects()].every(({ x, y, width, height }) => {
            const root = element.getRootNode() as Document | ShadowRoot;
            const top = root.elementFromPoint(x + width / 2, y + height / 2);
            return top !== null && (element.contains(top) || (element instanceof SVGElement && element.ownerSVGElement!.contains(top)));
          }),
        ),
      )
      .toBe(true);
    return (await what.boundingBox())!;
  }

  async click(what: Locator): Promise<void> {
    await expect(what).toBeEnabled();
    const { x, y, width, height } = await this.sees(what);
    this.actions += 1;
    await this.page.mouse.click(x + width / 2, y + height / 2);
  }

  /** Choose a word of a field's first line, as by pointing at its middle. */
  async doubleClickWord(field: Locator, word: string): Promise<void> {
    const { x, y } = await this.sees(field);
    const at = await field.evaluate((element, word) => {
      const { value } = element as HTMLTextAreaElement;
      const style = getComputedStyle(element);
      const context = new OffscreenCanvas(1, 1).getContext("2d")!;
      context.font = style.font;
      const middle = context.measureText(value.slice(0, value.indexOf(word))).width + context.measureText(word).width / 2;
      const line = Number.parseFloat(style.lineHeight) || Number.parseFloat(style.fontSize);
      const inside = [style.borderLeftWidth, style.paddingLeft, style.borderTopWidth, style.paddingTop].map(Number.parseFloat);
      return { x: inside[0]! + inside[1]! + middle, y: inside[2]! + inside[3]! + line / 2 };
    }, word);
    this.actions += 1;
    await this.page.mouse.dblclick(x + at.x, y + at.y);
    expect(await this.page.evaluate(() => getSelection()!.toString().trim())).toBe(word);
  }

  async type(text: string): Promise<void> {
    this.actions += 1;
    await this.page.keyboard.type(text);
  }

  async visit(address: string): Promise<void> {
    this.actions += 1;
    await this.page.goto(address);
  }

  /** The pixels of what is in the window of something that may go on below. */
  async screenOf(what: Locator): Promise<Buffer> {
    const { x, y, width, height } = (await what.boundingBox())!;
    const room = this.page.viewportSize()!;
    return this.page.screenshot({ clip: { x, y, width: Math.min(width, room.width - x), height: Math.min(height, room.height - y) } });
  }

  /** How much of a part of the window has about this colour on the screen, from 0 to 1. */
  async share({ x, y, width, height }: Box, colour: Colour): Promise<number> {
    const picture = await this.page.screenshot({ clip: { x, y, width, height } });
    return this.page.evaluate(
      async ({ base64, colour }) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const isNear = (at: number) => colour.every((part, i) => Math.abs(part - data[at + i]!) < 12);
        let near = 0;
        for (let at = 0; at < data.length; at += 4) near += isNear(at) ? 1 : 0;
        return near / (bitmap.width * bitmap.height);
      },
      { base64: picture.toString("base64"), colour },
    );
  }
}
