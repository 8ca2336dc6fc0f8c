import { expect, test } from "vitest";
import { runOf } from "../core/run.fixture";
import { INITIAL } from "./reduce";
import type { State } from "./state";
import { notYet } from "./touring";

test("where a step has nothing to tell from, the tour says what it waits for, or what to do", () => {
  const titleOf = (part: object) => notYet({ ...INITIAL, ...part } as State).title;
  expect(titleOf({ job: { id: 1, progress: null } })).toBe("The run has only begun");
  expect(titleOf({ load: { progress: null } })).toBe("The model is on its way");
  expect(titleOf({ run: { ...runOf(), lead: null } })).toBe("Nothing is known of any edge");
  // A load that failed, or a model that the reader is still asked about.
  expect(titleOf({})).toBe("Nothing has been run yet");
  expect(notYet(INITIAL).text).toContain("load a model, or open a saved result");
  expect(notYet({ ...INITIAL, loaded: {} } as State).text).toContain("run the question, or open a saved result");
});
