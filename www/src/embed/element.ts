// <path-patching>: a figure in a post. What it draws with is loaded only where one stands.
//
//     <path-patching src="figure.json"></path-patching>     a saved result; the engine only once it is asked for
//     <path-patching><script type="application/json">{"pathpatch": 2, …}</script></path-patching>   the same, in the page
//     <path-patching link="clean=…&from=a0.h3"></path-patching>   what a link of the page says; runs when pressed
//
// `live` runs without being pressed. `hide` leaves parts out (prompts circuit explanation run), `show` adds others (scale
// grids table). `heading` is what it is called, `theme` is light or dark where it is not the post's own, `height` is about
// how high it is, kept free until it is drawn, `workers` is how many share its model, `site` is where the pathpatch site is.
// `data` is a saved result itself.
// The events `result`, `select` and `error` are CustomEvents; they do not bubble.

import type { Saved } from "../lib/saved.js";
import { fitFrames } from "./frames";
import type { Appearance, Figure, Subject } from "./options";
import type { SelectDetail } from "./selected.js";
import { directory, setSite, site } from "./site";

/** `detail` of the event `error`. */
export interface ErrorDetail {
  error: unknown;
  message: string;
}

// A server that renders pages has no elements; the class can be imported there all the same.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** How much height is kept free until something is drawn, where the author has not said, in pixels. */
const RESERVED = { question: 180, result: 560 };

/** A saved result within the element, as text. */
const DATA = ':scope > script[type="application/json"]';

export type { Saved, SelectDetail };

export class PathPatching extends Base {
  static readonly observedAttributes = ["src", "link", "live", "hide", "show", "heading", "theme", "height", "workers", "site"];

  /** Where the pathpatch site is, for figures that do not say so themselves; null where there is none. */
  static get site(): string | null {
    return site();
  }

  static set site(url: string | URL | null) {
    setSite(url);
  }

  #data: Saved | null = null;
  #figure: Figure | undefined;
  /** Aborted once the figure is another's. */
  #mounted = new AbortController();
  /** What the figure is about. */
  #subject = "";
  #isPlanned = false;

  /** The result that is shown, as the page saves it; setting it shows it. */
  get data(): Saved | null {
    return this.#figure?.data() ?? this.#data;
  }

  set data(data: Saved | null) {
    this.#data = data;
    this.#subject = "";
    this.#plan();
  }

  connectedCallback(): void {
    // A framework may have set it before the element was defined.
    if (Object.hasOwn(this, "data")) {
      const { data } = this;
      delete (this as { data?: Saved | null }).data;
      this.data = data;
    }
    // While the page is being read, what is within the element may not have come yet.
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => this.#plan(), { once: true });
    else this.#plan();
  }

  disconnectedCallback(): void {
    // An element that is moved leaves and comes back at once.
    setTimeout(() => {
      if (!this.isConnected) this.#figure?.stop();
    });
  }

  attributeChangedCallback(): void {
    if (document.readyState !== "loading") this.#plan();
  }

  /** Draw once however much changes together. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (this.isConnected) void this.#draw().catch((error: unknown) => this.#fail(error));
    });
  }

  async #draw(): Promise<void> {
    const subject = this.#about();
    const key = subject.kind === "link" ? `link ${subject.params}` : subject.kind === "file" ? `file ${subject.url}` : `data ${subject.text}`;
    if (key === this.#subject) {
      this.#figure?.show(this.#look());
      this.#figure?.start();
      return;
    }
    this.#subject = key;
    this.#mounted.abort();
    this.#mounted = new AbortController();
    const { signal } = this.#mounted;
    this.#figure = undefined;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#reserve(root, subject.kind === "link" && !this.hasAttribute("live"));
    const { mount } = await import("./mount");
    if (signal.aborted) return;
    this.#figure = mount(root, {
      subject,
      look: this.#look(),
      live: () => import("./live"),
      signal,
      onResult: () => this.#tell("result", this.data),
      onSelect: (detail) => this.#tell("select", detail),
      onError: (error) => this.#tellError(error),
    });
    if (this.isConnected) this.#figure.start();
  }

  /** A result that a script has set, one within the element, one in a file, or a question. */
  #about(): Subject {
    if (this.#data) return { kind: "data", text: JSON.stringify(this.#data) };
    const within = this.querySelector(DATA)?.textContent;
    if (within) return { kind: "data", text: within };
    const src = this.getAttribute("src");
    if (src !== null) return { kind: "file", url: new URL(src, document.baseURI).href };
    return { kind: "link", params: new URLSearchParams(this.getAttribute("link") ?? "") };
  }

  #look(): Appearance {
    const [theme, site] = [this.getAttribute("theme"), this.getAttribute("site")];
    const names = (attribute: string) => new Set((this.getAttribute(attribute) ?? "").split(/\s+/).filter(Boolean));
    return {
      hidden: names("hide"),
      shown: names("show"),
      theme: theme === "light" || theme === "dark" ? theme : null,
      heading: this.getAttribute("heading"),
      isLive: this.hasAttribute("live"),
      workers: this.getAttribute("workers"),
      site: site ? directory(site) : PathPatching.site,
    };
  }

  /** Keep the height free that the figure will take, so that the post below it stays where it is. */
  #reserve(root: ShadowRoot, isQuestion: boolean): void {
    const said = Number(this.getAttribute("height"));
    const height = said > 0 ? said : isQuestion ? RESERVED.question : RESERVED.result;
    const room = document.createElement("div");
    room.style.minHeight = `${height}px`;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":host { display: block; }");
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(room);
  }

  /** What it draws with could not be loaded. */
  #fail(error: unknown): void {
    this.#subject = "";
    const said = document.createElement("p");
    said.className = "error";
    said.setAttribute("role", "alert");
    const message = error instanceof Error ? error.message : String(error);
    said.textContent = `This figure could not be loaded: ${message}`;
    this.shadowRoot?.replaceChildren(said);
    this.#tellError(error);
  }

  #tellError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#tell("error", { error, message } satisfies ErrorDetail);
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The events of <path-patching>. */
export interface PathPatchingEvents {
  result: CustomEvent<Saved>;
  select: CustomEvent<SelectDetail>;
  error: CustomEvent<ErrorDetail>;
}

/** `addEventListener` with our events' details. */
export interface PathPatching {
  addEventListener<K extends keyof PathPatchingEvents>(
    type: K,
    listener: (this: PathPatching, event: PathPatchingEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

// Where there are elements; a page may have two copies of this module, of which the first one is taken.
if (globalThis.customElements && !customElements.get("path-patching")) {
  customElements.define("path-patching", PathPatching);
  // Frames of ours have the height they ask for.
  fitFrames(site);
}

declare global {
  interface HTMLElementTagNameMap {
    "path-patching": PathPatching;
  }
}
