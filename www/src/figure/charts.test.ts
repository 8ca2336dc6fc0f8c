import { expect, test, vi } from "vitest";
import { detailFixture } from "../core/known.fixture";
import { runOf } from "../core/run.fixture";
import { edgesOf } from "../core/table";
import { lookAt } from "../core/view";
import { FIRST_LOOK } from "../lib/settings";
import { curve } from "./charts";

const INK = { ink: "#000", ink2: "#444", line: "#ccc", card: "#fff", quiet: "#eee", raises: "#00f", lowers: "#f00", chosen: "#ff0" };

/** All letters are half as wide as they are high. */
vi.stubGlobal(
  "OffscreenCanvas",
  class {
    getContext = () => ({ font: "", measureText: (text: string) => ({ width: 50 * text.length }) });
  },
);

test("the numbers at the curve's axis are measured, so they keep the zeros that count", () => {
  const run = runOf();
  const look = lookAt({ ...FIRST_LOOK, from: "a0.h1", to: "a1.h0<k>" }, run.table, null);
  const { detail } = detailFixture(run, look.edge!, { value: run.table.corruptedMetric + 0.37, byPosition: [0, 0.2, -0.1] });
  const { marks } = curve({ what: "curve", run, look, edges: edgesOf(run.table), strongest: 1, detail }, 400, INK)!;
  const texts = marks.flatMap((mark) => (mark.kind === "text" ? [mark.runs.map(({ text }) => text).join("")] : []));
  expect(texts).toContain("the whole edge +0.370");
  expect(texts.slice(1, 4)).toEqual(["−0.100", "0", "+0.370"]);
});
