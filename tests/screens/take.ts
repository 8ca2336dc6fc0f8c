// Writes the pictures, each with a line that says what is to be seen.

import { mkdirSync, writeFileSync } from "node:fs";
import type { Page } from "@playwright/test";

const PLACE = "docs/screens";
/** Text stays sharp, and all of them together stay small. */
const QUALITY = 82;

/** What there is to see, in the order of a visit. */
export const SCREENS = {
  "first-visit": "A first visit: the bundled model has run by itself. A line says what this is and leads to the tours.",
  tour: "A step of a tour: it tells in place what the page has just shown, and what comes next.",
  examples: "Examples: questions for the model that is loaded, and saved results of other models, which open without it.",
  "chosen-edge": "The page at work: question, circuit and the chosen edge on one screen, with the edge’s sentence, its attention and its output.",
  grids: "Grids: all that one sender writes, and all that one receiver reads.",
  table: "Table: every edge, to sort and to filter.",
  prompts: "The prompts being edited, with the metric and all that is measured below.",
  batch: "A batch of pairs as a table; the picture shows the means over them.",
  "prompt-error": "A word that the model does not know: it is told beside the prompt, and the last result stays in sight, marked as old.",
  running: "A run of a model of 12 layers × 12 heads (random weights): estimates are there first, and exact values fill in.",
  empty: "A link to a model that is not here: nothing is downloaded, and nothing is shown, before it is asked for.",
  offer: "GPT-2 is chosen: where it comes from and its size are told before anything is downloaded.",
  "load-failure": "A model that could not be loaded, what went wrong, and the way to try again.",
  "lost-device": "The engine says that its graphics device is lost (here it is made to, on the CPU): what is known stays, and one button loads the model again.",
  models: "All models: those of this page, any of the Hugging Face Hub, an address, files of one’s own, and what is kept here.",
  help: "How to read this: marks, colours and words.",
  figure: "A figure for a paper: what it shows, its words and its size; the preview is the file.",
  "figure-embed": "A figure for a web page: the preview is the element itself, beside the snippet.",
  "embed-poster": "A figure in somebody’s post before it is run: the poster, drawn from the saved result.",
  "embed-live": "The same kind of figure, run in the reader’s browser.",
  share: "Share: a link, a snippet for a post and the whole result; other files and code are behind “More files and code”.",
  notebook: "A notebook in JupyterLab: the circuit is an output, and what is clicked and marked there is in Python.",
  dark: "The page in dark.",
  "forced-colours": "The page in a high-contrast scheme.",
  phone: "A phone, 360 px wide: the question, and the circuit below.",
  "phone-edge": "The same phone, further down: the chosen edge.",
  print: "The page as it is printed.",
} as const;

/** What the window shows, or the whole page. */
export async function take(page: Page, name: keyof typeof SCREENS, isWhole = false): Promise<void> {
  // Nothing is pointed at.
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  const session = await page.context().newCDPSession(page);
  const { cssContentSize } = await session.send("Page.getLayoutMetrics");
  const clip = isWhole ? { ...cssContentSize, scale: 1 } : undefined;
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, clip, captureBeyondViewport: isWhole });
  mkdirSync(PLACE, { recursive: true });
  writeFileSync(`${PLACE}/${name}.webp`, Buffer.from(data, "base64"));
}

/** The pictures with their words, as a page of the documentation. */
export function writeIndex(): void {
  const shown = Object.entries(SCREENS).map(([name, says]) => `## ${name}\n\n${says}\n\n![${says}](${name}.webp)\n`);
  const head = "# Every state of the page, in pictures\n\n`cargo xtask screens` takes them anew, in Chromium; the words are in `tests/screens/take.ts`.\n\n";
  mkdirSync(PLACE, { recursive: true });
  writeFileSync(`${PLACE}/README.md`, head + shown.join("\n"));
}
