// How a figure gets into a page of someone else's: as an element or in a frame, with its saved result in the page itself
// or in a file beside it; or with no result, and a question to run.

import { escaped, literal } from "./code/literal";
import type { Extra, Part } from "./figure-parts";

export const FORMS = { element: "HTML", frame: "iframe", react: "React", quarto: "Quarto", observable: "Observable" } as const;
export type Form = keyof typeof FORMS;

/** Where the result is: in the snippet, in a file beside the post, or nowhere, so that it has to be run. */
export const PLACES = { inline: "In the snippet", file: "In a file beside it", none: "None: readers run it" } as const;
export type Place = keyof typeof PLACES;

export interface EmbedSubject {
  /** The site that serves it. */
  base: string;
  /** What a link says of the run; null where nobody else could load its model. */
  params: URLSearchParams | null;
  title: string;
  /** The saved result's JSON, and the same packed for an address. */
  json: string;
  packed: string;
  /** How its file is called. */
  file: string;
}

export interface EmbedChoice {
  form: Form;
  place: Place;
  show: ReadonlySet<Extra>;
  hide: ReadonlySet<Part>;
  /** Null for the post's own. */
  theme: "light" | "dark" | null;
  /** Whether it runs by itself once a reader comes near. */
  isLive: boolean;
  /** CSS pixels: the widest it becomes, null for the post's column; and about how high it is, kept free until it is there. */
  width: number | null;
  height: number;
}

/** What most posts want. */
export const FIRST_EMBED: EmbedChoice = {
  form: "element",
  place: "inline",
  show: new Set(),
  hide: new Set(),
  theme: null,
  isLive: false,
  width: null,
  height: 640,
};

/** Addresses longer than this are refused by some servers, which allow 8 kB for all of a request's head. */
export const LONG_ADDRESS = 4000;

export interface EmbedCode {
  text: string;
  /** What to know before it is used. */
  note: string | null;
}

/** A snippet to paste. Throws where the run cannot be asked for by a link and no result comes along. */
export function embedCode(subject: EmbedSubject, choice: EmbedChoice): EmbedCode {
  const link = choice.place === "none" ? linkOf(subject) : null;
  const note = choice.form === "frame" && link && frameAddress(subject, choice, link).length > LONG_ADDRESS ? "Its address is so long that some servers refuse it: put the result into the snippet or a file." : null;
  const text = {
    element: () => `${reserve(choice)}${element(subject, choice, link)}\n${script(subject.base)}\n`,
    frame: () => `${frame(subject, choice, link)}\n${script(subject.base)}\n`,
    quarto: () => `\`\`\`{=html}\n${reserve(choice)}${element(subject, choice, link)}\n${script(subject.base)}\n\`\`\`\n`,
    react: () => react(subject, choice, link),
    observable: () => observable(subject, choice, link),
  }[choice.form]();
  return { text, note };
}

function linkOf({ params }: EmbedSubject): URLSearchParams {
  if (params) return params;
  throw new Error("link: expected a model that others can load, got files of your own");
}

const attributes = (choice: EmbedChoice, subject: EmbedSubject, link: URLSearchParams | null): [string, string | true][] => [
  ...(choice.place === "file" ? [["src", subject.file] as [string, string]] : []),
  ...(link ? [["link", link.toString()] as [string, string]] : []),
  ...(choice.show.size ? [["show", [...choice.show].join(" ")] as [string, string]] : []),
  ...(choice.hide.size ? [["hide", [...choice.hide].join(" ")] as [string, string]] : []),
  ...(choice.theme ? [["theme", choice.theme] as [string, string]] : []),
  ...(choice.isLive ? [["live", true] as [string, true]] : []),
];

const inHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const written = (all: [string, string | true][]): string =>
  all.map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${inHtml(value)}"`)).join("");

const moduleOf = (base: string): string => new URL("./pathpatch.js", base).href;

const script = (base: string): string => `<script type="module" src="${inHtml(moduleOf(base))}"></script>`;

/** The height is kept free before the script is there, so that what stands below stays where it is. */
const reserve = ({ height }: EmbedChoice): string =>
  `<style>path-patching:not(:defined) { display: block; min-height: ${height}px }</style>\n`;

const widthStyle = ({ width }: EmbedChoice): string => (width === null ? "" : ` style="display: block; max-width: ${width}px"`);

function element(subject: EmbedSubject, choice: EmbedChoice, link: URLSearchParams | null): string {
  const { base, title, json, params } = subject;
  const data = choice.place === "inline" ? `\n  <script type="application/json">${escaped(json)}</script>` : "";
  const page = new URL(base);
  page.hash = params?.toString() ?? "";
  // What a feed, or a reader without scripts, sees.
  const fallback = `\n  <a href="${inHtml(page.href)}">${inHtml(title)}</a>`;
  return `<path-patching${written(attributes(choice, subject, link))}${widthStyle(choice)}>${data}${fallback}\n</path-patching>`;
}

function frameAddress(subject: EmbedSubject, choice: EmbedChoice, link: URLSearchParams | null): string {
  const url = new URL("./embed.html", subject.base);
  const own = attributes(choice, subject, null).map(([name, value]) => [name === "src" ? "saved" : name, value === true ? "" : value] as const);
  url.search = new URLSearchParams([...own, ...(link ?? [])] as [string, string][]).toString();
  // What stands after the # goes to no server, and may be long.
  if (choice.place === "inline") url.hash = `saved=${subject.packed}`;
  return url.href;
}

function frame(subject: EmbedSubject, choice: EmbedChoice, link: URLSearchParams | null): string {
  const style = `border: 0${choice.width === null ? "" : `; max-width: ${choice.width}px`}`;
  const src = inHtml(frameAddress(subject, choice, link));
  return `<iframe src="${src}" title="${inHtml(subject.title)}" width="100%" height="${choice.height}" loading="lazy" style="${style}"></iframe>`;
}

/** What JSX and scripts set: data as a property, the rest as attributes. */
function react(subject: EmbedSubject, choice: EmbedChoice, link: URLSearchParams | null): string {
  const { json, base, file } = subject;
  const saved = choice.place === "inline" ? `const saved = ${escaped(json)};\n\n` : choice.place === "file" ? `import saved from "./${file}";\n\n` : "\n";
  const own = attributes({ ...choice, place: "none" }, subject, link);
  const props = own.map(([name, value]) => (value === true ? ` ${name}` : ` ${name}={${literal(value)}}`)).join("");
  const data = choice.place === "none" ? "" : " data={saved}";
  const style = choice.width === null ? "" : ` style={{ display: "block", maxWidth: ${choice.width} }}`;
  return `"use client";
import "pathpatch/element";
${saved}export default function Figure() {
  return <path-patching${data}${props} site={${literal(base)}}${style} />;
}
`;
}

function observable(subject: EmbedSubject, choice: EmbedChoice, link: URLSearchParams | null): string {
  const { json, base, file } = subject;
  const data = choice.place === "inline" ? escaped(json) : choice.place === "file" ? `await FileAttachment(${literal(file)}).json()` : null;
  const set = attributes({ ...choice, place: "none" }, subject, link).map(
    ([name, value]) => `  figure.setAttribute(${literal(name)}, ${literal(value === true ? "" : value)});\n`,
  );
  const width = choice.width === null ? "" : `  figure.style.maxWidth = "${choice.width}px";\n`;
  return `{
  await import(${literal(moduleOf(base))});
  const figure = document.createElement("path-patching");
${data === null ? "" : `  figure.data = ${data};\n`}${set.join("")}${width}  return figure;
}
`;
}
