import { expect, test } from "vitest";
import { tableFixture } from "../core/table.fixture";
import { lookAt } from "../core/view";
import { FIRST_LOOK } from "../lib/settings";
import { selected } from "./selected";

const of = (from: string, to: string) => selected(lookAt({ ...FIRST_LOOK, from, to }, tableFixture(), null));

test("an edge is told by names, and in numbers where they are heads'", () => {
  expect(of("a0.h3", "a1.h2<k>")).toEqual({ from: "a0.h3", to: "a1.h2<k>", src: { layer: 0, head: 3 }, dst: { layer: 1, head: 2 }, component: "k" });
  expect(of("input", "a1.h2<v>")).toMatchObject({ from: "input", src: null, dst: { layer: 1, head: 2 }, component: "v" });
  expect(of("a0.h3", "m0")).toMatchObject({ to: "m0", src: { layer: 0, head: 3 }, dst: null, component: null });
});
