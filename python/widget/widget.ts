// The notebook's widget: a figure of a result, as posts have it, whose chosen and marked edges the kernel gets.
//
// anywidget loads this as one module without imports. Nothing runs a model here, and nothing is fetched. The figure is
// mounted without its custom element, so that a page may have two versions of the package.

import { parseEdge } from "../../www/src/core/node";
import { mount } from "../../www/src/embed/mount";
import type { Appearance } from "../../www/src/embed/options";
import { follow } from "../../www/src/embed/scheme";
import { element } from "../../www/src/lib/dom";
import * as segmentsView from "../../www/src/views/segments";
import * as marksView from "./marks";
import { isSamePair, type Model, type Pair, VIEWS, type ViewName } from "./model";

/** What each view shows of a figure. */
const SHOWN: Record<ViewName, Pick<Appearance, "hidden" | "shown">> = {
  circuit: { hidden: new Set(["run"]), shown: new Set() },
  grids: { hidden: new Set(["run", "circuit"]), shown: new Set(["grids"]) },
  table: { hidden: new Set(["run", "circuit"]), shown: new Set(["table"]) },
};

/** Draw one output of the widget. Returns what to do when it goes. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const gone = new AbortController();
  const { signal } = gone;
  const bar = element("div");
  const beside = element("span", { slot: "edge" });
  const figureHost = element("div", {}, beside);
  const list = element("div");
  const probe = element("span", { "aria-hidden": "true" });
  // It takes the focus when it is clicked, so that keys are its own: Jupyter's commands are letters, too.
  const box = element("div", { tabindex: "-1", "data-lm-suppress-shortcuts": "true", "aria-label": "Path patching", role: "group" });
  box.style.outline = "none";
  box.append(probe, bar, figureHost, list);
  el.append(box);

  const change = <K extends "edge" | "marked" | "view">(key: K, value: ReturnType<typeof model.get<K>>) => {
    model.set(key, value);
    model.save_changes();
  };
  const toggle = (edge: Pair) => {
    const marked = model.get("marked");
    const others = marked.filter((one) => !isSamePair(one, edge));
    change("marked", others.length < marked.length ? others : [...marked, edge]);
  };

  const barRow = element("div", { class: "bar" });
  marksView.treeIn(bar).append(barRow);
  const showViews = segmentsView.create<ViewName>(barRow, "View", "buttons", (view) => change("view", view));
  const showMarks = marksView.create(beside, list, { onToggle: toggle, onSelect: (edge) => change("edge", edge) });

  const figure = mount(figureHost.attachShadow({ mode: "open" }), {
    subject: { kind: "data", text: model.get("_data") },
    look: look(),
    live: null,
    signal,
    onResult: () => chooseEdge(),
    onSelect: ({ from, to }) => to !== null && change("edge", [from, to]),
    onError: (error) => console.error(error),
  });

  function look(): Appearance {
    const theme = model.get("theme");
    return { ...SHOWN[model.get("view")], theme: theme === "auto" ? null : theme, heading: model.get("title") || null, isLive: false, workers: null, site: null };
  }

  function chooseEdge(): void {
    const edge = model.get("edge");
    figure.choose(edge && parseEdge(edge.join("->")));
    drawMarks();
  }

  function drawMarks(): void {
    showMarks(model.get("edge"), model.get("marked"));
  }

  let around: "light" | "dark" = "light";
  function dress(): void {
    const theme = model.get("theme");
    box.style.colorScheme = theme === "auto" ? around : theme;
    const height = model.get("height");
    figureHost.style.maxHeight = height === null ? "" : `${height}px`;
    figureHost.style.overflow = height === null ? "" : "auto";
    const views = (Object.keys(VIEWS) as ViewName[]).map((id) => ({ id, name: VIEWS[id] }));
    showViews(views, model.get("view"));
    figure.show(look());
  }
  probe.style.cssText = "position: absolute; transition: color 1ms";
  follow(probe, (scheme) => {
    around = scheme;
    dress();
  });

  box.addEventListener("keydown", (event) => {
    const edge = model.get("edge");
    if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || !edge) return;
    event.preventDefault();
    event.stopPropagation();
    toggle(edge);
  });

  const listeners = [
    ["change:edge", chooseEdge],
    ["change:marked", drawMarks],
    ["change:view", dress],
    ["change:theme", dress],
    ["change:title", dress],
    ["change:height", dress],
  ] as const;
  for (const [event, listener] of listeners) model.on(event, listener);
  dress();
  figure.start();
  return () => {
    gone.abort();
    figure.stop();
    for (const [event, listener] of listeners) model.off(event, listener);
    box.remove();
  };
}

/** Whether a letter is meant for a field. */
const isTyping = (event: Event): boolean =>
  event.composedPath().some((node) => node instanceof HTMLElement && node.matches("input, select, textarea"));

export default { render };
