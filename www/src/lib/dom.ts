// Elements, the page's width, and the words of errors.

type Attributes = Record<string, string | number | boolean>;

/** An element with attributes and children; an attribute that is false is left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** A control of a form under its label. */
export function labelled(id: string, text: string, control: HTMLElement): HTMLElement {
  return element("div", { class: "field" }, element("label", { for: id }, text), control);
}

/** An element of index.html. */
export function elementById<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html: expected an element with the id ${id}`);
  return found as E;
}

/** Where the page is one column, and scrolls: the style sheets say the same. */
export const ONE_COLUMN = "(max-width: 899px)";

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
