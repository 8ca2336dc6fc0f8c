// <path-patching>: a figure in a post. What it draws with is loaded only where one stands.
//
//     <path-patching src="figure.json"></path-patching>     a saved result; the engine only once it is asked for
//     <path-patching link="clean=…&from=a0.h3"></path-patching>   what a link of the page says; runs when pressed
//
// `live` runs without being pressed, `hide` leaves parts out (from into legend circuit overview table prompts run), `theme` is
// light or dark where it is not the post's own, `site` is where the pathpatch site is. `data` is a saved result
// itself. The events `result`, `select` and `error` are CustomEvents; they do not bubble.

import type { Saved } from "../lib/saved.js";
import { fitFrames } from "./frames";
import type { Figure, Subject } from "./mount";
import type { SelectDetail } from "./selected.js";
import { directory, setSite, site } from "./site";

/** `detail` of the event `error`. */
export interface ErrorDetail {
  error: unknown;
  message: string;
}

// A server that renders pages has no elements; the class can be imported there all the same.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** How much height is kept free until something is drawn, in rem: about what each part takes. */
const POSTER_REM = 13;
const PARTS_REM = { legend: 12, circuit: 38, overview: 27, table: 22, prompts: 7, run: 3 };
/** The size of grids beside each other, or below each other where they find no room. */
const GRID_REM = { width: 14.25, height: 16.5, title: 2.5 };

/** A sender has four grids, a head that reads three. */
function reservedRem(hidden: ReadonlySet<string>, width: number): number {
  const columns = Math.max(1, Math.floor(width / (GRID_REM.width * 16)));
  const grids = (count: number) => GRID_REM.title + GRID_REM.height * Math.ceil(count / columns);
  const parts = Object.entries({ ...PARTS_REM, from: grids(4), into: grids(3) });
  return parts.reduce((sum, [part, height]) => (hidden.has(part) ? sum : sum + height), 0);
}

export type { Saved, SelectDetail };

export class PathPatching extends Base {
  static readonly observedAttributes = ["src", "link", "live", "hide", "theme", "site"];

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
    this.#plan();
  }

  disconnectedCallback(): void {
    // An element that is moved leaves and comes back at once.
    setTimeout(() => {
      if (!this.isConnected) this.#figure?.stop();
    });
  }

  attributeChangedCallback(): void {
    this.#plan();
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
    const [src, link, site] = ["src", "link", "site"].map((name) => this.getAttribute(name));
    const isLive = this.hasAttribute("live");
    const subject = JSON.stringify([src, link, site, isLive, this.#data !== null]);
    if (subject === this.#subject) {
      this.#figure?.show(this.#look());
      this.#figure?.start();
      return;
    }
    this.#subject = subject;
    this.#mounted.abort();
    this.#mounted = new AbortController();
    const { signal } = this.#mounted;
    this.#figure = undefined;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#reserve(root, src !== null || isLive || this.#data !== null);
    const { mount } = await import("./mount");
    if (signal.aborted) return;
    this.#figure = mount(root, {
      subject: this.#about(src ?? null, link ?? null),
      isLive,
      look: this.#look(),
      site: site ? directory(site) : PathPatching.site,
      signal,
      onResult: () => this.#tell("result", this.data),
      onSelect: (detail) => this.#tell("select", detail),
      onError: (error) => this.#tellError(error),
    });
    if (this.isConnected) this.#figure.start();
  }

  #about(src: string | null, link: string | null): Subject {
    if (this.#data) return { kind: "data", text: JSON.stringify(this.#data) };
    if (src !== null) return { kind: "file", url: new URL(src, document.baseURI).href };
    return { kind: "link", params: new URLSearchParams(link ?? "") };
  }

  #look() {
    const theme = this.getAttribute("theme");
    const hidden = new Set((this.getAttribute("hide") ?? "").split(/\s+/).filter(Boolean));
    return { hidden, theme: theme === "light" || theme === "dark" ? theme : null } as const;
  }

  /** Keep the height free that the figure will take, so that the post below it stays where it is. */
  #reserve(root: ShadowRoot, isWhole: boolean): void {
    const { hidden } = this.#look();
    // A saved figure has the strongest edges alone, and no sums of all.
    const isSaved = this.hasAttribute("src") || this.#data !== null;
    const left = isSaved ? new Set([...hidden, "overview"]) : hidden;
    const rem = isWhole ? reservedRem(left, this.parentElement?.clientWidth ?? innerWidth) : POSTER_REM;
    const room = document.createElement("div");
    room.style.minHeight = `${rem}rem`;
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
