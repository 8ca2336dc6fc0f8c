// The dialog's fields: choices side by side, boxes to tick, numbers, text.

import { element } from "../../lib/dom";

let made = 0;

/** One of a few, as buttons side by side; those that cannot be chosen say why. */
export function choice<K extends string>(
  name: string,
  options: Record<K, string>,
  onChoose: (key: K) => void,
): { element: HTMLElement; update: (chosen: K, reasons?: Partial<Record<K, string>>) => void } {
  const group = `figure-choice-${++made}`;
  const inputs = new Map<K, HTMLInputElement>();
  const labels = (Object.entries(options) as [K, string][]).map(([key, text]) => {
    const input = element("input", { type: "radio", name: group, value: key });
    input.addEventListener("change", () => onChoose(key));
    inputs.set(key, input);
    return element("label", {}, input, element("span", {}, text));
  });
  const why = element("p", { class: "note" });
  const fieldset = element("fieldset", { class: "choice" }, element("legend", {}, name), element("div", { class: "segments" }, ...labels), why);
  return {
    element: fieldset,
    update: (chosen, reasons = {}) => {
      for (const [key, input] of inputs) {
        input.checked = key === chosen;
        input.disabled = reasons[key] !== undefined;
      }
      const text = [...new Set(Object.values<string | undefined>(reasons))].join(" ");
      if (why.textContent !== text) why.textContent = text;
      why.hidden = text === "";
    },
  };
}

/** Something to have or not. */
export function tick(text: string, onChange: (isOn: boolean) => void) {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("change", () => onChange(input.checked));
  const label = element("label", { class: "tick" }, input, ` ${text}`);
  return {
    element: label,
    update: (isOn: boolean, isThere = true) => {
      input.checked = isOn;
      label.hidden = !isThere;
    },
  };
}

/** A number within bounds, with some of the usual ones beside it. */
export function amount(text: string, unit: string, { least, most, step }: { least: number; most: number; step: number }, usual: readonly number[], onChange: (value: number) => void) {
  const input = element("input", { type: "number", min: least, max: most, step, inputmode: "decimal" });
  const take = () => {
    const value = input.valueAsNumber;
    if (value >= least && value <= most) onChange(value);
  };
  input.addEventListener("input", take);
  const presets = usual.map((value) => {
    const button = element("button", { type: "button", class: "small", "aria-label": `${value} ${unit}` }, String(value));
    button.addEventListener("click", () => onChange(value));
    return { button, value };
  });
  return {
    element: element("div", { class: "amount" }, element("label", {}, `${text} `, input, ` ${unit}`), ...presets.map(({ button }) => button)),
    update: (value: number) => {
      // What is being typed stays as it is.
      if (input.valueAsNumber !== value) input.value = String(value);
      for (const preset of presets) preset.button.setAttribute("aria-pressed", String(preset.value === value));
    },
  };
}

/** A line or a paragraph of the reader's own. */
export function words(text: string, rows: number, onInput: (value: string) => void) {
  const id = `figure-words-${++made}`;
  const input = rows === 1 ? element("input", { id, type: "text" }) : element("textarea", { id, rows });
  input.addEventListener("input", () => onInput(input.value));
  return {
    element: element("div", { class: "words" }, element("label", { for: id }, text), input),
    update: (value: string) => {
      if (input.value !== value) input.value = value;
    },
  };
}

/** Buttons that hand something out, and what came of it. */
export function outlets() {
  const says = element("p", { class: "note", role: "status" });
  const row = element("div", { class: "outlets" });
  const add = (text: string, hint: string, act: () => Promise<string>, isFirst = false) => {
    const button = element("button", { type: "button", title: hint, class: isFirst ? "primary" : "" }, text);
    button.addEventListener("click", async () => {
      says.textContent = "";
      button.setAttribute("aria-busy", "true");
      try {
        says.textContent = await act();
      } catch (error) {
        says.textContent = error instanceof Error ? error.message : String(error);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
    row.append(button);
    return button;
  };
  return { row, says, add };
}

/** Puts a text into the clipboard; where that is refused, it stands in `shown` to be copied by hand. */
export async function copy(text: string, name: string, shown: HTMLTextAreaElement): Promise<string> {
  shown.value = text;
  shown.setAttribute("aria-label", name);
  shown.hidden = false;
  try {
    await navigator.clipboard.writeText(text);
    return `${name}: copied.`;
  } catch {
    shown.select();
    return "This browser gives no access to the clipboard: copy it from below.";
  }
}
