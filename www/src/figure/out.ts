// A composed figure as a file.

import { download } from "../lib/download";
import { type FigureChoice, groundOf, scaleOf } from "./compose";
import { type Font, FONT_URLS, readFont } from "./font";
import { stencil } from "./letters";
import type { Drawing } from "./marks";
import { pdf } from "./pdf";
import { png } from "./png";
import { svg } from "./svg";

export const KINDS = { svg: "image/svg+xml", pdf: "application/pdf", png: "image/png" } as const;
export type Kind = keyof typeof KINDS;

export interface Labels {
  title: string;
  alt: string;
}

/** The figure's SVG, as it is previewed. */
export function svgOf(drawing: Drawing, choice: FigureChoice, { title, alt }: Labels): string {
  return svg(drawing, { width: choice.width, title, alt, ground: groundOf(choice) });
}

export async function bytesOf(kind: Kind, drawing: Drawing, choice: FigureChoice, labels: Labels): Promise<BlobPart> {
  const height = (choice.width * drawing.height) / drawing.width;
  switch (kind) {
    case "svg":
      return svgOf(drawing, choice, labels);
    case "png":
      return png(svgOf(drawing, choice, labels), choice.width, height);
    case "pdf":
      return pdf(drawing, { ...labels, scale: scaleOf(choice), fonts: await fonts(), ground: groundOf(choice), at: new Date(), stencil });
  }
}

/** Hand it to the reader; gives the name of the file. */
export async function save(kind: Kind, name: string, drawing: Drawing, choice: FigureChoice, labels: Labels): Promise<string> {
  const file = `${name}.${kind}`;
  download(file, new Blob([await bytesOf(kind, drawing, choice, labels)], { type: KINDS[kind] }));
  return file;
}

let loaded: Promise<{ regular: Font; bold: Font }> | undefined;

/** Read once, when the first PDF is made. */
function fonts(): Promise<{ regular: Font; bold: Font }> {
  loaded ??= Promise.all([font("Arimo", FONT_URLS.regular), font("Arimo-Bold", FONT_URLS.bold)]).then(([regular, bold]) => ({ regular, bold }));
  // One that failed is asked for again.
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

async function font(name: string, url: string): Promise<Font> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`PDF: expected its font at ${url}, got status ${response.status}`);
  return readFont(name, new Uint8Array(await response.arrayBuffer()));
}
