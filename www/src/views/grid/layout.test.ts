import { describe, expect, it } from "vitest";
import { nodeName } from "../../core/node";
import { tableFixture } from "../../core/table.fixture";
import { layOut, step } from "./layout";

const { senders, receivers } = tableFixture({ layers: 3, heads: 4 });

describe("where nodes stand in a grid", () => {
  it("senders: layers upward over the input, heads in columns, the MLPs in the last", () => {
    const { columns, width, rows } = layOut(senders);
    expect(columns.map(({ title }) => title)).toEqual(["0", "1", "2", "3", "MLP"]);
    expect(columns[4]!.at).toBeGreaterThan(4);
    expect(rows.map(({ title }) => title)).toEqual(["2", "1", "0", "input"]);
    expect(rows[0]!.cells.map(({ name }) => name)).toEqual(["a2.h0", "a2.h1", "a2.h2", "a2.h3", "m2"]);
    expect(rows[3]!.cells).toEqual([{ name: "input", column: 0, columns: width }]);
  });

  it("receivers without a port: the MLPs under the logits", () => {
    const { columns, rows } = layOut(receivers.filter((name) => nodeName(name).port === null));
    expect(columns).toEqual([{ title: "MLP", at: 0 }]);
    expect(rows.map(({ title }) => title)).toEqual(["logits", "2", "1", "0"]);
  });

  it("one port: heads alone", () => {
    const { columns, rows } = layOut(receivers.filter((name) => nodeName(name).port === "k"));
    expect(columns.map(({ title }) => title)).toEqual(["0", "1", "2", "3"]);
    expect(rows.flatMap(({ cells }) => cells)).toHaveLength(12);
  });

  it("every name has one cell", () => {
    const names = layOut(senders).rows.flatMap(({ cells }) => cells.map(({ name }) => name));
    expect(names.toSorted()).toEqual(senders.toSorted());
  });
});

describe("arrow keys", () => {
  const layout = layOut(senders);
  const to = (name: string, key: string) => step(layout, name, key)?.name ?? null;

  it("go along a row and a column, and stay at the ends", () => {
    expect(to("a1.h1", "ArrowUp")).toBe("a2.h1");
    expect(to("a1.h1", "ArrowLeft")).toBe("a1.h0");
    expect(to("a1.h0", "ArrowLeft")).toBe("a1.h0");
    expect(to("a1.h3", "ArrowRight")).toBe("m1");
    expect(to("a1.h3", "Home")).toBe("a1.h0");
    expect(to("a1.h0", "End")).toBe("m1");
    expect(to("a2.h1", "ArrowUp")).toBe("a2.h1");
    expect(to("a2.h1", "x")).toBe(null);
  });

  it("lead from every column into a row that is one cell", () => {
    expect(to("a0.h2", "ArrowDown")).toBe("input");
    expect(to("m0", "ArrowDown")).toBe("input");
    expect(to("input", "ArrowUp")).toBe("a0.h0");
  });
});
