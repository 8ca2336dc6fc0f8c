import { expect, test } from "vitest";
import { predictionsFixture } from "../core/known.fixture";
import { runOf } from "../core/run.fixture";
import { FIRST_LOOK } from "../lib/settings";
import { embedSubject, listen, pictureOf } from "./figures";
import { INITIAL, reduce } from "./reduce";
import type { Action, Loaded, State } from "./state";

const BASE = "https://example.org/";
const run = runOf({ clean: "a bb ccc", corrupted: "a dd ccc" });
const other = { ...runOf({ clean: "e ff ggg", corrupted: "e hh ggg" }), id: 2 };
const { model, settings } = run.request;
const loaded = { choice: { ref: model.ref, files: [] }, model } as unknown as Loaded;
const begun = (of: typeof run): Action[] => [{ type: "run-begun", id: of.id }, { type: "run-estimated", run: of }];
const said = (of: typeof run): Action => ({ type: "predicted", of: of.request.settings, pairs: [predictionsFixture()] });

test("a figure goes on being of the run that it was opened on, whatever runs meanwhile", () => {
  const there = [{ type: "loaded", loaded, wanted: { settings, view: FIRST_LOOK } } as Action, ...begun(run), said(run)].reduce(reduce, INITIAL);
  listen(there);
  const picture = pictureOf(there, BASE)!;
  const before = picture.subject("a title");
  expect(JSON.parse(before.json)).toMatchObject({ title: "a title", settings: { clean: "a bb ccc" } });
  expect(JSON.parse(before.json).predictions).toHaveLength(1);
  const later: State = [...begun(other), said(other)].reduce(reduce, there);
  listen(later);
  expect(JSON.parse(embedSubject(later, BASE).json)).toMatchObject({ settings: { clean: "e ff ggg" } });
  expect(picture.subject("a title")).toEqual(before);
  expect(pictureOf(INITIAL, BASE)).toBeNull();
});
