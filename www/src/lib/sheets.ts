// Styles of what is loaded later: none is there before what it is for.

const sheets = new Map<string, CSSStyleSheet>();

/** Let an element's tree have these styles, once. */
export function adopt(element: Element, css: string): void {
  const root = element.getRootNode() as Document | ShadowRoot;
  let sheet = sheets.get(css);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  // Before those that are there: a figure's own rules have the last word.
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.unshift(sheet);
}
