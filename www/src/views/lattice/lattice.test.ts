import { describe, expect, it } from "vitest";
import { edgeKey, nodeName } from "../../core/node";
import { edgesOf, nodesOf, shapeOf, strongest } from "../../core/table";
import { tableFixture } from "../../core/table.fixture";
import { linesWithin } from "./ground";
import { lanesOf } from "./lanes";
import { portBox, routes } from "./paths";
import { place, type Spot } from "./place";
import { neighbour, rowsOf } from "./walk";

const SHAPES = [
  { layers: 1, heads: 1 },
  { layers: 3, heads: 4 },
  { layers: 12, heads: 12 },
  { layers: 24, heads: 16 },
  { layers: 48, heads: 25 },
];
const WIDTHS = [280, 328, 640, 960, 1600];
const HEIGHTS = [null, 424, 560, 1100];
const CASES = SHAPES.flatMap((shape) => WIDTHS.map((width) => ({ ...shape, width })));
const ROOMS = CASES.flatMap((shape) => HEIGHTS.map((height) => ({ ...shape, height })));

const tables = new Map(SHAPES.map((shape) => [String([shape.layers, shape.heads]), tableFixture(shape)]));

const latticeOf = ({ layers, heads, width, height = null }: (typeof CASES)[number] & { height?: number | null }) => {
  const table = tables.get(String([layers, heads])) ?? tableFixture({ layers, heads });
  return { table, lattice: place(nodesOf(table), shapeOf(table), { width, height }) };
};

it.each([[["input", "a1.h3", "logits"]], [["input", "m1", "logits"]], [["input", "logits"]]])("%s have places without the first head of each layer", (nodes) => {
  const shape = shapeOf({ ...tableFixture(), senders: nodes.slice(0, -1), receivers: ["logits"] });
  const { spots, heightOf, width, height } = place(nodes, shape, { width: 640, height: 424 });
  for (const { left, right, top, bottom } of [...spots.values()].map(ends)) {
    expect([left >= 0, right <= width, top >= 0, bottom <= height]).toEqual([true, true, true, true]);
  }
  for (let layer = 0; layer < shape.layers; layer += 1) expect([heightOf(layer) > 0, heightOf(layer) < height]).toEqual([true, true]);
  if (spots.has("a1.h3")) expect(heightOf(1)).toBe(spots.get("a1.h3")!.y);
});

const ends = ({ x, y, width, height }: Spot) => ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });

