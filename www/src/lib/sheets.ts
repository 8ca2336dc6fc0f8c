// Styles of what is loaded later: none is there before what it is for.

const sheets = new Map<string, CSSStyleSheet>();

/** Let an element's tree have these styles, each once and in this order. */
export function adopt(element: Element, ...styles: string[]): void {
  const root = element.getRootNode() as Document | ShadowRoot;
  // Before those that are there: a figure's own rules have the last word.
  root.adoptedStyleSheets = [...new Set([...styles.map(sheetOf), ...root.adoptedStyleSheets])];
}

function sheetOf(css: string): CSSStyleSheet {
  const known = sheets.get(css);
  if (known) return known;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  sheets.set(css, sheet);
  return sheet;
}
