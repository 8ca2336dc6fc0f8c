// A drawing under its title, with buttons to take it along.

import { element, messageOf } from "../lib/dom";

export interface Figure {
  element: HTMLElement;
  /** Where it is drawn. */
  body: HTMLElement;
  /** Say what it shows now; `about` says it in full, for the names of files and buttons, where the title is short. */
  entitle: (title: string, about?: string) => void;
}

export function figure(): Figure {
  const body = element("div");
  const failed = element("span", { role: "alert" });
  const caption = element("span");
  let shows = "";
  const save = (kind: "SVG" | "PNG") => {
    const button = element("button", { type: "button", class: "small" }, kind);
    button.addEventListener("click", async () => {
      const svg = body.querySelector("svg");
      if (!svg) return;
      try {
        failed.textContent = "";
        // Most readers take nothing along.
        const { saveDrawn } = await import("../figure/drawn");
        await saveDrawn(kind === "SVG" ? "svg" : "png", fileName(shows), svg, shows);
      } catch (error) {
        failed.textContent = messageOf(error);
      }
    });
    return { kind, button };
  };
  const saves = [save("SVG"), save("PNG")];
  const buttons = element("span", { class: "saves" }, ...saves.map(({ button }) => button));
  const entitle = (title: string, about = title) => {
    shows = about;
    if (caption.textContent !== title) caption.textContent = title;
    for (const { kind, button } of saves) button.setAttribute("aria-label", `${kind} of ${about}`);
  };
  return { element: element("figure", {}, element("figcaption", {}, caption, buttons, failed), body), body, entitle };
}

/** A title as the name of a file. */
function fileName(title: string): string {
  return `pathpatch-${title.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "")}`;
}
