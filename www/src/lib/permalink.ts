// Model, prompts, settings and view as the parameters of an address, and back.
//
// Prompts, answers and metric are always spelt out, so that a link says the same when the page's examples have
// changed; the rest where it is not as always. Each field is read as a saved file's is (`core/fields.ts`); what is
// not understood is passed over.
//
// Links from before edges had names are read: `src=9.6&dst=10.7&component=q`. Where a link has prompts and says
// nothing of LayerNorm, the scale is that of the base run, as it was then.

import { name, port as readPort, type Reader, SETTINGS, VIEW } from "../core/fields";
import { headName } from "../core/node";
import type { Settings, View } from "./settings";

export interface Shared {
  /** As a link names it; the page's own where absent. */
  model?: string;
  settings: Settings;
  view: View;
}

/** What a link with a question and without the field means. */
const LAYER_NORM = "frozen";

/** The parameters that `fromParams` turns into the same question again, given the same defaults. */
export function toParams({ model, settings, view }: Shared, defaults: Omit<Shared, "model">): URLSearchParams {
  const params = new URLSearchParams();
  const set = (key: string, value: string, byDefault: string) => {
    if (value !== byDefault) params.set(key, value);
  };
  if (model !== undefined) params.set("model", model);
  for (const key of ["clean", "corrupted", "answer", "distractor", "metric"] as const) params.set(key, settings[key]);
  set("layerNorm", settings.layerNorm, LAYER_NORM);
  for (const key of ["mode", "direction", "patch", "scope"] as const) set(key, settings[key], defaults.settings[key]);
  // A batch that is not in use, or fill-ins without a template, are not part of the question.
  if (settings.mode === "lines") set("lines", settings.lines, "");
  if (settings.mode === "template") set("fillings", settings.fillings, "");
  set("strongest", String(settings.strongest), String(defaults.settings.strongest));
  set("bos", String(settings.prependBos), "true");
  if (settings.position !== null) params.set("position", String(settings.position));
  for (const key of ["from", "to", "port", "node"] as const) if (view[key]) params.set(key, view[key]);
  for (const key of ["edges", "least", "pair", "show"] as const) set(key, String(view[key]), String(defaults.view[key]));
  return params;
}

/** What an address asks for, the rest by default; an address that says nothing is all default. */
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
  const layerNorm = params.has("clean") ? LAYER_NORM : settings.layerNorm;
  const [src, dst] = [head(params.get("src")), head(params.get("dst"))];
  const component = get("component", asIs, readPort, null);
  const into = dst && component ? `${dst}<${component}>` : dst;
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
      direction: setting("direction"),
      patch: setting("patch"),
      layerNorm: get("layerNorm", asIs, SETTINGS.layerNorm, layerNorm),
      scope: setting("scope"),
      strongest: setting("strongest", number),
      prependBos: get("bos", (text) => text !== "false", SETTINGS.prependBos, true),
      position: get("position", number, SETTINGS.position, null),
    },
    view: {
      from: get("from", asIs, VIEW.from, src ?? view.from),
      to: get("to", asIs, VIEW.to, into ?? view.to),
      port: get("port", asIs, VIEW.port, dst ? view.port : (component ?? view.port)),
      node: get("node", asIs, VIEW.node, view.node),
      edges: get("edges", number, VIEW.edges, view.edges),
      least: get("least", number, VIEW.least, view.least),
      pair: get("pair", number, VIEW.pair, view.pair),
      show: get("show", asIs, VIEW.show, view.show),
    },
  };
}

/** A head as links wrote it before edges had names, `9.6`; its name, or null. */
function head(text: string | null): string | null {
  const [, layer, index] = /^(\d{1,3})\.(\d{1,3})$/.exec(text ?? "") ?? [];
  return layer === undefined ? null : headName(Number(layer), Number(index));
}

const asIs = (text: string): unknown => text;

/** A decimal number and nothing else; no `1e9`, no `0x10`, no spaces. */
function number(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
