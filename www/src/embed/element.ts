// <path-patching>: a figure in a post. What it draws with is loaded only where one stands.
//
//     <path-patching src="figure.json"></path-patching>     a saved result; the engine only once it is asked for
//     <path-patching link="clean=…&src=0.3"></path-patching>   what a link of the page says; runs when pressed
//
// `live` runs without being pressed, `hide` leaves parts out (from into legend circuit table prompts run),
// `theme` is light or dark where it is not the reader's own.

import { site } from "./site";

const ATTRIBUTES = ["src", "link", "live", "hide", "theme"] as const;

/** Define the element, where there are elements, and let frames of ours have the height they ask for. */
export function define(): void {
  if (!globalThis.customElements || customElements.get("path-patching")) return;

  class PathPatching extends HTMLElement {
    static readonly observedAttributes = ATTRIBUTES;
    #mounted = new AbortController();
    #isPlanned = false;

    connectedCallback(): void {
      this.#plan();
    }

    disconnectedCallback(): void {
      this.#mounted.abort();
    }

    attributeChangedCallback(): void {
      if (this.isConnected) this.#plan();
    }

    /** Draw once however many attributes change together. */
    #plan(): void {
      if (this.#isPlanned) return;
      this.#isPlanned = true;
      queueMicrotask(() => {
        this.#isPlanned = false;
        if (this.isConnected) void this.#draw();
      });
    }

    async #draw(): Promise<void> {
      this.#mounted.abort();
      const mine = new AbortController();
      this.#mounted = mine;
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      const { mount } = await import("./mount");
      if (mine.signal.aborted) return;
      const [src, link, , hide, theme] = ATTRIBUTES.map((name) => this.getAttribute(name));
      mount(root, {
        src: src ?? null,
        link: new URLSearchParams(link ?? ""),
        isLive: this.hasAttribute("live"),
        hidden: new Set((hide ?? "").split(/\s+/).filter(Boolean)),
        theme: theme === "light" || theme === "dark" ? theme : null,
        signal: mine.signal,
      });
    }
  }

  customElements.define("path-patching", PathPatching);
  addEventListener("message", resizeFrame);
}

/** What embed.html tells the page that it stands in. */
export interface HeightMessage {
  type: "pathpatch-height";
  height: number;
}

function resizeFrame({ data, origin, source }: MessageEvent<Partial<HeightMessage> | null>): void {
  if (origin !== site().origin || data?.type !== "pathpatch-height" || typeof data.height !== "number") return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source) frame.style.height = `${Math.ceil(data.height)}px`;
  }
}
