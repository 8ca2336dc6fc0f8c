// A drawing under its title, with buttons to take it along.

import { element, messageOf } from "../lib/dom";
import { download, png, svgText } from "../lib/image";

/** A figure; what is drawn goes into its body. */
export function figure(title: string): { element: HTMLElement; body: HTMLElement; rename: (title: string) => void } {
  const body = element("div");
  const name = element("span", {}, title);
  const failed = element("span", { role: "alert" });
  const save = (kind: string, make: (svg: SVGSVGElement) => Promise<Blob> | Blob) => {
    const button = element("button", { type: "button", class: "small" }, kind);
    const label = () => button.setAttribute("aria-label", `${kind} of ${name.textContent}`);
    button.addEventListener("click", async () => {
      const svg = body.querySelector("svg");
      if (!svg) return;
      try {
        failed.textContent = "";
        download(`${fileName(name.textContent)}.${kind.toLowerCase()}`, await make(svg));
      } catch (error) {
        failed.textContent = messageOf(error);
      }
    });
    label();
    return { button, label };
  };
  const saves = [save("SVG", (svg) => new Blob([svgText(svg)], { type: "image/svg+xml" })), save("PNG", png)];
  const buttons = element("span", { class: "saves" }, ...saves.map(({ button }) => button));
  const caption = element("figcaption", {}, name, buttons, failed);
  const rename = (changed: string) => {
    name.textContent = changed;
    for (const { label } of saves) label();
  };
  return { element: element("figure", {}, caption, body), body, rename };
}

/** A title as the name of a file. */
function fileName(title: string): string {
  return `pathpatch-${title.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "")}`;
}
