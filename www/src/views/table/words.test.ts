import { expect, test } from "vitest";
import { edgeFilter } from "../../core/edge-filter";
import { tableFixture } from "../../core/table.fixture";
import { countWords } from "./words";

const whole = tableFixture();
const part = tableFixture({ unknown: 0.5 });
const of = (text: string, found: number, still = 0, table = whole) =>
  countWords({ table, text, filter: edgeFilter(text), found, still, most: 400 });

test("rows are counted, with what is left out of them", () => {
  expect(of("", 12)).toBe("12 edges that move the metric");
  expect(of("from 0.3", 1, 2)).toBe("1 edge from head 0.3; 2 more move it by no more than rounding");
  expect(of("", 1000)).toBe("1,000 edges that move the metric, of which the first 400 are here");
});

test("none may be that there are none, or that all are rounding", () => {
  expect(of("from 9.3", 0)).toBe("There are no edges from head 9.3.");
  expect(of("from 0.3", 0, 3)).toBe("3 edges from head 0.3, none of which moves the metric by more than rounding");
  expect(of("", 0, 3)).toBe("No edge moves the metric: what is left is rounding.");
  expect(of("blah", 0)).toMatch(/^“blah” names no part/);
});

test("where not all edges are known, only those are spoken of", () => {
  expect(of("", 12, 0, part)).toBe("12 known edges that move the metric");
  expect(of("from 0.3", 1, 0, part)).toBe("1 known edge from head 0.3");
  expect(of("from 0.3", 0, 0, part)).toBe("There are no known edges from head 0.3 here.");
  expect(of("", 0, 3, part)).toBe("No known edge moves the metric: what is left is rounding.");
});
