import { expect, test } from "vitest";
import { BUNDLED_REF, type ModelRef } from "../core/model-ref";
import { EXAMPLE } from "../lib/settings";
import { isMovedOn } from "./gallery";
import { INITIAL, reduce } from "./reduce";
import type { Action, Loaded } from "./state";

const gpt2: ModelRef = { kind: "hub", repo: "openai-community/gpt2", revision: null };
const begun = (ref: ModelRef): Action => ({ type: "load-begun", choice: { ref, files: [] }, wanted: null });
const choice = { ref: BUNDLED_REF, files: [] };
const loaded = { choice, model: { ref: BUNDLED_REF, name: "a", revision: null } } as unknown as Loaded;
const movedOnAfter = (action: Action, state = INITIAL) => isMovedOn(reduce(state, action), state, gpt2);

test("an edit, and another model's load, are something else than a result that is still to come", () => {
  expect(movedOnAfter({ type: "edit", change: { answer: "x" }, isTyping: true })).toBe(true);
  expect(movedOnAfter({ type: "want", wanted: { settings: { ...EXAMPLE.settings, metric: "kl" }, view: EXAMPLE.view } })).toBe(true);
  expect(movedOnAfter(begun(BUNDLED_REF))).toBe(true);
});

test("its own model's load is not, nor another way to look, nor a model that arrives", () => {
  expect(movedOnAfter(begun(gpt2))).toBe(false);
  expect(movedOnAfter({ type: "look", change: { show: "grids" } })).toBe(false);
  const loading = reduce(INITIAL, begun(BUNDLED_REF));
  expect(movedOnAfter({ type: "loaded", loaded, wanted: { settings: { ...EXAMPLE.settings, metric: "kl" }, view: EXAMPLE.view } }, loading)).toBe(false);
});
