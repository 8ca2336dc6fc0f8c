// A sentence as it is read: nodes and values in bold, tokens in italics, the share that counts in its colour.

import { plain, type Sentence } from "../../core/sentence";
import { element } from "../../lib/dom";

/** The same words as before are left alone, so that nobody is told them twice. */
export function create(container: HTMLElement): (sentence: Sentence) => void {
  let shown = "";
  return (sentence) => {
    const key = `${plain(sentence)}${JSON.stringify(sentence)}`;
    if (key === shown) return;
    shown = key;
    container.replaceChildren(
      ...sentence.map((part) => {
        if (typeof part === "string") return part;
        const { text, as } = part;
        if (as === "token") return element("i", { dir: "auto" }, text);
        return as === "raises" || as === "lowers" ? element("b", { class: as }, text) : element("b", {}, text);
      }),
    );
  };
}
