// What is wrong, or is asked, under the header: a sentence, what else there is to know of it, and what can be done.

import { element } from "../lib/dom";

export interface Notice {
  text: string;
  /** The error's own words, for readers who want to know more. */
  more?: string;
  /** The first is the one to press. */
  buttons: { name: string; onPress: () => void }[];
}

/** `kind`: an alert is read out at once, a question when there is time. */
export function create(container: HTMLElement, kind: "alert" | "question"): (notice: Notice | null) => void {
  const text = element("p", { role: kind === "alert" ? "alert" : "status" });
  const more = element("details");
  const words = element("p");
  more.append(element("summary", {}, "What exactly went wrong"), words);
  const actions = element("span", { class: "actions" });
  container.classList.add("notice", kind);
  container.append(text, actions, more);
  container.hidden = true;
  let names = "";
  return (notice) => {
    container.hidden = notice === null;
    // A live region says what is put into it, and not again what stays.
    const says = notice?.text ?? "";
    if (text.textContent !== says) text.textContent = says;
    words.textContent = notice?.more ?? "";
    more.hidden = !notice?.more;
    const buttons = notice?.buttons ?? [];
    const now = JSON.stringify(buttons.map(({ name }) => name));
    if (now !== names) {
      const at = [...actions.children].indexOf(document.activeElement as Element);
      actions.replaceChildren(...buttons.map(({ name }, i) => element("button", { type: "button", class: i === 0 ? "primary" : "" }, name)));
      (actions.children[Math.min(at, buttons.length - 1)] as HTMLElement | undefined)?.focus();
    }
    names = now;
    buttons.forEach(({ onPress }, i) => {
      (actions.children[i] as HTMLButtonElement).onclick = onPress;
    });
  };
}
