// Saved results from before edges had names: values between heads alone, as three grids `[layers, heads, layers,
// heads]`, source first. They are read as edges by name, among heads.

import { fields, head, MOST_SIDE, orNull, own, port as readPort, whole } from "../core/fields";
import { headName, PORTS } from "../core/node";
import { readLists, type SavedEdges } from "./saved-edges";
import { EXAMPLE, type Settings, type View } from "./settings";

/** Heads of a model; GPT-2 XL has 1,200. */
const MOST_HEADS = 1536;

/** The three grids of a file as one table. */
export function headEdges(from: Record<string, unknown>): SavedEdges {
  const side = whole(1, MOST_SIDE);
  const [layers, heads] = [side(own(from, "layers"), "layers"), side(own(from, "heads"), "heads")];
  const n = whole(1, MOST_HEADS)(layers * heads, "layers × heads");
  const names = (port: (typeof PORTS)[number] | null, layer: number) => Array.from({ length: heads }, (_, h) => headName(layer, h, port));
  const layerOf = (at: number) => Math.floor(at / heads);
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const receivers = all.flatMap((layer) => PORTS.flatMap((port) => names(port, layer)));
  const components = fields(own(from, "components"), "components");
  const grids = PORTS.map((port, c) => {
    const field = `components.${port}`;
    const grid = fields(own(components, port), field);
    const hasPath = (place: number) => layerOf(place % n) > layerOf(Math.floor(place / n));
    const { indices, estimates, ...lists } = readLists(grid, field, n * n, hasPath, "spread");
    const place = (index: number) => {
      const [src, dst] = [Math.floor(index / n), index % n];
      return src * receivers.length + (layerOf(dst) * PORTS.length + c) * heads + (dst % heads);
    };
    return { ...lists, indices: indices.map(place), estimates: estimates.map(place) };
  });
  const hasStdDev = grids.some(({ stdDev }) => stdDev);
  return {
    senders: all.flatMap((layer) => names(null, layer)),
    receivers,
    reach: receivers.map((_, column) => Math.floor(column / (PORTS.length * heads)) * heads),
    indices: grids.flatMap(({ indices }) => indices),
    values: grids.flatMap(({ values }) => values),
    ...(hasStdDev && { stdDev: grids.flatMap(({ stdDev, values }) => stdDev ?? values.map(() => 0)) }),
    estimates: grids.flatMap(({ estimates }) => estimates),
    scores: "exact",
    steps: null,
    check: null,
  };
}

/** A view by heads' numbers, with the edge by names. */
export function headView(value: unknown, field: string): Record<keyof View, unknown> {
  const from = fields(value, field);
  const end = (key: "src" | "dst") => orNull(head)(own(from, key), `${field}.${key}`);
  const [src, dst] = [end("src"), end("dst")];
  const port = orNull(readPort)(own(from, "component"), `${field}.component`);
  return {
    from: src,
    to: dst && port ? `${dst}<${port}>` : dst,
    port: dst ? null : port,
    node: null,
    edges: own(from, "edges"),
    least: own(from, "least"),
    pair: own(from, "pair"),
    show: undefined,
  };
}

/** What could not be chosen then is as it was for everyone. */
export function headSettings(value: unknown, field: string): Record<string, unknown> {
  const { strongest }: Settings = EXAMPLE.settings;
  return { ...fields(value, field), direction: "denoise", patch: "resample", strongest };
}
