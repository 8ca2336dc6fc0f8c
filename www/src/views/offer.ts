// A link to a model that is not here: its reader is asked, with the size and who would be asked for it.

import type { Plan } from "../engine/types";
import { element } from "../lib/dom";
import { downloadSize } from "./models";

export interface OfferData {
  name: string;
  /** Who has it. */
  origin: string;
  plan: Plan | null;
  isAsking: boolean;
  /** Whether only the reader can bring it. */
  isOfFiles: boolean;
}

export function create(container: HTMLElement, onLoad: () => void): (data: OfferData | null) => void {
  const words = element("p");
  const load = element("button", { type: "button", class: "primary" });
  load.addEventListener("click", onLoad);
  container.append(words, load);
  container.hidden = true;
  return (data) => {
    container.hidden = data === null;
    if (!data) return;
    const { name, origin, plan, isAsking, isOfFiles } = data;
    load.hidden = isOfFiles;
    if (isOfFiles) {
      words.textContent = "This link uses someone’s own files. Choose them under Model, or drop them here.";
      return;
    }
    const size = plan && !plan.kept ? downloadSize(plan.files) : null;
    load.textContent = size && size.bytes > 0 ? `Load ${name} (${size.text})` : `Load ${name}`;
    const known = size && size.bytes > 0 ? `${size.text} from ${origin}` : isAsking ? `from ${origin}; asking for its size …` : `from ${origin}, size unknown`;
    words.textContent = `This link is about ${name}. Loading it downloads ${known}, and keeps it in this browser. Nothing is downloaded until you press the button.`;
  };
}
