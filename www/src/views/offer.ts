// A model that is not here: the reader is asked, with the size and who would be asked for it.

import type { Plan } from "../engine/types";
import { formatBytes } from "../lib/format";
import { downloadSize } from "./models";
import * as noticeView from "./notice";

export interface OfferData {
  name: string;
  /** With where it is. */
  full: string;
  /** Who has it. */
  origin: string;
  plan: Plan | null;
  /** About how much it is, as far as that is known without asking. */
  bytes: number | null;
  isAsking: boolean;
  /** Why its size is not known. */
  error: string;
  /** Whether a link asks for it, and not the reader. */
  isOfLink: boolean;
  /** Whether only the reader can bring it. */
  isOfFiles: boolean;
  /** Whether there is a model to stay with. */
  canDecline: boolean;
}

export interface OfferEvents {
  onLoad: () => void;
  onDecline: () => void;
  /** The reader wants to choose files, or another model. */
  onModels: () => void;
}

export function create(container: HTMLElement, events: OfferEvents): (data: OfferData | null) => void {
  const show = noticeView.create(container, "question");
  return (data) => {
    if (!data) {
      show(null);
      return;
    }
    const decline = data.canDecline ? [{ name: "Not now", onPress: events.onDecline }] : [];
    if (data.isOfFiles) {
      const text = "This link uses someone’s own files. Choose them, or drop them here.";
      show({ text, buttons: [{ name: "Choose files…", onPress: events.onModels }, ...decline] });
      return;
    }
    const size = sizeOf(data);
    const load = { name: size ? `Download ${size} and load` : `Load ${data.name}`, onPress: events.onLoad };
    show({ text: words(data, size), more: data.error || undefined, buttons: [load, ...decline] });
  };
}

function sizeOf({ plan, bytes }: OfferData): string | null {
  const size = plan && !plan.kept ? downloadSize(plan.files) : null;
  if (size && size.bytes > 0) return size.text;
  return bytes === null ? null : `about ${formatBytes(bytes)}`;
}

function words({ name, full, origin, isAsking, error, isOfLink }: OfferData, size: string | null): string {
  const what = isOfLink ? `This link is about ${full}, which is not in this browser.` : `${name} is not in this browser.`;
  const known = size
    ? `It is ${size} from ${origin}`
    : isAsking
      ? `Asking ${origin} for its size; it comes from there`
      : error
        ? `${origin} did not tell its size; it comes from there`
        : `It comes from ${origin}, which tells its size once it is loaded`;
  return `${what} ${known}, and is kept for the next time. Nothing is downloaded before you press.`;
}
