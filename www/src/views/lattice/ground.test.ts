import { expect, test } from "vitest";
import { fitted } from "./ground";

test("a band's name stands in one line or two, and is cut where neither fits", () => {
  expect(fitted("previous-token", 90)).toEqual(["previous-token"]);
  expect(fitted("previous-token", 60)).toEqual(["previous-", "token"]);
  expect(fitted("duplicate token", 60)).toEqual(["duplicate", "token"]);
  expect(fitted("S-inhibition", 40)).toEqual(["S-inh…"]);
  expect(fitted("S-inhibition", 24)).toEqual([]);
});
