// Model, prompts, settings and view as the parameters of an address, and back.
//
// Prompts, answers and metric are always spelt out, so that a link says the same when the page's examples have
// changed; the rest where it is not as always. Each field is read as a saved file's is (`core/fields.ts`); what is
// not understood is passed over.

import { name, type Reader, SETTINGS, VIEW } from "../core/fields";
import { formatHead } from "./format";
import type { Head } from "./result";
import type { Settings, View } from "./settings";

export interface Shared {
  /** As a link names it; the page's own where absent. */
  model?: string;
  settings: Settings;
  view: View;
}

/** The parameters that `fromParams` turns into the same again, given the same defaults. */
export function toParams({ model, settings, view }: Shared, defaults: Omit<Shared, "model">): URLSearchParams {
  const params = new URLSearchParams();
  const set = (key: string, value: string, byDefault: string) => {
    if (value !== byDefault) params.set(key, value);
  };
  if (model !== undefined) params.set("model", model);
  for (const key of ["clean", "corrupted", "answer", "distractor", "metric"] as const) params.set(key, settings[key]);
  for (const key of ["lines", "fillings", "mode", "layerNorm", "scope"] as const) {
    set(key, settings[key], defaults.settings[key]);
  }
  set("bos", String(settings.prependBos), "true");
  if (settings.position !== null) params.set("position", String(settings.position));
  if (view.src) params.set("src", formatHead(view.src));
  if (view.dst) params.set("dst", formatHead(view.dst));
  if (view.component) params.set("component", view.component);
  for (const key of ["edges", "least", "pair"] as const) set(key, String(view[key]), String(defaults.view[key]));
  return params;
}

/** What an address asks for, the rest by default. */
export function fromParams(params: URLSearchParams, defaults: Omit<Shared, "model">): Shared {
  const get = <T>(key: string, parse: (text: string) => unknown, read: Reader<T>, byDefault: T): T => {
    const text = params.get(key);
    if (text === null) return byDefault;
    try {
      return read(parse(text), key);
    } catch {
      return byDefault;
    }
  };
  const { settings, view } = defaults;
  const setting = <K extends keyof Settings>(key: K, parse: (text: string) => unknown = asIs) =>
    get(key, parse, SETTINGS[key], settings[key]);
  return {
    model: get<string | undefined>("model", asIs, name, undefined),
    settings: {
      mode: setting("mode"),
      clean: setting("clean"),
      corrupted: setting("corrupted"),
      answer: setting("answer"),
      distractor: setting("distractor"),
      lines: setting("lines"),
      fillings: setting("fillings"),
      metric: setting("metric"),
      layerNorm: setting("layerNorm"),
      scope: setting("scope"),
      prependBos: get("bos", (text) => text !== "false", SETTINGS.prependBos, true),
      position: get("position", number, SETTINGS.position, null),
    },
    view: {
      src: get("src", head, VIEW.src, view.src) ?? view.src,
      dst: get("dst", head, VIEW.dst, view.dst) ?? view.dst,
      component: get("component", asIs, VIEW.component, view.component),
      edges: get("edges", number, VIEW.edges, view.edges),
      least: get("least", number, VIEW.least, view.least),
      pair: get("pair", number, VIEW.pair, view.pair),
    },
  };
}

/** `9.6` as a head. */
export function head(text: string | null): Head | null {
  const [, layer, index] = /^(\d+)\.(\d+)$/.exec(text ?? "") ?? [];
  return layer === undefined ? null : { layer: Number(layer), head: Number(index) };
}

const asIs = (text: string): unknown => text;

/** A decimal number and nothing else; no `1e9`, no `0x10`, no spaces. */
function number(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
