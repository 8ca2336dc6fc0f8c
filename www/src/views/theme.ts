// Light, dark, or as the reader's system has it; the choice is kept where the browser keeps anything.

const KEY = "pathpatch-theme";
const NEXT = { system: "light", light: "dark", dark: "system" } as const;
type Theme = keyof typeof NEXT;
const WORDS: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };
const SIGNS: Record<Theme, string> = { system: "◐", light: "○", dark: "●" };

/** `button` goes on to the next. */
export function create(button: HTMLButtonElement): void {
  let theme = kept();
  const show = () => {
    const root = document.documentElement;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = SIGNS[theme];
    const says = `Colours: ${WORDS[theme]}. Change to ${WORDS[NEXT[theme]]}`;
    button.setAttribute("aria-label", says);
    button.title = says;
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    keep(theme);
    show();
  });
  show();
}

function kept(): Theme {
  try {
    const text = localStorage.getItem(KEY) ?? "";
    return Object.hasOwn(NEXT, text) ? (text as Theme) : "system";
  } catch {
    return "system";
  }
}

function keep(theme: Theme): void {
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing asks the system again next time.
  }
}
