// A modal dialog with a way out: its button, Escape, a press beside it. The browser gives the focus back.

import { element } from "../lib/dom";

export function create(dialog: HTMLDialogElement): HTMLDialogElement {
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "✕");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.append(close);
  return dialog;
}