describe("the places of nodes", () => {
  it.each(ROOMS)("$layers layers of $heads heads in $width by $height px: all within the drawing, none over another", (shape) => {
    const { lattice } = latticeOf(shape);
    const boxes = [...lattice.spots].map(([name, spot]) => ({ name, ...ends(spot) }));
    for (const { left, right, top, bottom } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(lattice.width);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(lattice.height);
    }
    // Each row's boxes are apart, and each column's with their ports.
    const sorted = boxes.toSorted((a, b) => a.left - b.left);
    sorted.forEach((a, i) => {
      for (const b of sorted.slice(i + 1)) {
        if (b.left >= a.right) break;
        const [upper, lower] = a.top < b.top ? [a, b] : [b, a];
        const port = nodeName(upper.name).kind === "head" ? lattice.port - lattice.tuck : 0;
        expect(lower.top, `${lower.name} below ${upper.name}`).toBeGreaterThan(upper.bottom + port);
      }
    });
  });

  it("a head stands at its layer's height and its number's column; an MLP is half a row above its heads", () => {
    const { lattice } = latticeOf({ layers: 12, heads: 12, width: 960 });
    const at = (name: string) => lattice.spots.get(name)!;
    expect(at("a3.h0").y).toBe(at("a3.h11").y);
    expect(at("a0.h7").x).toBe(at("a11.h7").x);
    expect(at("a4.h7").y).toBeLessThan(at("a3.h7").y);
    expect(at("a4.h8").x).toBeGreaterThan(at("a4.h7").x);
    expect(at("m3").y).toBeLessThan(at("a3.h0").y);
    expect(at("m3").y).toBeGreaterThan(at("a4.h0").y);
    expect(at("m3").x).toBeGreaterThan(at("a3.h11").x);
    expect(at("logits").y).toBeLessThan(at("m11").y);
    expect(at("input").y).toBeGreaterThan(at("a0.h0").y);
  });

  it("columns narrower than 34 px have room for a head's number alone", () => {
    const { lattice: wide } = latticeOf({ layers: 12, heads: 12, width: 960 });
    const { lattice: narrow } = latticeOf({ layers: 12, heads: 12, width: 328 });
    expect(wide.pitch).toBeGreaterThanOrEqual(34);
    expect(wide.hasLayer).toBe(true);
    expect(narrow.pitch).toBeLessThan(34);
    expect(narrow.hasLayer).toBe(false);
  });

  it("few heads are wide apart, but not without end, and stand in the middle", () => {
    const { lattice } = latticeOf({ layers: 3, heads: 4, width: 1600 });
    expect(lattice.pitch).toBe(320);
    const bar = ends(lattice.spots.get("input")!);
    expect(Math.abs(bar.left - (lattice.width - bar.right))).toBeLessThan(40);
  });

  it("fills the height that there is, and is higher than it where rows would touch", () => {
    const heightOf = (layers: number, heads: number, height: number) => latticeOf({ layers, heads, width: 960, height }).lattice.height;
    for (const [layers, heads] of [[3, 4], [12, 12], [24, 16]] as const) {
      const height = heightOf(layers, heads, 560);
      expect(height).toBeLessThanOrEqual(560);
      expect(height).toBeGreaterThan(540);
    }
    expect(heightOf(48, 25, 560)).toBeGreaterThan(720);
    // Rows are not torn apart without end.
    expect(heightOf(3, 4, 2000)).toBeLessThan(1000);
  });

  it("bands take room at the left, where there is enough", () => {
    const table = tableFixture({ layers: 12, heads: 12 });
    const at = (width: number) => place(nodesOf(table), shapeOf(table), { width, height: 560, hasBands: true });
    expect(at(960).bands).toBeGreaterThan(16);
    expect(at(960).bands).toBeLessThan(at(960).axis - 14);
    expect(at(328).bands).toBe(null);
    // A narrow drawing has them where every head still shows its layer.
    const narrow = (layers: number, heads: number) => {
      const of = tableFixture({ layers, heads });
      return place(nodesOf(of), shapeOf(of), { width: 500, height: null, hasBands: true });
    };
    expect(narrow(3, 4).bands).toBeGreaterThan(16);
    expect(narrow(3, 4).hasLayer).toBe(true);
    expect(narrow(12, 12).bands).toBe(null);
    expect(narrow(12, 12).hasLayer).toBe(true);
  });

  it("a band's name is in one line, or two, or cut", () => {
    expect(linesWithin("induction", 70)).toEqual(["induction"]);
    expect(linesWithin("previous-token", 70)).toEqual(["previous-", "token"]);
    expect(linesWithin("negative name mover", 70)).toEqual(["negative", "name mover"]);
    expect(linesWithin("duplicate-token", 40)).toEqual(["dupli…"]);
    expect(linesWithin("induction", 20)).toEqual([]);
  });

  it("what cannot be as narrow as the page is wider than it, so that it scrolls", () => {
    expect(latticeOf({ layers: 48, heads: 25, width: 280 }).lattice.width).toBeGreaterThan(280);
    expect(latticeOf({ layers: 24, heads: 16, width: 328 }).lattice.width).toBe(328);
  });
});

