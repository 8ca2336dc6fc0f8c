// Frames of embed.html in a post: they get the height that they ask for, and are dark or light as the post is.

import { follow, type Scheme, schemeOf } from "./scheme";

/** What embed.html tells the page that it stands in. */
export interface HeightMessage {
  type: "pathpatch-height";
  height: number;
}

/** What the page asks its frames, as they may have told their height before it listened. */
export const ASK_HEIGHT = "pathpatch-ask-height";

/** What the page tells its frames. */
export interface SchemeMessage {
  type: "pathpatch-scheme";
  scheme: Scheme;
}

const found = new WeakMap<MessageEventSource, HTMLIFrameElement>();

/** Listen to frames, whose page is below `site()`. */
export function fitFrames(site: () => string | null): void {
  addEventListener("message", ({ data, source }: MessageEvent<Partial<HeightMessage> | null>) => {
    if (data?.type !== "pathpatch-height" || !Number.isFinite(data.height) || source === null) return;
    const frame = found.get(source) ?? [...framesIn(document)].find(({ contentWindow }) => contentWindow === source);
    if (!frame || !isOurs(frame, site())) return;
    if (found.get(source) === frame) {
      // Perhaps it shows another page by now.
      dress(frame, schemeOf(frame));
    } else {
      found.set(source, frame);
      // `follow` hears of a change by the end of its transition.
      frame.style.transition = "color 1ms";
      follow(frame, (scheme) => dress(frame, scheme));
    }
    frame.style.height = `${Math.ceil(data.height!)}px`;
  });
  const ask = () => {
    for (const frame of framesIn(document)) {
      // Only a question, which tells nothing; a sandboxed frame has no origin to name.
      if (isOurs(frame, site())) frame.contentWindow?.postMessage({ type: ASK_HEIGHT }, "*");
    }
  };
  queueMicrotask(ask);
  addEventListener("DOMContentLoaded", ask);
}

/** Tell a frame whether the post is dark around it. A sandboxed frame has no origin to name. */
function dress(frame: HTMLIFrameElement, scheme: Scheme): void {
  const message: SchemeMessage = { type: "pathpatch-scheme", scheme };
  frame.contentWindow?.postMessage(message, "*");
}

/** By its address, because a sandboxed frame has no origin. */
function isOurs({ src }: HTMLIFrameElement, site: string | null): boolean {
  return site !== null && src.startsWith(site);
}

/** Frames of a tree and of the open shadow trees in it. */
function* framesIn(root: Document | ShadowRoot): Generator<HTMLIFrameElement> {
  yield* root.querySelectorAll("iframe");
  for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) yield* framesIn(shadowRoot);
}
