// Model, prompts, settings and view as the parameters of an address, and back.
//
// Prompts, answers and metric are always spelt out, so that a link says the same when the page's examples have
// changed; the rest where it is not as always. What is not understood is passed over: an address may be older
// than the page, or have been cut by whatever carried it.

import { LAYER_NORMS, MAX_EDGES, SCOPES, type Settings, type View } from "./settings";
import { formatHead, METRICS } from "./format";
import type { Mode } from "./pairs";
import { COMPONENTS, type Head } from "./result";

export interface Shared {
  /** As `PathPatch.load` takes it; the page's own where absent. */
  model?: string;
  settings: Settings;
  view: View;
}

const MODES: Record<Mode, true> = { one: true, lines: true, template: true };
const TEXTS = ["clean", "corrupted", "answer", "distractor", "lines", "fillings"] as const;

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
  params.set("src", formatHead(view.src));
  if (view.dst) params.set("dst", formatHead(view.dst));
  params.set("component", view.component);
  for (const key of ["edges", "least", "pair"] as const) set(key, String(view[key]), String(defaults.view[key]));
  return params;
}

/** What an address asks for, the rest by default. */
export function fromParams(params: URLSearchParams, defaults: Omit<Shared, "model">): Shared {
  const settings = { ...defaults.settings };
  const view = { ...defaults.view };
  for (const key of TEXTS) settings[key] = params.get(key) ?? settings[key];
  settings.mode = oneOf(MODES, params.get("mode")) ?? settings.mode;
  settings.metric = oneOf(METRICS, params.get("metric")) ?? settings.metric;
  settings.layerNorm = oneOf(LAYER_NORMS, params.get("layerNorm")) ?? settings.layerNorm;
  settings.scope = oneOf(SCOPES, params.get("scope")) ?? settings.scope;
  settings.prependBos = params.get("bos") !== "false";
  settings.position = whole(params.get("position"), Number.MAX_SAFE_INTEGER);
  view.src = head(params.get("src")) ?? view.src;
  view.dst = head(params.get("dst")) ?? view.dst;
  view.component = COMPONENTS.find((c) => c === params.get("component")) ?? view.component;
  view.edges = whole(params.get("edges"), MAX_EDGES) ?? view.edges;
  view.pair = whole(params.get("pair"), Number.MAX_SAFE_INTEGER) ?? view.pair;
  const least = Number(params.get("least") ?? Number.NaN);
  if (least >= 0 && least <= 1) view.least = least;
  return { model: params.get("model") ?? undefined, settings, view };
}

/** `9.6` as a head. */
export function head(text: string | null): Head | null {
  const [, layer, index] = /^(\d+)\.(\d+)$/.exec(text ?? "") ?? [];
  return layer === undefined ? null : { layer: Number(layer), head: Number(index) };
}

function oneOf<K extends string>(known: Record<K, unknown>, text: string | null): K | null {
  return text !== null && Object.hasOwn(known, text) ? (text as K) : null;
}

function whole(text: string | null, most: number): number | null {
  return text !== null && /^\d+$/.test(text) && Number(text) <= most ? Number(text) : null;
}
