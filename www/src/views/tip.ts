// What is pointed at, in words beside it: at the pointer, or at what has the focus.
//
// A tip lies above everything, inside the window, and catches no pointer. Escape puts it away until something else is
// pointed at; a finger gets none, since it scrolls. What a tip says is said elsewhere too: it is not read aloud.

import { element } from "../lib/dom";

export interface TipContent {
  title: string;
  lines: readonly string[];
}

export interface Tip {
  /** Beside the pointer. */
  at: (event: PointerEvent, content: TipContent) => void;
  /** Beside an element, which has the focus. */
  on: (target: Element, content: TipContent) => void;
  hide: () => void;
}

interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Size {
  width: number;
  height: number;
}

/** How far it is from what it is about, and from the window's edge. */
const GAP = 12;
const MARGIN = 8;

/** A tip for what is in a container. */
export function tipOf(container: Element): Tip {
  const made = element("div", { class: "tip", "aria-hidden": "true" });
  made.hidden = true;
  const dismiss = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // A dialog that it lies over stays open.
    event.preventDefault();
    event.stopPropagation();
    hide();
  };
  // No pointerleave comes from an element that was removed.
  const removals = new MutationObserver(() => {
    if (!container.isConnected) hide();
  });
  const hide = () => {
    if (made.hidden) return;
    made.hidden = true;
    made.remove();
    removals.disconnect();
    document.removeEventListener("keydown", dismiss, true);
  };
  const show = ({ title, lines }: TipContent, about: Rect, isPointer: boolean) => {
    made.replaceChildren(element("b", {}, title), ...lines.map((line) => element("span", {}, line)));
    if (made.hidden) {
      made.hidden = false;
      layerOf(container).append(made);
      for (const root of [document, container.getRootNode()]) removals.observe(root, { childList: true, subtree: true });
      document.addEventListener("keydown", dismiss, true);
    }
    const { width, height } = made.getBoundingClientRect();
    const wanted = placeTip(about, { width, height }, { width: document.documentElement.clientWidth, height: innerHeight }, isPointer);
    // Where something around it is transformed or filtered, `fixed` is not by the window.
    made.style.left = made.style.top = "0";
    const { left, top } = made.getBoundingClientRect();
    made.style.left = `${wanted.left - left}px`;
    made.style.top = `${wanted.top - top}px`;
  };
  return {
    at: (event, content) => {
      if (event.pointerType === "touch") return;
      const { clientX: left, clientY: top } = event;
      show(content, { left, top, right: left, bottom: top }, true);
    },
    on: (target, content) => show(content, target.getBoundingClientRect(), false),
    hide,
  };
}

/** Above the pointer to its right, or above the middle of an element; below where there is no room above. */
export function placeTip(about: Rect, { width, height }: Size, window: Size, isPointer: boolean): { left: number; top: number } {
  const left = isPointer ? about.right + GAP : (about.left + about.right - width) / 2;
  const above = about.top - height - GAP;
  return {
    left: within(left, MARGIN, window.width - width - MARGIN),
    top: within(above >= MARGIN ? above : about.bottom + GAP, MARGIN, window.height - height - MARGIN),
  };
}

/** Where it is over all else: the dialog that is open around it, its shadow tree, or the page. */
function layerOf(container: Element): ParentNode & Node {
  const root = container.getRootNode();
  return container.closest("dialog") ?? (root instanceof ShadowRoot ? root : document.body);
}

const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most));
