// A drawing under its title, with buttons to take it along.

import { element, messageOf } from "../lib/dom";
import { download, png, svgText } from "../lib/image";

/** A figure; what is drawn goes into its body. `about` says what it shows now, as its file is named. */
export function figure(title: string, about: () => string): { element: HTMLElement; body: HTMLElement } {
  const body = element("div");
  const failed = element("span", { role: "alert" });
  const save = (kind: string, make: (svg: SVGSVGElement) => Promise<Blob> | Blob) => {
    const button = element("button", { type: "button", class: "small", "aria-label": `${kind} of ${title}` }, kind);
    button.addEventListener("click", async () => {
      const svg = body.querySelector("svg");
      if (!svg) return;
      try {
        failed.textContent = "";
        download(`${fileName(about())}.${kind.toLowerCase()}`, await make(svg));
      } catch (error) {
        failed.textContent = messageOf(error);
      }
    });
    return button;
  };
  const saves = [save("SVG", (svg) => new Blob([svgText(svg)], { type: "image/svg+xml" })), save("PNG", png)];
  const caption = element("figcaption", {}, element("span", {}, title), element("span", { class: "saves" }, ...saves), failed);
  return { element: element("figure", {}, caption, body), body };
}

/** A title as the name of a file. */
function fileName(title: string): string {
  return `pathpatch-${title.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "")}`;
}
