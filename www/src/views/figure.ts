// A drawing under its title, with buttons to take it along.

import { element, messageOf } from "../lib/dom";

/** A figure; what is drawn goes into its body. `about` says what it shows now, as its file is named. */
export function figure(title: string, about: () => string): { element: HTMLElement; body: HTMLElement } {
  const body = element("div");
  const failed = element("span", { role: "alert" });
  const save = (kind: "SVG" | "PNG") => {
    const button = element("button", { type: "button", class: "small", "aria-label": `${kind} of ${title}` }, kind);
    button.addEventListener("click", async () => {
      const svg = body.querySelector("svg");
      if (!svg) return;
      try {
        failed.textContent = "";
        // Most readers take nothing along.
        const { download, png, svgText } = await import("../lib/image");
        const image = kind === "PNG" ? await png(svg) : new Blob([svgText(svg)], { type: "image/svg+xml" });
        download(`${fileName(about())}.${kind.toLowerCase()}`, image);
      } catch (error) {
        failed.textContent = messageOf(error);
      }
    });
    return button;
  };
  const saves = [save("SVG"), save("PNG")];
  const caption = element("figcaption", {}, element("span", {}, title), element("span", { class: "saves" }, ...saves), failed);
  return { element: element("figure", {}, caption, body), body };
}

/** A title as the name of a file. */
function fileName(title: string): string {
  return `pathpatch-${title.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "")}`;
}
