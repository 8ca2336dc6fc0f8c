// Dark or light, as the post is: by the colour of the text around the figure, not by what the reader's system
// prefers. A post that is always light stays so on a dark system, and with it the figure.

export type Scheme = "light" | "dark";

/** Follow the text's colour as it is outside of the figure; `probe` is an element that inherits it. */
export function follow(probe: HTMLElement, onScheme: (scheme: Scheme) => void): void {
  const look = () => onScheme(schemeOf(probe));
  // The style sheet gives it a transition of its colour: its end is how we hear of a change, whatever made it.
  probe.addEventListener("transitionend", look);
  look();
}

/** Dark where the element's text is light. */
export function schemeOf(probe: HTMLElement): Scheme {
  return isLight(getComputedStyle(probe).color) ? "dark" : "light";
}

/** Whether a colour as `getComputedStyle` writes it is nearer to white than to black. */
function isLight(colour: string): boolean {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 127;
}