describe("the lines of edges", () => {
  it.each([
    { layers: 3, heads: 4, width: 640 },
    { layers: 12, heads: 12, width: 960 },
    { layers: 12, heads: 12, width: 328 },
  ])("$layers layers of $heads heads in $width px: every edge has a line of numbers, from its sender's top to its receiver's foot", (shape) => {
    const { table, lattice } = latticeOf(shape);
    const edges = edgesOf(table).slice(0, 3000);
    const paths = routes(edges, lattice);
    expect(paths.size).toBe(edges.length);
    for (const edge of edges) {
      const { d, tip } = paths.get(edgeKey(edge))!;
      expect(d).toMatch(/^M[\d.]+ [\d.]+[CLQV]/);
      expect(d).not.toMatch(/NaN|undefined|Infinity/);
      const from = ends(lattice.spots.get(edge.from)!);
      const [x, y] = d.slice(1).split(/[CLQV ]/).map(Number);
      expect(y).toBeCloseTo(from.top, 0);
      expect(x).toBeGreaterThanOrEqual(from.left - 1);
      expect(x).toBeLessThanOrEqual(from.right + 1);
      const { node, port, kind } = nodeName(edge.to);
      const spot = lattice.spots.get(node)!;
      if (kind === "head") {
        const box = portBox(spot, port!, lattice);
        expect(tip.x).toBeGreaterThan(box.x);
        expect(tip.x).toBeLessThan(box.x + box.width);
        expect(tip.y).toBeCloseTo(box.y + box.height, 5);
      } else {
        expect(tip.x).toBeGreaterThanOrEqual(ends(spot).left);
        expect(tip.x).toBeLessThanOrEqual(ends(spot).right);
        expect(tip.y).toBeCloseTo(ends(spot).bottom + 1, 5);
      }
    }
  });

  it("a saved grid of heads alone has neither input, MLPs nor logits, and is drawn", () => {
    const table = tableFixture({ layers: 3, heads: 4 });
    const heads = nodesOf(table).filter((name) => nodeName(name).kind === "head");
    const edges = edgesOf(table).filter(({ from, to }) => heads.includes(from) && heads.includes(nodeName(to).node));
    const lattice = place(heads, shapeOf(table), { width: 640, height: null });
    expect(lattice.spots.size).toBe(12);
    for (const { d } of routes(edges, lattice).values()) expect(d).not.toMatch(/NaN|undefined/);
  });

  it("a head's way to its own layer's MLP runs above the heads between", () => {
    const levelIn = (shape: Parameters<typeof latticeOf>[0]) => {
      const { spots, port, tuck } = latticeOf(shape).lattice;
      const { d } = [...routes([{ from: "a0.h0", to: "m0" }], latticeOf(shape).lattice).values()][0]!;
      const level = Number(/ ([\d.]+)H/.exec(d)?.[1]);
      expect(level).toBeGreaterThan(ends(spots.get("m0")!).top);
      return { level, above: ends(spots.get("a1.h1")!).bottom + port - tuck, below: ends(spots.get("a0.h1")!).top };
    };
    // In the middle of what is between the two rows, or above it.
    for (const width of WIDTHS) {
      const { level, above, below } = levelIn({ layers: 12, heads: 12, width });
      expect(level).toBeLessThanOrEqual(Math.min(below - 3, (above + below) / 2) + 0.1);
    }
    // Clear of its own row where rows are far apart.
    for (const [layers, heads, width, height] of [[3, 4, 640, 560], [12, 12, 960, 1100], [12, 12, 1600, 2000]] as const) {
      const { level, below } = levelIn({ layers, heads, width, height });
      expect(level).toBeLessThanOrEqual(below - 14 + 0.1);
    }
  });

  it("a head's way to the logits runs beside the heads above it", () => {
    const { lattice } = latticeOf({ layers: 12, heads: 12, width: 960 });
    const edges = Array.from({ length: 11 }, (_, layer) => ({ from: `a${layer}.h${layer}`, to: "logits" }));
    for (const [, { tip }] of routes(edges, lattice)) {
      for (let head = 0; head < 12; head += 1) {
        const { left, right } = ends(lattice.spots.get(`a11.h${head}`)!);
        expect(tip.x < left || tip.x > right).toBe(true);
      }
    }
  });

  it("ways past other MLPs run beside them, each in a track of its own", () => {
    for (const width of [328, 960]) {
      const { lattice } = latticeOf({ layers: 12, heads: 12, width });
      const edges = [2, 4, 7, 9, 11].flatMap((to) => [{ from: "m0", to: `m${to}` }, { from: "m1", to: `m${to + 1 > 11 ? 11 : to + 1}` }]);
      const { left, right } = ends(lattice.spots.get("m3")!);
      const unique = [...new Map(edges.map((edge) => [edgeKey(edge), edge])).values()];
      const xs = [...routes(unique, lattice).values()].map(({ d }) => Number(/([\d.]+) [\d.]+V/.exec(d)?.[1]));
      for (const x of xs) expect(x < left || x > right, String(x)).toBe(true);
      expect(new Set(xs).size).toBe(unique.length);
      expect(xs.some((x) => x < left)).toBe(true);
      for (const x of xs) expect(x).toBeLessThanOrEqual(lattice.width);
    }
  });

  it("ways to the logits that share a gap stay apart", () => {
    const { lattice } = latticeOf({ layers: 12, heads: 12, width: 960 });
    const edges = Array.from({ length: 8 }, (_, layer) => ({ from: `a${layer}.h3`, to: "logits" }));
    const xs = [...routes(edges, lattice).values()].map(({ tip }) => tip.x);
    expect(new Set(xs.map((x) => x.toFixed(1))).size).toBe(8);
  });
});

