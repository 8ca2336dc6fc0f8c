// Text as it stands in code that a reader copies.
//
// Whatever a link or a file brought in stands in the code as a string literal, in quotes, comments too: a line end,
// a quote or a `</script>` in it stays what it is, text.

/**
 * A string literal of Python and of JavaScript on one line. Letters that end a line somewhere, turn the direction of
 * what follows, or are not seen at all are written as escapes; so is what could end a script in HTML.
 */
export function literal(text: string): string {
  return escaped(JSON.stringify(text));
}

const HIDDEN = /[<\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** JSON with the same letters written as escapes. */
export const escaped = (json: string): string =>
  json.replaceAll(HIDDEN, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