describe("lanes", () => {
  it("the first has the better gap; the next takes the other while it is free, and then a track beside", () => {
    const request = (key: string, span: [number, number]) => ({ key, gaps: [4, 5], span });
    const lanes = lanesOf([request("a", [0, 9]), request("b", [3, 9]), request("c", [5, 9]), request("d", [0, 2])]);
    expect(lanes.get("a")).toEqual({ gap: 4, track: 0, tracks: 2 });
    expect(lanes.get("b")).toEqual({ gap: 5, track: 0, tracks: 1 });
    expect(lanes.get("c")).toEqual({ gap: 4, track: 1, tracks: 2 });
    // Below `b`, in the same track.
    expect(lanes.get("d")).toEqual({ gap: 5, track: 0, tracks: 1 });
  });
});

describe("by keyboard", () => {
  const table = tableFixture({ layers: 12, heads: 12 });
  const lattice = place(nodesOf(table), shapeOf(table), { width: 960, height: null });
  const names = [...new Set(strongest(table, 40).flatMap(({ from, to }) => [from, nodeName(to).node]))];
  const parts = names.map((name) => ({ name, spot: lattice.spots.get(name)! }));
  const rows = rowsOf(parts);

  it("rows go from the logits down, each from left to right", () => {
    expect(rows.flat()).toHaveLength(parts.length);
    const layers = rows.map(([first]) => nodeName(first!.name).layer ?? (first!.name === "input" ? -1 : 99));
    expect(layers).toEqual(layers.toSorted((a, b) => b - a));
    for (const row of rows) expect(row.map(({ spot }) => spot.x)).toEqual(row.map(({ spot }) => spot.x).toSorted((a, b) => a - b));
  });

  it("arrow keys reach every part, and stay at the ends", () => {
    const reached = new Set([rows[0]![0]!]);
    for (const part of reached) {
      for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) reached.add(neighbour(rows, part, key)!);
    }
    expect(reached.size).toBe(parts.length);
    expect(neighbour(rows, rows[0]![0]!, "ArrowUp")).toBe(rows[0]![0]);
    expect(neighbour(rows, rows[0]![0]!, "ArrowLeft")).toBe(rows[0]![0]);
    expect(neighbour(rows, rows[1]![0]!, "End")).toBe(rows[1]!.at(-1));
    expect(neighbour(rows, rows[0]![0]!, "x")).toBe(null);
  });
});
